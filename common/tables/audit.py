"""audit: who changed what over the API, and from where. Kept for AUDIT_RETENTION."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.postgres import Executor

INSERT = """
    INSERT INTO audit (actor, action, instance_id, address, status)
    VALUES ($1, $2, $3, $4, $5)"""

LIST_BEFORE = """
    SELECT id, at, actor, action, instance_id, address, status
    FROM audit
    WHERE ($1::bigint IS NULL OR id < $1) AND ($2::uuid IS NULL OR instance_id = $2)
    ORDER BY id DESC
    LIMIT $3"""

FORGET = """
    DELETE FROM audit
    WHERE id = ANY(ARRAY(SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2))"""


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    at: datetime
    actor: str
    action: str
    instance_id: UUID | None
    address: str | None
    status: int


async def list_before(connection: Executor, before: int | None, instance: UUID | None, limit: int) -> Sequence[Entry]:
    """The latest first."""
    return [Entry(*row) for row in await connection.fetch(LIST_BEFORE, before, instance, limit)]
