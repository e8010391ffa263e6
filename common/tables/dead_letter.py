"""message_dead_letter: what gave up and why, and the way back into the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.postgres import Executor

LIST_PAGE = """
    SELECT id, zaap_id, message_id, kind, chat, payload::text, attempts, max_attempts, accepted_at, finished_at,
           node, error, error_class
    FROM message_dead_letter
    WHERE instance_id = $1 AND id > $2
    ORDER BY id
    LIMIT $3"""

# A replayed message is accepted anew, at the tail: it draws its number and its time again, and `replayed` in its
# metadata leads back to the attempts that were made under its earlier numbers.
_REPLAY = """
    WITH back AS (
        DELETE FROM message_dead_letter
        WHERE id IN (
            SELECT id FROM message_dead_letter
            WHERE {which}
            ORDER BY id
            LIMIT {limit} FOR UPDATE SKIP LOCKED)
        RETURNING *
    ), ordered AS (
        SELECT * FROM back ORDER BY id
    )
    INSERT INTO message_queue (
        id, instance_id, shard, zaap_id, message_id, kind, chat, payload, max_attempts, delay_message, delay_typing,
        metadata)
    SELECT get_next_message_sequence(instance_id), instance_id, shard, zaap_id, message_id, kind, chat, payload,
           max_attempts, delay_message, delay_typing,
           jsonb_set(metadata, '{{replayed}}', coalesce(metadata -> 'replayed', '[]') || jsonb_build_array(
               jsonb_build_object('id', id, 'acceptedAt', accepted_at)))
    FROM ordered
    RETURNING id, shard"""

REPLAY_ONE = _REPLAY.format(which="instance_id = $1 AND zaap_id = $2", limit=1)
REPLAY_ALL = _REPLAY.format(which="instance_id = $1", limit="$2")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: int
    zaap_id: UUID
    message_id: str
    kind: str
    chat: str
    payload: str
    attempts: int
    max_attempts: int
    accepted_at: datetime
    finished_at: datetime
    node: str | None
    error: str
    error_class: str


async def list_page(connection: Executor, instance: UUID, after: int, limit: int) -> list[DeadLetter]:
    return [DeadLetter(*row) for row in await connection.fetch(LIST_PAGE, instance, after, limit)]


async def replay_one(connection: Executor, instance: UUID, zaap_id: UUID) -> Sequence[tuple[int, int]]:
    """The new (id, shard), or nothing when there is no such dead letter."""
    return [(row[0], row[1]) for row in await connection.fetch(REPLAY_ONE, instance, zaap_id)]


async def replay_all(connection: Executor, instance: UUID, limit: int) -> Sequence[tuple[int, int]]:
    """The oldest `limit` of the instance, in their old order."""
    return [(row[0], row[1]) for row in await connection.fetch(REPLAY_ALL, instance, limit)]
