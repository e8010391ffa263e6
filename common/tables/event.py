"""event: what happened, numbered without gaps per instance, written in the transaction of its cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.postgres import Connection, Executor
from common.tables.received_media import NewReceivedMedia

_BETWEEN = chr(31)

Slot = Literal["delivery", "received", "message-status", "presence", "connected", "disconnected"]
"""Which webhook of the instance takes an event."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """`is_own`: about a message that the linked number sent itself, told only to who asked for those.

    `media_id` and `media_until`: the event waits until its files are stored, at most so long; the id is that of the
    first. `files` are those that its body links to. `about`: the messages that it tells of, by the ids that the API
    gave.
    """

    instance_id: UUID
    slot: Slot
    type: str
    body: bytes
    is_own: bool = False
    media_id: UUID | None = None
    media_until: datetime | None = None
    about: tuple[str, ...] = ()
    files: tuple[NewReceivedMedia, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    seq: int
    slot: str
    type: str
    body: bytes
    created_at: datetime


# An event without a webhook costs no row, unless events are kept for those who fetch them ($8). The counters are
# locked in the order of their instances: with one APPEND in a transaction, two transactions cannot deadlock.
APPEND = """
    WITH input AS (
        SELECT * FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::boolean[], $6::uuid[], $7::timestamptz[],
            $9::text[]
        ) WITH ORDINALITY AS input (instance_id, slot, type, body, is_own, media_id, media_until, about, place)
    ), routed AS (
        SELECT input.*,
               webhook_url(instance, slot) IS NOT NULL AND (NOT is_own OR receive_callback_sent_by_me) AS is_sent
        FROM input
        JOIN instance ON instance.id = input.instance_id
    ), wanted AS MATERIALIZED (
        SELECT *, row_number() OVER (PARTITION BY instance_id ORDER BY place) AS number
        FROM routed
        WHERE is_sent OR $8
    ), counted AS (
        INSERT INTO event_sequence (instance_id, last)
        SELECT instance_id, count(*) FROM wanted GROUP BY instance_id ORDER BY instance_id
        ON CONFLICT (instance_id) DO UPDATE
        SET last = event_sequence.last + excluded.last
        RETURNING instance_id, last
    ), numbered AS MATERIALIZED (
        SELECT wanted.*, counted.last - count(*) OVER (PARTITION BY wanted.instance_id) + number AS seq
        FROM wanted
        JOIN counted ON counted.instance_id = wanted.instance_id
    ), logged AS (
        INSERT INTO event (instance_id, seq, slot, type, body, created_at)
        SELECT instance_id, seq, slot, type, body, now()
        FROM numbered
    ), linked AS (
        INSERT INTO event_message (instance_id, message_id, seq, created_at)
        SELECT instance_id, message_id, seq, now()
        FROM numbered
        CROSS JOIN LATERAL unnest(string_to_array(about, chr(31))) AS message_id
    )
    INSERT INTO event_outbox (instance_id, slot, seq, created_at, status, media_id, media_until)
    SELECT instance_id, slot, seq, now(), CASE WHEN media_until IS NULL THEN 'pending' ELSE 'waiting' END, media_id,
           media_until
    FROM numbered
    WHERE is_sent
    RETURNING instance_id"""

# Which of these instances have a webhook that would be told about their messages, and which want their own messages
# told as received ones too ($2: all count, for who fetches events).
LISTENING = """
    SELECT id, receive_callback_sent_by_me AND webhook_url(instance, 'received') IS NOT NULL, phone, lid, profile_name,
           profile_picture
    FROM instance
    WHERE id = ANY($1::uuid[])
      AND ($2 OR delivery_callback_url IS NOT NULL OR message_status_callback_url IS NOT NULL
           OR (receive_callback_sent_by_me AND webhook_url(instance, 'received') IS NOT NULL))"""

LIST_AFTER = """
    SELECT seq, slot, type, body, created_at
    FROM event
    WHERE instance_id = $1 AND seq > $2 AND created_at > $4
    ORDER BY seq
    LIMIT $3"""

LAST_NUMBER = """
    SELECT coalesce((SELECT last FROM event_sequence WHERE instance_id = $1), 0)"""


async def append(
    connection: Connection, events: Sequence[NewEvent], *, keeps_all: bool, timeout: float | None = None
) -> set[UUID]:
    """Inside the transaction of their cause, once in it. The instances that now have something to deliver."""
    if not events:
        return set()
    rows = await connection.fetch(
        APPEND,
        [each.instance_id for each in events],
        [each.slot for each in events],
        [each.type for each in events],
        [each.body for each in events],
        [each.is_own for each in events],
        [each.media_id for each in events],
        [each.media_until for each in events],
        keeps_all,
        # Joined, since arrays in an array must be of one length.
        [_BETWEEN.join(each.about) or None for each in events],
        timeout=timeout,
    )
    return {row[0] for row in rows}


async def list_after(
    connection: Executor, instance: UUID, after: int, limit: int, since: datetime
) -> list[StoredEvent]:
    return [StoredEvent(*row) for row in await connection.fetch(LIST_AFTER, instance, after, limit, since)]
