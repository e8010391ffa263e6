"""media: the files that messages carry, where each lies and until when it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from common.postgres import Executor

_COLUMNS = "id, instance_id, place, disk, sha256, mime, size, expires_at"


@dataclass(frozen=True, slots=True)
class Media:
    """`disk` is set while the file lies on a disk. Whatever the place, the file's key there is the id."""

    id: UUID
    instance_id: UUID
    place: str
    disk: UUID | None
    sha256: bytes
    mime: str
    size: int
    expires_at: datetime

    @property
    def key(self) -> str:
        return self.id.hex


# A link to a received file names its own row, which names the content once that is here.
FIND = f"""
    SELECT {_COLUMNS}
    FROM media
    WHERE id = coalesce((SELECT media_id FROM received_media WHERE received_media.id = $1), $1)
      AND place <> 'arriving'"""

# The lock that the update takes keeps a clean-up from deleting what has just been asked for again.
FIND_CONTENT = f"""
    UPDATE media
    SET expires_at = greatest(expires_at, $3)
    WHERE instance_id = $1 AND sha256 = $2 AND place <> 'arriving'
    RETURNING {_COLUMNS}"""

# Not yet kept: when the process dies now, this is gone an hour later, with its file.
ANNOUNCE = """
    INSERT INTO media (id, instance_id, origin, place, sha256, mime, size, expires_at)
    VALUES ($1, $2, $3, 'arriving', $4, $5, $6, now() + interval '1 hour')"""

SETTLE = f"""
    UPDATE media
    SET place = $2, disk = $3, expires_at = $4
    WHERE id = $1
    RETURNING {_COLUMNS}"""

REMOVE = """
    DELETE FROM media WHERE id = $1"""

LIST_TO_MOVE = f"""
    SELECT {_COLUMNS}
    FROM media
    WHERE place = 'disk' AND disk = $1
    ORDER BY created_at
    LIMIT $2"""

MOVED = """
    UPDATE media
    SET place = 'bucket', disk = NULL
    WHERE id = $1 AND place = 'disk'
    RETURNING true"""

# A message that waits longer than files are kept keeps its files. Only what has expired looks into the queue, by the
# index of its instance.
TAKE_EXPIRED = f"""
    WITH due AS (
        SELECT id, instance_id, 'media:' || replace(id::text, '-', '') AS reference
        FROM media
        WHERE expires_at <= now() AND (place <> 'disk' OR disk = $1)
        ORDER BY expires_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
    ), used AS (
        UPDATE media
        SET expires_at = now() + interval '1 day'
        FROM due
        WHERE media.id = due.id AND (
            EXISTS (SELECT FROM message_queue AS waiting
                    WHERE waiting.instance_id = due.instance_id
                      AND position(due.reference IN waiting.payload::text) > 0)
            OR EXISTS (SELECT FROM message_dead_letter AS given_up
                       WHERE given_up.instance_id = due.instance_id
                         AND position(due.reference IN given_up.payload::text) > 0))
        RETURNING media.id
    )
    DELETE FROM media
    WHERE id IN (SELECT id FROM due EXCEPT SELECT id FROM used)
    RETURNING {_COLUMNS}"""


async def find(executor: Executor, media: UUID) -> Media | None:
    row = await executor.fetchrow(FIND, media)
    return None if row is None else Media(**row)


async def find_content(executor: Executor, instance: UUID, sha256: bytes, until: datetime) -> Media | None:
    """The file of this instance with that content, now kept at least until then."""
    row = await executor.fetchrow(FIND_CONTENT, instance, sha256, until)
    return None if row is None else Media(**row)


async def settle(executor: Executor, media: UUID, disk: UUID | None, until: datetime) -> Media | None:
    """The file has reached its place. None: the same content has got there first, or the row was swept."""
    try:
        row = await executor.fetchrow(SETTLE, media, "bucket" if disk is None else "disk", disk, until)
    except asyncpg.UniqueViolationError:
        return None
    return None if row is None else Media(**row)


async def list_to_move(executor: Executor, disk: UUID, limit: int) -> Sequence[Media]:
    """What lies on that disk, the oldest first."""
    return [Media(**row) for row in await executor.fetch(LIST_TO_MOVE, disk, limit)]


async def take_expired(executor: Executor, disk: UUID | None, limit: int) -> Sequence[Media]:
    """Rows that are gone now; their files are the caller's to delete."""
    return [Media(**row) for row in await executor.fetch(TAKE_EXPIRED, disk, limit)]
