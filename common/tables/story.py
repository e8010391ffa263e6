"""One message's story, in message_queue, message_history or message_dead_letter, and its attempts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from common.postgres import Executor

FIND = """
    SELECT id, zaap_id, message_id, kind, chat, status, attempts, max_attempts, accepted_at, scheduled_at, expires_at,
           next_attempt_at, NULL::timestamptz AS finished_at, NULL::timestamptz AS delivered_at,
           NULL::timestamptz AS read_at, NULL::timestamptz AS played_at, whatsapp_id, error, error_class, metadata::text
    FROM message_queue
    WHERE instance_id = $1 AND zaap_id = $2
    UNION ALL
    SELECT id, zaap_id, message_id, kind, chat, status, attempts, max_attempts, accepted_at, scheduled_at, NULL, NULL,
           finished_at, delivered_at, read_at, played_at, whatsapp_id, error, error_class, metadata::text
    FROM message_history
    WHERE instance_id = $1 AND zaap_id = $2
    UNION ALL
    SELECT id, zaap_id, message_id, kind, chat, 'failed', attempts, max_attempts, accepted_at, scheduled_at, NULL, NULL,
           finished_at, NULL, NULL, NULL, whatsapp_id, error, error_class, metadata::text
    FROM message_dead_letter
    WHERE instance_id = $1 AND zaap_id = $2"""

LIST_ATTEMPTS = """
    SELECT attempt, epoch, node, started_at, ended_at, outcome, error
    FROM message_attempt
    WHERE message_id = ANY($1::bigint[])
    ORDER BY started_at"""


@dataclass(frozen=True, slots=True)
class Attempt:
    attempt: int
    epoch: int
    node: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """`status` is the database's own word: queued, sending, uncertain, sent, delivered, read, played, canceled, expired
    or failed."""

    id: int
    zaap_id: UUID
    message_id: str
    kind: str
    chat: str
    status: str
    attempts: int
    max_attempts: int
    accepted_at: datetime
    scheduled_at: datetime | None
    expires_at: datetime | None
    next_attempt_at: datetime | None
    finished_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    played_at: datetime | None
    whatsapp_id: str | None
    error: str | None
    error_class: str | None
    metadata: str

    @property
    def replayed(self) -> list[dict[str, Any]]:
        """The earlier lives of a replayed message, oldest first: `id` and `acceptedAt`."""
        replayed: list[dict[str, Any]] = orjson.loads(self.metadata).get("replayed", [])
        return replayed


async def find(connection: Executor, instance: UUID, zaap_id: UUID) -> Story | None:
    row = await connection.fetchrow(FIND, instance, zaap_id)
    return None if row is None else Story(*row)


async def list_attempts(connection: Executor, story: Story) -> list[Attempt]:
    """Every attempt in order, also those made before a replay."""
    numbers = [story.id, *(life["id"] for life in story.replayed)]
    return [Attempt(*row) for row in await connection.fetch(LIST_ATTEMPTS, numbers)]
