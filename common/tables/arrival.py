"""arrival: messages that came in through the wire relay, kept from before the library sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from common.postgres import Connection, Executor

MOST_RECORDS = 4
"""Of one message: it comes again, encrypted anew, when the library could not read it."""

# What was told already stays so: its name is all that is left of it.
KEEP = f"""
    INSERT INTO arrival (instance_id, chat, sender, whatsapp_id, records)
    SELECT instance_id, chat, sender, whatsapp_id, array_agg(record ORDER BY place)
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[]) WITH ORDINALITY
        AS told (instance_id, chat, sender, whatsapp_id, record, place)
    GROUP BY instance_id, chat, sender, whatsapp_id
    ORDER BY min(place)
    ON CONFLICT (instance_id, chat, sender, whatsapp_id) DO UPDATE
    SET records = (arrival.records || excluded.records)[1:{MOST_RECORDS}]
    WHERE arrival.told_at IS NULL"""

# Those that are told now. A name that is known and not among them was told before.
TELL = """
    UPDATE arrival
    SET told_at = now(), records = '{}'
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS told (instance_id, chat, sender, whatsapp_id)
    WHERE arrival.instance_id = told.instance_id AND arrival.chat = told.chat AND arrival.sender = told.sender
      AND arrival.whatsapp_id = told.whatsapp_id AND arrival.told_at IS NULL
    RETURNING arrival.instance_id, arrival.chat, arrival.sender, arrival.whatsapp_id"""

FIND_TOLD = """
    SELECT arrival.instance_id, arrival.chat, arrival.sender, arrival.whatsapp_id
    FROM arrival
    JOIN unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS told (instance_id, chat, sender, whatsapp_id)
        USING (instance_id, chat, sender, whatsapp_id)
    WHERE told_at IS NOT NULL"""

LIST_LEFT = """
    SELECT chat, sender, whatsapp_id, records
    FROM arrival
    WHERE instance_id = $1 AND told_at IS NULL
    ORDER BY id"""

# Nothing opens it: WhatsApp's own way (it is sent again, encrypted anew) is all that is left.
DROP = """
    DELETE FROM arrival
    WHERE instance_id = $1 AND chat = $2 AND sender = $3 AND whatsapp_id = $4 AND told_at IS NULL"""

FORGET = """
    DELETE FROM arrival
    WHERE arrived_at < $1"""


class Name(NamedTuple):
    """One message of one instance; `sender` is a device."""

    instance_id: UUID
    chat: str
    sender: str
    whatsapp_id: str


@dataclass(frozen=True, slots=True)
class LeftArrival:
    """A message that was kept and not told; `records` are sealed."""

    chat: str
    sender: str
    whatsapp_id: str
    records: Sequence[bytes]


async def keep(connection: Connection, arrivals: Sequence[tuple[Name, bytes]]) -> None:
    await connection.execute(KEEP, *_columns([(*name, record) for name, record in arrivals]))


async def tell(connection: Connection, names: Sequence[Name]) -> set[Name]:
    """Marks what is about to be told, in the caller's transaction; gives the names that had been told before."""
    columns = _columns(names)
    told_before = {Name(*row) for row in await connection.fetch(FIND_TOLD, *columns)}
    await connection.execute(TELL, *columns)
    return told_before


async def list_left(executor: Executor, instance: UUID) -> list[LeftArrival]:
    return [LeftArrival(*row) for row in await executor.fetch(LIST_LEFT, instance)]


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
