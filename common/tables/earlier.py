"""message_history, as whoever answers, edits or forwards a message looks into it: by the id that somebody names."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from common.addresses import Jid
from common.postgres import Executor
from common.tables.message import QueuedMessage

# A caller names what the API told it; the phone and receipts name what WhatsApp knows. They are the same id wherever
# the engine uses the one that it is given.
FIND = """
    SELECT whatsapp_id, chat, kind, payload::text
    FROM message_history
    WHERE instance_id = $1 AND whatsapp_id = $2
    UNION ALL
    SELECT whatsapp_id, chat, kind, payload::text
    FROM message_history
    WHERE instance_id = $1 AND message_id = $2 AND message_id <> whatsapp_id
    LIMIT 1"""

# How the customer knows what went out through the API. Instances and ids are pairs.
FIND_TOLD_IDS = """
    SELECT message_history.instance_id, message_history.whatsapp_id, message_id
    FROM unnest($1::uuid[], $2::text[]) AS named (instance_id, whatsapp_id)
    JOIN message_history ON message_history.instance_id = named.instance_id
     AND message_history.whatsapp_id = named.whatsapp_id
    WHERE message_id <> message_history.whatsapp_id"""

# What surely or perhaps left under that id, for a receiver who could not read it.
RECALL = """
    SELECT message.id, message.instance_id, instance.shard, zaap_id, message_id, kind, chat,
           payload::text AS payload, attempts, max_attempts, accepted_at
    FROM (
        SELECT id, instance_id, zaap_id, message_id, kind, chat, payload, attempts, max_attempts, accepted_at
        FROM message_queue
        WHERE instance_id = $1 AND whatsapp_id = $2 AND status IN ('sending', 'uncertain')
        UNION ALL
        SELECT id, instance_id, zaap_id, message_id, kind, chat, payload, attempts, max_attempts, accepted_at
        FROM message_history
        WHERE instance_id = $1 AND whatsapp_id = $2 AND status IN ('sent', 'delivered', 'read', 'played')
          AND finished_at > now() - $3::interval
    ) AS message
    JOIN instance ON instance.id = message.instance_id
    LIMIT 1"""

OWN_ADDRESSES = """
    SELECT device, lid
    FROM instance
    WHERE id = $1"""


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    whatsapp_id: str
    chat: Jid
    kind: str
    payload: str


async def find(executor: Executor, instance: UUID, message_id: str) -> EarlierMessage | None:
    """What this instance sent under that id."""
    row = await executor.fetchrow(FIND, instance, message_id)
    return None if row is None else EarlierMessage(*row)


async def recall(executor: Executor, instance: UUID, whatsapp_id: str, age: timedelta) -> QueuedMessage | None:
    """What left under that id and is no older, as the row that it was when it was sent."""
    row = await executor.fetchrow(RECALL, instance, whatsapp_id, age)
    if row is None:
        return None
    return QueuedMessage(**row, delay_message=None, delay_typing=0, waits=None, expires_at=None)


async def find_told_ids(executor: Executor, named: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], str]:
    """From (instance, WhatsApp's id) to the id that the API told, where they differ."""
    if not named:
        return {}
    rows = await executor.fetch(FIND_TOLD_IDS, [one for one, _ in named], [each for _, each in named])
    return {(row[0], row[1]): row[2] for row in rows}


async def find_own_addresses(executor: Executor, instance: UUID) -> tuple[Jid, Jid | None] | None:
    """The linked device, and the account's LID."""
    row = await executor.fetchrow(OWN_ADDRESSES, instance)
    return None if row is None or row[0] is None else (row[0], row[1])
