"""message_queue: messages that were accepted and are not final, as a frontend and a sender see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.addresses import Jid
from common.postgres import Connection, Pool


@dataclass(slots=True)
class NewMessage:
    """A validated request on its way to its row. `limit` is how many messages the instance may have waiting
    (None: no limit, because it is connected)."""

    instance_id: UUID
    shard: int
    zaap_id: UUID
    message_id: str
    kind: str
    chat: Jid
    payload: str
    max_attempts: int
    delay_message: int | None = None
    delay_typing: int = 0
    scheduled_at: datetime | None = None
    expires_at: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A row as its courier needs it."""

    id: int
    instance_id: UUID
    shard: int
    zaap_id: UUID
    message_id: str
    kind: str
    chat: Jid
    payload: str
    attempts: int
    max_attempts: int
    delay_message: int | None
    delay_typing: int
    accepted_at: datetime
    waits: timedelta | None
    """What is left until the next attempt, by the clock of Postgres: those of two nodes may be apart."""
    expires_at: datetime | None


_COLUMNS = """
        id, instance_id, shard, zaap_id, message_id, kind, chat, payload, max_attempts,
        delay_message, delay_typing, is_due, scheduled_at, expires_at"""

_INPUT = """
    FROM unnest(
        $1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::smallint[],
        $9::smallint[], $10::smallint[], $11::timestamptz[], $12::timestamptz[]
    ) WITH ORDINALITY AS input (
        instance_id, shard, zaap_id, message_id, kind, chat, payload, max_attempts,
        delay_message, delay_typing, scheduled_at, expires_at, place)"""

_VALUES = """
        get_next_message_sequence(instance_id), instance_id, shard, zaap_id, message_id, kind, chat, payload,
        max_attempts, delay_message, delay_typing, scheduled_at IS NULL OR scheduled_at <= now(),
        scheduled_at, expires_at"""

# Rows come back in the order of the input: the numbers are drawn in that order, so they sort by it.
ENQUEUE = f"""
    INSERT INTO message_queue ({_COLUMNS})
    SELECT {_VALUES}
    FROM (SELECT input.* {_INPUT} ORDER BY place) AS input
    RETURNING id"""

# One instance at a time behind its own lock, so that the count is exact under parallel requests.
LOCK_INSTANCE = """
    SELECT pg_advisory_xact_lock(1886220131, hashtext($1::uuid::text))"""

COUNT_WAITING = """
    SELECT count(*)
    FROM (SELECT FROM message_queue WHERE instance_id = $1 LIMIT $2) AS waiting"""

CLAIM_KEY = """
    INSERT INTO idempotency (instance_id, key, fingerprint, zaap_id, message_id)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
    RETURNING true"""

FIND_KEY = """
    SELECT fingerprint, zaap_id, message_id
    FROM idempotency
    WHERE instance_id = $1 AND key = $2"""

FETCH_READY = """
    SELECT ready.*
    FROM unnest($1::uuid[]) AS wanted (instance_id)
    JOIN instance ON instance.id = wanted.instance_id AND queue_paused_at IS NULL
    CROSS JOIN LATERAL (
        SELECT id, instance_id, shard, zaap_id, message_id, kind, chat, payload::text, attempts, max_attempts,
               delay_message, delay_typing, accepted_at, next_attempt_at - now(), expires_at
        FROM message_queue
        WHERE instance_id = wanted.instance_id AND is_due AND status = 'queued'
          AND (expires_at IS NULL OR expires_at > now())
        ORDER BY is_due DESC, id
        LIMIT $2
    ) AS ready
    ORDER BY ready.id"""

FETCH_MORE = """
    SELECT id, instance_id, shard, zaap_id, message_id, kind, chat, payload::text, attempts, max_attempts,
           delay_message, delay_typing, accepted_at, next_attempt_at - now(), expires_at
    FROM message_queue
    WHERE instance_id = $1 AND is_due AND status = 'queued' AND (expires_at IS NULL OR expires_at > now())
      AND id <> ALL($2::bigint[]) AND chat <> ALL($3::text[])
      AND (SELECT queue_paused_at FROM instance WHERE instance.id = $1) IS NULL
    ORDER BY is_due DESC, id
    LIMIT $4"""

LIST_PAGE = """
    SELECT id, is_due, zaap_id, message_id, payload::text, delay_message, delay_typing, accepted_at
    FROM message_queue
    WHERE instance_id = $1 AND ((NOT is_due)::int, id) > ($2::int, $3::bigint)
    ORDER BY is_due DESC, id
    LIMIT $4"""

COUNT = """
    SELECT count(*) FROM message_queue WHERE instance_id = $1"""

# Cancel takes only what has not started. The statement is a compare-and-set: a row that a sender has just marked
# as `sending` is not touched.
_CANCEL = """
    WITH {before}gone AS (
        DELETE FROM message_queue
        WHERE {which} AND status = 'queued'
        RETURNING *
    ), kept AS (
        INSERT INTO message_history (
            id, instance_id, zaap_id, message_id, kind, chat, payload, status, attempts, max_attempts, accepted_at,
            scheduled_at, started_at, finished_at, epoch, node, whatsapp_id, error, error_class, metadata)
        SELECT id, instance_id, zaap_id, message_id, kind, chat, payload, '{status}', attempts, max_attempts,
               accepted_at, scheduled_at, started_at, now(), epoch, node, whatsapp_id, error, error_class, metadata
        FROM gone
        RETURNING id, instance_id, zaap_id, message_id, chat
    )
    SELECT {told} FROM kept"""

