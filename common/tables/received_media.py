"""received_media: the files of received messages, from the message that tells of one to the place where it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.postgres import Connection, Executor

Kind = Literal["image", "video", "audio", "document", "sticker", "thumbnail"]


@dataclass(frozen=True, slots=True)
class NewReceivedMedia:
    """`content` is WhatsApp's own words about the file, of a thumbnail the picture itself."""

    id: UUID
    kind: Kind
    content: bytes
    size: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DueMedia:
    id: UUID
    instance_id: UUID
    shard: int
    event_id: UUID | None
    kind: Kind
    content: bytes
    size: int
    attempts: int
    created_at: datetime


# What no callback tells is not downloaded, unless events are kept for those who fetch them ($9).
ANNOUNCE = """
    INSERT INTO received_media (id, instance_id, shard, event_id, kind, content, size, expires_at)
    SELECT input.id, input.instance_id, instance.shard, input.event_id, input.kind, input.content, input.size,
           input.expires_at
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::bigint[], $7::timestamptz[],
                $8::boolean[])
        AS input (id, instance_id, event_id, kind, content, size, expires_at, is_own)
    JOIN instance ON instance.id = input.instance_id
    WHERE $9 OR (webhook_url(instance, 'received') IS NOT NULL AND (NOT is_own OR receive_callback_sent_by_me))"""

# Instances that are busy already are left out: one that gets a thousand files must not keep the others waiting.
FETCH_DUE = """
    SELECT id, instance_id, shard, event_id, kind, content, size, attempts, created_at
    FROM received_media
    WHERE state = 'waiting' AND shard = ANY($1::integer[]) AND next_attempt_at <= now()
      AND instance_id <> ALL($2::uuid[]) AND id <> ALL($3::uuid[]) AND ($5::bigint IS NULL OR size <= $5)
    ORDER BY next_attempt_at
    LIMIT $4"""

STORED = """
    UPDATE received_media
    SET state = 'stored', media_id = $2, content = NULL, attempts = attempts + 1, error = NULL
    WHERE id = $1 AND state = 'waiting'"""

FAILED = """
    UPDATE received_media
    SET state = 'failed', content = NULL, attempts = attempts + 1, error = $2
    WHERE id = $1 AND state = 'waiting'"""

AGAIN = """
    UPDATE received_media
    SET attempts = attempts + $4, next_attempt_at = now() + $3, error = $2
    WHERE id = $1 AND state = 'waiting'"""

# The callback still waits: its body may yet be changed.
FIND_WAITING_EVENT = """
    SELECT event.instance_id, event.seq, event.created_at, event.body
    FROM event_outbox
    JOIN event ON event.instance_id = event_outbox.instance_id AND event.seq = event_outbox.seq
              AND event.created_at = event_outbox.created_at
    WHERE event_outbox.media_id = $1 AND event_outbox.status = 'waiting' AND event_outbox.media_until > now()
    FOR UPDATE OF event_outbox"""

CHANGE_BODY = """
    UPDATE event
    SET body = $4
    WHERE instance_id = $1 AND seq = $2 AND created_at = $3"""

# Before a file of an event is decided: of two that are decided at once, the second must see the first, or neither
# would be the last.
HOLD_EVENT = """
    SELECT FROM event_outbox WHERE media_id = $1 AND status = 'waiting' FOR UPDATE"""

# When the last of an event's files is decided, its callback goes.
RELEASE = """
    UPDATE event_outbox
    SET status = 'pending', media_until = NULL
    WHERE media_id = $1 AND status = 'waiting'
      AND NOT EXISTS (SELECT FROM received_media WHERE event_id = $1 AND state = 'waiting')
    RETURNING instance_id"""

# How many wait, counted to a limit.
BACKLOG = """
    SELECT count(*)
    FROM (SELECT FROM received_media WHERE state = 'waiting' AND shard = ANY($1::integer[]) LIMIT 10000) AS waiting"""

IS_WAITING = """
    SELECT true FROM received_media WHERE id = $1 AND state = 'waiting'"""

FORGET = """
    DELETE FROM received_media
    WHERE id IN (SELECT id FROM received_media WHERE expires_at <= now() ORDER BY expires_at LIMIT $1)"""


async def announce(
    connection: Connection,
    files: Sequence[tuple[UUID, UUID | None, bool, NewReceivedMedia]],
    *,
    keeps_all: bool,
) -> None:
    """(instance, event, is the message its own, file) each, in the transaction of their events."""
    if not files:
        return
    await connection.execute(
        ANNOUNCE,
        [file.id for *_, file in files],
        [instance for instance, *_ in files],
        [event for _, event, *_ in files],
        [file.kind for *_, file in files],
        [file.content for *_, file in files],
        [file.size for *_, file in files],
        [file.expires_at for *_, file in files],
        [is_own for _, _, is_own, _ in files],
        keeps_all,
    )


async def fetch_due(
    executor: Executor,
    shards: Sequence[int],
    busy: Sequence[UUID],
    taken: Sequence[UUID],
    limit: int,
    largest: int | None,
) -> list[DueMedia]:
    """The oldest first; nothing of busy instances, nothing that is taken, nothing above so many bytes."""
    return [DueMedia(*row) for row in await executor.fetch(FETCH_DUE, shards, busy, taken, limit, largest)]


async def count_waiting(executor: Executor, shards: Sequence[int]) -> int:
    """Up to 10,000."""
    count: int = await executor.fetchval(BACKLOG, shards)
    return count
