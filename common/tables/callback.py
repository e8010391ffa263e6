"""Callbacks of one message: the events that tell of it, and how their webhook took each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.postgres import Executor

LIST_ABOUT = """
    SELECT event.seq, event.type,
           CASE WHEN event.type = 'MessageStatusCallback'
                THEN convert_from(event.body, 'UTF8')::jsonb ->> 'status' END AS status,
           event.created_at,
           CASE WHEN event_outbox.seq IS NOT NULL
                THEN CASE WHEN event_outbox.attempts > 0 THEN 'retrying' ELSE 'waiting' END
                WHEN event_dead_letter.seq IS NOT NULL THEN 'failed'
                WHEN last.outcome = 'delivered' THEN 'delivered'
                ELSE 'kept' END AS state,
           coalesce(event_outbox.attempts, event_dead_letter.attempts, last.attempt, 0) AS attempts,
           last.ended_at, event_outbox.next_attempt_at,
           coalesce(last.status_code, event_dead_letter.status_code) AS status_code,
           coalesce(last.error, event_dead_letter.error) AS error
    FROM event_message
    JOIN event ON event.instance_id = event_message.instance_id AND event.seq = event_message.seq
              AND event.created_at = event_message.created_at
    LEFT JOIN event_outbox ON event_outbox.instance_id = event.instance_id AND event_outbox.slot = event.slot
                          AND event_outbox.seq = event.seq
    LEFT JOIN event_dead_letter ON event_dead_letter.instance_id = event.instance_id
                               AND event_dead_letter.seq = event.seq
    LEFT JOIN LATERAL (
        SELECT attempt, ended_at, outcome, status_code, error
        FROM event_attempt
        WHERE event_attempt.instance_id = event.instance_id AND event_attempt.seq = event.seq
        ORDER BY ended_at DESC
        LIMIT 1
    ) AS last ON true
    WHERE event_message.instance_id = $1 AND event_message.message_id = $2
    ORDER BY event.seq
    LIMIT 100"""


@dataclass(frozen=True, slots=True)
class Callback:
    """`status_code` and `error` are those of the last attempt."""

    seq: int
    type: str
    status: str | None
    created_at: datetime
    state: Literal["waiting", "retrying", "delivered", "failed", "kept"]
    attempts: int
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    status_code: int | None
    error: str | None


async def list_about(connection: Executor, instance: UUID, message_id: str) -> list[Callback]:
    """In the order of the events."""
    return [Callback(*row) for row in await connection.fetch(LIST_ABOUT, instance, message_id)]
