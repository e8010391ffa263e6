"""How instances' sessions reach WhatsApp: columns of instance, and what follows for messages in doubt."""

from dataclasses import dataclass
from uuid import UUID

from common.postgres import Connection, Executor

READ = """
    SELECT wire, proxy_cipher, session_state, session_error
    FROM instance
    WHERE id = $1"""

# Without the relay nothing can be sent again under the id it had.
SET_WIRE = """
    UPDATE instance
    SET wire = $2, version = version + 1,
        uncertain_policy = CASE
            WHEN $2 IS DISTINCT FROM 'relay' AND uncertain_policy = 'resend-same-id' THEN 'hold'
            ELSE uncertain_policy
        END
    WHERE id = $1"""

SET_PROXY = """
    UPDATE instance
    SET proxy_cipher = $2, version = version + 1
    WHERE id = $1"""

# What waits to be sent again under its id is in doubt again.
BACK_IN_DOUBT = """
    UPDATE message_queue
    SET status = 'uncertain', uncertain_since = now()
    WHERE instance_id = $1 AND status = 'queued' AND metadata ? 'same_id'"""


@dataclass(frozen=True, slots=True)
class Way:
    """`wire` None: as all instances go."""

    wire: str | None
    proxy_cipher: bytes | None
    session_state: str
    session_error: str | None


async def find(executor: Executor, instance: UUID) -> Way:
    row = await executor.fetchrow(READ, instance)
    assert row is not None  # it was authenticated a moment ago
    return Way(*row)


async def set_wire(connection: Connection, instance: UUID, wire: str | None) -> None:
    """In the caller's transaction."""
    await connection.execute(SET_WIRE, instance, wire)
    if wire != "relay":
        await connection.execute(BACK_IN_DOUBT, instance)
