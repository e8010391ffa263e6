"""message_history, as whoever answers, edits or forwards a message looks into it: by the id that somebody names."""

from dataclasses import dataclass
from uuid import UUID

from common.addresses import Jid
from common.postgres import Executor

# A caller names what the API told it; the phone and receipts name what WhatsApp knows. They are the same id wherever
# the engine uses the one that it is given.
FIND = """
    SELECT whatsapp_id, message_id, chat, kind, payload::text
    FROM message_history
    WHERE instance_id = $1 AND whatsapp_id = $2
    UNION ALL
    SELECT whatsapp_id, message_id, chat, kind, payload::text
    FROM message_history
    WHERE instance_id = $1 AND message_id = $2 AND message_id <> whatsapp_id
    LIMIT 1"""

OWN_ADDRESSES = """
    SELECT device, lid
    FROM instance
    WHERE id = $1"""


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    whatsapp_id: str
    message_id: str
    chat: Jid
    kind: str
    payload: str


async def find(executor: Executor, instance: UUID, message_id: str) -> EarlierMessage | None:
    """What this instance sent under that id."""
    row = await executor.fetchrow(FIND, instance, message_id)
    return None if row is None else EarlierMessage(*row)


async def find_own_addresses(executor: Executor, instance: UUID) -> tuple[Jid, Jid | None] | None:
    """The linked device, and the account's LID."""
    row = await executor.fetchrow(OWN_ADDRESSES, instance)
    return None if row is None or row[0] is None else (row[0], row[1])
