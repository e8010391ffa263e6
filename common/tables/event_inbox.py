"""event_inbox: what the engine told, committed before it goes on, and translated into events afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.postgres import Connection, Executor

STORE = """
    INSERT INTO event_inbox (instance_id, shard, code, body, told_at)
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::smallint[], $4::bytea[], $5::timestamptz[])"""

FETCH = """
    SELECT event_inbox.id, instance_id, event_inbox.shard, code, body, told_at, instance.phone, instance.lid,
           instance.profile_name, instance.auto_read_message, instance.auto_read_status, instance.call_reject_auto,
           instance.call_reject_message, instance.device, instance.profile_picture,
           webhook_url(instance, 'received') IS NOT NULL
    FROM event_inbox
    JOIN instance ON instance.id = instance_id
    WHERE event_inbox.shard = ANY($1::integer[]) AND error IS NULL
    ORDER BY event_inbox.id
    LIMIT $2"""

# Only what was still there counts as translated: that makes it exactly once.
TAKE = """
    DELETE FROM event_inbox
    WHERE id = ANY($1::bigint[])
    RETURNING id"""

MARK = """
    UPDATE event_inbox
    SET error = failed.detail
    FROM unnest($1::bigint[], $2::text[]) AS failed (id, detail)
    WHERE event_inbox.id = failed.id"""

FORGET = """
    DELETE FROM event_inbox
    WHERE error IS NOT NULL AND told_at < $1"""


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """A row as its translator needs it, with the linked account as it is known and what it is set to do by itself."""

    id: int
    instance_id: UUID
    shard: int
    code: int
    body: bytes
    told_at: datetime
    phone: str | None
    lid: str | None
    profile_name: str | None
    auto_read_message: bool = False
    auto_read_status: bool = False
    call_reject_auto: bool = False
    call_reject_message: str | None = None
    device: str | None = None
    profile_picture: str | None = None
    is_heard: bool = True
    """Whether a webhook is told what the instance receives."""


async def fetch(connection: Executor, shards: Sequence[int], limit: int) -> list[ToldEvent]:
    """The oldest first, so each instance's are in the order in which they were told."""
    return [ToldEvent(*row) for row in await connection.fetch(FETCH, shards, limit)]


async def take(connection: Connection, ids: Sequence[int]) -> set[int]:
    return {row[0] for row in await connection.fetch(TAKE, ids)}
