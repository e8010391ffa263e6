"""What the operator's pages ask of several tables at once. Bounded: no answer grows with the installation's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.postgres import Executor

DEEPEST = 1_000
"""Queues are counted up to here."""

# The newest first. $4 is the last instance of the page before.
LIST_INSTANCES = """
    WITH page AS (
        SELECT *
        FROM instance
        WHERE ($1 = '' OR strpos(lower(name), lower($1)) > 0
               OR ($2 <> '' AND (strpos(replace(id::text, '-', ''), $2) > 0 OR strpos(phone, $2) > 0)))
          AND ($3::text IS NULL OR session_state = $3)
          AND ($4::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM instance WHERE id = $4))
        ORDER BY created_at DESC, id DESC
        LIMIT $5
    )
    SELECT page.id, page.name, phone, session_state, session_changed_at, queue.depth,
           sent_at, received_at, CASE WHEN lease_until > now() THEN node.name END AS node
    FROM page
    JOIN shard ON shard.id = page.shard
    LEFT JOIN node ON node.id = shard.node
    LEFT JOIN instance_pace ON instance_pace.instance_id = page.id
    LEFT JOIN instance_reception ON instance_reception.instance_id = page.id
    CROSS JOIN LATERAL (
        SELECT count(*) AS depth
        FROM (SELECT FROM message_queue WHERE message_queue.instance_id = page.id LIMIT 1000) AS waiting
    ) AS queue
    ORDER BY created_at DESC, page.id DESC"""

COUNT_STATES = """
    SELECT session_state, count(*) FROM instance GROUP BY session_state"""

FIND_OWNER = """
    SELECT CASE WHEN lease_until > now() THEN node.name END,
           (SELECT sent_at FROM instance_pace WHERE instance_id = $2),
           (SELECT received_at FROM instance_reception WHERE instance_id = $2),
           (SELECT count(*) FROM (SELECT FROM message_queue WHERE instance_id = $2 LIMIT 1000) AS waiting),
           (SELECT count(*) FROM (SELECT FROM message_dead_letter WHERE instance_id = $2 LIMIT 1000) AS dead),
           (SELECT count(*) FROM (SELECT FROM event_outbox WHERE instance_id = $2 LIMIT 1000) AS waiting),
           (SELECT count(*) FROM (SELECT FROM event_dead_letter WHERE instance_id = $2 LIMIT 1000) AS dead)
    FROM shard
    LEFT JOIN node ON node.id = shard.node
    WHERE shard.id = $1"""

LIST_QUEUE = """
    SELECT id, is_due, zaap_id, kind, chat, left(coalesce(payload ->> 'message', payload ->> 'caption', ''), 120),
           status, attempts, max_attempts, accepted_at, scheduled_at, next_attempt_at, error
    FROM message_queue
    WHERE instance_id = $1 AND ((NOT is_due)::int, id) > ($2::int, $3::bigint)
    ORDER BY is_due DESC, id
    LIMIT $4"""

# The latest deliveries are of the latest events, but for replays of old ones, which are looked for a while back.
LIST_DELIVERIES = """
    SELECT event_attempt.seq, found.type, attempt, url, ended_at, took_ms, outcome, status_code, error
    FROM event_attempt
    LEFT JOIN LATERAL (
        SELECT type FROM event WHERE event.instance_id = $1 AND event.seq = event_attempt.seq LIMIT 1
    ) AS found ON true
    WHERE event_attempt.instance_id = $1 AND ended_at > $3
      AND event_attempt.seq > (SELECT last FROM event_sequence WHERE instance_id = $1) - 1000
    ORDER BY ended_at DESC
    LIMIT $2"""

LIST_EVENTS = """
    SELECT event.seq, event.slot, type, body, event.created_at, attempts,
           event_outbox.seq IS NOT NULL AS is_waiting,
           EXISTS (
               SELECT FROM event_dead_letter WHERE instance_id = $1 AND event_dead_letter.seq = event.seq
           ) AS is_dead
    FROM event
    LEFT JOIN event_outbox
      ON event_outbox.instance_id = $1 AND event_outbox.slot = event.slot AND event_outbox.seq = event.seq
    WHERE event.instance_id = $1 AND event.created_at > $3
    ORDER BY event.seq DESC
    LIMIT $2"""

READ_LOAD = """
    SELECT queue.messages, queue.age, outbox.events, outbox.age,
           (SELECT count(*) FROM (SELECT FROM message_dead_letter LIMIT 10000) AS dead),
           (SELECT count(*) FROM (SELECT FROM event_dead_letter LIMIT 10000) AS dead),
           (SELECT count(*) FROM (SELECT FROM message_queue WHERE uncertain_since IS NOT NULL LIMIT 10000) AS doubt),
           (SELECT coalesce(sum(sessions), 0) FROM node WHERE seen_at > now() - interval '1 minute')
    FROM (
        SELECT count(*) AS messages, now() - min(accepted_at) FILTER (WHERE is_due) AS age
        FROM (SELECT accepted_at, is_due FROM message_queue LIMIT 100000) AS waiting
    ) AS queue
    CROSS JOIN (
        SELECT count(*) AS events, now() - min(created_at) AS age
        FROM (SELECT created_at FROM event_outbox LIMIT 100000) AS waiting
    ) AS outbox"""

# Postgres counts all of it anyway: what was accepted, what became final (in any partition), what webhooks were sent.
READ_COUNTERS = """
    SELECT (SELECT last_value FROM message_sequence),
           coalesce(sum(n_tup_ins) FILTER (WHERE relname LIKE 'message\\_history%'), 0)::bigint,
           coalesce(sum(n_tup_ins) FILTER (WHERE relname LIKE 'event\\_attempt%'), 0)::bigint
    FROM pg_stat_user_tables
    WHERE relname LIKE 'message\\_history%' OR relname LIKE 'event\\_attempt%'"""


@dataclass(frozen=True, slots=True)
class ListedInstance:
    id: UUID
    name: str
    phone: str | None
    session_state: str
    session_changed_at: datetime
    depth: int
    sent_at: datetime | None
    received_at: datetime | None
    node: str | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What goes on around an instance. Counts end at DEEPEST."""

    node: str | None
    sent_at: datetime | None
    received_at: datetime | None
    queued: int
    dead_letters: int
    waiting_events: int
    dead_events: int


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    id: int
    is_due: bool
    zaap_id: UUID
    kind: str
    chat: str
    text: str
    status: str
    attempts: int
    max_attempts: int
    accepted_at: datetime
    scheduled_at: datetime | None
    next_attempt_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    seq: int
    type: str | None
    attempt: int
    url: str
    ended_at: datetime
    took_ms: int
    outcome: str
    status_code: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class ToldEvent:
    seq: int
    slot: str
    type: str
    body: bytes
    created_at: datetime
    attempts: int | None
    is_waiting: bool
    is_dead: bool


