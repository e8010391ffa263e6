"""event_dead_letter: events that their webhook never took, and the ways back: replay of these and of any event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.postgres import Executor

LIST_PAGE = """
    SELECT seq, slot, type, body, created_at, attempts, failed_at, url, status_code, error_class, error
    FROM event_dead_letter
    WHERE instance_id = $1 AND seq > $2
    ORDER BY seq
    LIMIT $3"""

# Back into the outbox under its own number: same id, same bytes, marked as a replay. When the day of the event is
# gone already, the letter's copy of it takes its place among today's.
REPLAY_DEAD = """
    WITH back AS (
        DELETE FROM event_dead_letter
        WHERE instance_id = $1 AND seq IN (
            SELECT seq FROM event_dead_letter
            WHERE instance_id = $1 AND seq BETWEEN $2 AND $3
            ORDER BY seq
            LIMIT $4)
        RETURNING *
    ), found AS (
        SELECT back.*, event.created_at AS logged_at
        FROM back
        LEFT JOIN event ON event.instance_id = back.instance_id AND event.seq = back.seq
                       AND event.created_at = back.created_at
    ), logged AS (
        INSERT INTO event (instance_id, seq, slot, type, body, created_at)
        SELECT instance_id, seq, slot, type, body, now()
        FROM found
        WHERE logged_at IS NULL
    )
    INSERT INTO event_outbox (instance_id, slot, seq, created_at, replayed)
    SELECT instance_id, slot, seq, coalesce(logged_at, now()), true
    FROM found
    ON CONFLICT DO NOTHING
    RETURNING seq"""

# Any events that are still kept, delivered or not; a dead letter among them is one no longer.
REPLAY = """
    WITH wanted AS (
        SELECT instance_id, seq, slot, created_at
        FROM event
        WHERE instance_id = $1 AND seq BETWEEN $2 AND $3 AND created_at > $5
        ORDER BY seq
        LIMIT $4
    ), forgotten AS (
        DELETE FROM event_dead_letter
        USING wanted
        WHERE event_dead_letter.instance_id = wanted.instance_id AND event_dead_letter.seq = wanted.seq
    )
    INSERT INTO event_outbox (instance_id, slot, seq, created_at, replayed)
    SELECT instance_id, slot, seq, created_at, true
    FROM wanted
    ON CONFLICT DO NOTHING
    RETURNING seq"""

DISCARD = """
    DELETE FROM event_dead_letter
    WHERE instance_id = $1 AND seq BETWEEN $2 AND $3
    RETURNING seq"""

LIST_ATTEMPTS = """
    SELECT seq, attempt, node, url, ended_at, took_ms, outcome, status_code, error
    FROM event_attempt
    WHERE instance_id = $1 AND seq = $2 AND ended_at > $4
    ORDER BY ended_at DESC
    LIMIT $3"""

FORGET = """
    DELETE FROM event_dead_letter
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM event_dead_letter WHERE failed_at < $1 LIMIT $2))"""


@dataclass(frozen=True, slots=True)
class EventDeadLetter:
    seq: int
    slot: str
    type: str
    body: bytes
    created_at: datetime
    attempts: int
    failed_at: datetime
    url: str | None
    status_code: int | None
    error_class: str
    error: str


@dataclass(frozen=True, slots=True)
class EventAttempt:
    seq: int
    attempt: int
    node: str
    url: str
    ended_at: datetime
    took_ms: int
    outcome: str
    status_code: int | None
    error: str | None


async def list_page(connection: Executor, instance: UUID, after: int, limit: int) -> list[EventDeadLetter]:
    return [EventDeadLetter(*row) for row in await connection.fetch(LIST_PAGE, instance, after, limit)]


async def list_attempts(
    connection: Executor, instance: UUID, seq: int, limit: int, since: datetime
) -> list[EventAttempt]:
    """The latest first."""
    return [EventAttempt(*row) for row in await connection.fetch(LIST_ATTEMPTS, instance, seq, limit, since)]


async def replay_dead(connection: Executor, instance: UUID, first: int, last: int, limit: int) -> Sequence[int]:
    """The numbers of the dead letters that were put back, the oldest `limit` of the range."""
    return [row[0] for row in await connection.fetch(REPLAY_DEAD, instance, first, last, limit)]


async def replay(
    connection: Executor, instance: UUID, first: int, last: int, limit: int, since: datetime
) -> Sequence[int]:
    """The same of any events, delivered or not."""
    return [row[0] for row in await connection.fetch(REPLAY, instance, first, last, limit, since)]
