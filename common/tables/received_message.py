"""received_message: what instances received, for as long as it may be quoted, forwarded or taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.addresses import Jid
from common.postgres import Connection, Executor

# Operators are told when an instance's last message came in; one node writes an instance's messages, so rows are locked
# by one transaction at a time.
REMEMBER = """
    WITH told AS (
        SELECT *
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::bytea[], $7::timestamptz[])
            AS told (instance_id, whatsapp_id, chat, author, is_own, body, received_at)
    ), noted AS (
        INSERT INTO instance_reception (instance_id, received_at)
        SELECT instance_id, max(received_at) FROM told WHERE NOT is_own GROUP BY instance_id ORDER BY instance_id
        ON CONFLICT (instance_id) DO UPDATE
        SET received_at = greatest(instance_reception.received_at, excluded.received_at)
    )
    INSERT INTO received_message (instance_id, whatsapp_id, chat, author, is_own, body, received_at)
    SELECT instance_id, whatsapp_id, chat, author, is_own, body, received_at FROM told"""

# WhatsApp may hand the same message over twice; the first is as good as the second.
FIND = """
    SELECT instance_id, whatsapp_id, chat, author, is_own, body, received_at
    FROM received_message
    WHERE instance_id = $1 AND whatsapp_id = $2
    LIMIT 1"""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """`author` and `chat` are addresses without a device, `body` is a waE2E.Message."""

    instance_id: UUID
    whatsapp_id: str
    chat: Jid
    author: Jid
    is_own: bool
    body: bytes
    received_at: datetime


async def remember(connection: Connection, messages: Sequence[ReceivedMessage]) -> None:
    """Many at once, in the caller's transaction."""
    if messages:
        await connection.execute(
            REMEMBER,
            [each.instance_id for each in messages],
            [each.whatsapp_id for each in messages],
            [each.chat for each in messages],
            [each.author for each in messages],
            [each.is_own for each in messages],
            [each.body for each in messages],
            [each.received_at for each in messages],
        )


async def find(executor: Executor, instance: UUID, whatsapp_id: str) -> ReceivedMessage | None:
    row = await executor.fetchrow(FIND, instance, whatsapp_id)
    return None if row is None else ReceivedMessage(*row)