@dataclass(frozen=True, slots=True)
class Load:
    messages: int
    message_age: timedelta | None
    events: int
    event_age: timedelta | None
    dead_letters: int
    dead_events: int
    in_doubt: int
    sessions: int


@dataclass(frozen=True, slots=True)
class Counters:
    """They only rise, but for `finished` and `callbacks` on the day that a partition is dropped."""

    accepted: int
    finished: int
    callbacks: int


async def list_instances(
    connection: Executor, query: str, state: str | None, after: UUID | None, limit: int
) -> list[ListedInstance]:
    """`query` is looked for in names, and its letters and digits in ids and phone numbers."""
    plain = "".join(character for character in query.lower() if character.isalnum())
    rows = await connection.fetch(LIST_INSTANCES, query, plain, state, after, limit)
    return [ListedInstance(*row) for row in rows]


async def count_states(connection: Executor) -> dict[str, int]:
    return {row[0]: row[1] for row in await connection.fetch(COUNT_STATES)}


async def look_around(connection: Executor, shard: int, instance: UUID) -> Surroundings:
    (row,) = await connection.fetch(FIND_OWNER, shard, instance)
    return Surroundings(*row)


async def list_queue(
    connection: Executor, instance: UUID, after: tuple[int, int], limit: int
) -> Sequence[WaitingMessage]:
    """In the order in which they will be sent, scheduled ones last."""
    return [WaitingMessage(*row) for row in await connection.fetch(LIST_QUEUE, instance, *after, limit)]


async def list_deliveries(connection: Executor, instance: UUID, limit: int, since: datetime) -> list[Delivery]:
    """The latest first."""
    return [Delivery(*row) for row in await connection.fetch(LIST_DELIVERIES, instance, limit, since)]


async def list_events(connection: Executor, instance: UUID, limit: int, since: datetime) -> list[ToldEvent]:
    """The latest first."""
    return [ToldEvent(*row) for row in await connection.fetch(LIST_EVENTS, instance, limit, since)]


async def read_load(connection: Executor) -> Load:
    (row,) = await connection.fetch(READ_LOAD)
    return Load(*row)


async def read_counters(connection: Executor) -> Counters:
    (row,) = await connection.fetch(READ_COUNTERS)
    return Counters(*row)