_CANCELED = "instance_id, zaap_id, message_id, chat, 'it was canceled' AS error"

CANCEL_ONE = _CANCEL.format(before="", which="instance_id = $1 AND zaap_id = $2", status="canceled", told=_CANCELED)
CANCEL_ALL = _CANCEL.format(before="", which="instance_id = $1", status="canceled", told=_CANCELED)
CANCEL_OLDER = _CANCEL.format(
    before="", which="instance_id = $1 AND accepted_at < $2", status="canceled", told=_CANCELED
)

# What is due in the shards held, and which of these are still ours. Only shards with something due are locked: these
# chores run all the time, and a lock of a row is a write.
_DUE = """due AS (
        SELECT message_queue.id, message_queue.shard, held.epoch
        FROM unnest($1::integer[], $2::bigint[]) AS held (shard, epoch)
        JOIN message_queue ON message_queue.shard = held.shard
        WHERE {which}
        LIMIT 1000
        FOR UPDATE OF message_queue SKIP LOCKED
    ), ours AS (
        SELECT shard.id
        FROM (SELECT DISTINCT shard, epoch FROM due) AS held
        JOIN shard ON shard.id = held.shard AND shard.epoch = held.epoch
        ORDER BY shard.id
        FOR SHARE OF shard
    )"""

EXPIRE = _CANCEL.format(
    before=_DUE.format(which="expires_at <= now() AND status = 'queued'") + ", ",
    which="id IN (SELECT due.id FROM due JOIN ours ON ours.id = due.shard)",
    status="expired",
    told="instance_id, zaap_id, message_id, chat, 'it could not be sent before its expiresAt' AS error",
)

FIND_STATUS = """
    SELECT status FROM message_queue WHERE instance_id = $1 AND zaap_id = $2"""

# What a sweep looks at: rows accepted since the previous look, less a margin for transactions that commit late.
SWEEP_RECENT = """
    SELECT DISTINCT instance_id, shard
    FROM message_queue
    WHERE id > $1 AND shard = ANY($2::integer[]) AND is_due AND status = 'queued'"""

SWEEP_ALL = """
    SELECT instance.id AS instance_id, instance.shard
    FROM instance
    WHERE instance.shard = ANY($1::integer[])
      AND EXISTS (SELECT FROM message_queue WHERE message_queue.instance_id = instance.id)"""

LAST_NUMBER = """
    SELECT last_value FROM message_sequence"""

RELEASE_SCHEDULED = f"""
    WITH {_DUE.format(which="NOT is_due AND scheduled_at <= now()")}
    UPDATE message_queue
    SET is_due = true
    FROM due
    JOIN ours ON ours.id = due.shard
    WHERE message_queue.id = due.id
    RETURNING instance_id, message_queue.shard"""

READ_PACE = """
    SELECT instance_id, send_after - now() FROM instance_pace WHERE instance_id = ANY($1::uuid[])"""

BACKLOG = """
    SELECT count(*) AS messages, coalesce(extract(epoch FROM now() - min(accepted_at) FILTER (WHERE is_due)), 0) AS age
    FROM (
        SELECT accepted_at, is_due FROM message_queue WHERE shard = ANY($1::integer[]) LIMIT 100000
    ) AS waiting"""


def columns_of(messages: Sequence[NewMessage]) -> tuple[list[Any], ...]:
    """The arrays that ENQUEUE takes, in its order."""
    return (
        [m.instance_id for m in messages],
        [m.shard for m in messages],
        [m.zaap_id for m in messages],
        [m.message_id for m in messages],
        [m.kind for m in messages],
        [m.chat for m in messages],
        [m.payload for m in messages],
        [m.max_attempts for m in messages],
        [m.delay_message for m in messages],
        [m.delay_typing for m in messages],
        [m.scheduled_at for m in messages],
        [m.expires_at for m in messages],
    )


async def fetch_ready(connection: Connection, instances: Sequence[UUID], limit: int) -> list[QueuedMessage]:
    """The oldest `limit` waiting messages of each instance, in order of acceptance."""
    return [QueuedMessage(*row) for row in await connection.fetch(FETCH_READY, instances, limit)]


async def fetch_more(
    connection: Connection, instance: UUID, known: Sequence[int], full: Sequence[Jid], limit: int
) -> list[QueuedMessage]:
    """More of one instance: not the rows already known, and none of the chats whose lanes are full."""
    return [QueuedMessage(*row) for row in await connection.fetch(FETCH_MORE, instance, known, full, limit)]


async def read_pace(pool: Pool, instances: Sequence[UUID]) -> dict[UUID, timedelta]:
    """In how long each instance may send again, where that was recorded."""
    return {row[0]: row[1] for row in await pool.fetch(READ_PACE, instances)}
