"""tag: the tags of chats that were made through the gateway."""

from dataclasses import dataclass
from uuid import UUID

from common.postgres import Executor

FIRST = 101
"""Below are the numbers of those that WhatsApp and the phone make: one of ours must not replace one of theirs."""

LIST = """
    SELECT id, name, color
    FROM tag
    WHERE instance_id = $1
    ORDER BY id"""

FIND = """
    SELECT id, name, color
    FROM tag
    WHERE instance_id = $1 AND id = $2"""

# The number after the highest, and without a colour the first that no tag has ($4 are as many as there are).
CREATE = """
    INSERT INTO tag (instance_id, id, name, color)
    SELECT $1, coalesce((SELECT max(id) + 1 FROM tag WHERE instance_id = $1), $5), $2,
           coalesce($3::integer, (
               SELECT min(free)
               FROM generate_series(0, $4 - 1) AS free
               WHERE free NOT IN (SELECT color FROM tag WHERE instance_id = $1)
           ), 0)
    ON CONFLICT DO NOTHING
    RETURNING id, name, color"""

CHANGE = """
    UPDATE tag
    SET name = $3, color = $4
    WHERE instance_id = $1 AND id = $2"""

FORGET = """
    DELETE FROM tag
    WHERE instance_id = $1 AND id = $2"""


@dataclass(frozen=True, slots=True)
class Tag:
    id: int
    name: str
    color: int


async def list_all(executor: Executor, instance: UUID) -> list[Tag]:
    return [Tag(*row) for row in await executor.fetch(LIST, instance)]


async def find(executor: Executor, instance: UUID, id: int) -> Tag | None:
    row = await executor.fetchrow(FIND, instance, id)
    return None if row is None else Tag(*row)


async def create(executor: Executor, instance: UUID, name: str, color: int | None, colors: int) -> Tag:
    """Again where somebody else took the number meanwhile."""
    while (row := await executor.fetchrow(CREATE, instance, name, color, colors, FIRST)) is None:
        continue
    return Tag(*row)
