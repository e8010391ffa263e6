"""What became of each attempt, committed many at a time and fenced like every write of an owner."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from common.postgres import Connection, Pool
from common.tables import event_outbox as table
from common.tables.event_outbox import WaitingEvent
from sender.fenced import FencedBatches

Outcome = Literal["delivered", "again", "dead", "gone"]


@dataclass(frozen=True, slots=True)
class Record:
    """`again_at` belongs to `again`; an error class to what is dead or gone."""

    outcome: Outcome
    instance: UUID
    slot: str
    seq: int
    url: str
    ended_at: datetime
    took_ms: int
    code: int | None
    detail: str | None = None
    error_class: str | None = None
    again_at: datetime | None = None
    slots: tuple[str, ...] = ()
    """Of the address that is gone."""

    @property
    def columns(self) -> tuple[Any, ...]:
        return (self.instance, self.slot, self.seq, self.url, self.ended_at, self.took_ms, self.code)


class Records:
    """`run` must be running."""

    def __init__(self, pool: Pool, node: str, epoch_of: Callable[[int], int | None]) -> None:
        self._node = node
        self._batches = FencedBatches[Record]("webhook outcomes", pool, epoch_of, self._write)

    def put(self, shard: int, record: Record) -> asyncio.Future[None]:
        """Done when it is committed. Raises LostOwnership, at once or by the future."""
        return self._batches.put(shard, record)

    async def run(self) -> None:
        await self._batches.run()

    async def _write(self, connection: Connection, records: Sequence[Record]) -> None:
        by_outcome: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_outcome[record.outcome].append(record)
        if found := by_outcome["delivered"]:
            await self._execute(connection, table.DELIVERED, [each.columns for each in found])
        if found := by_outcome["again"]:
            rows = [(*each.columns, each.detail, each.again_at) for each in found]
            await self._execute(connection, table.AGAIN, rows)
        if found := by_outcome["dead"] + by_outcome["gone"]:
            rows = [(*each.columns, each.detail, each.error_class) for each in found]
            await self._execute(connection, table.DEAD, rows)
        for each in by_outcome["gone"]:
            await connection.execute(table.DISABLE, each.instance, each.url)
            await connection.execute(table.BURY_REST, each.instance, list(each.slots), each.url)

    async def _execute(self, connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        await connection.execute(statement, self._node, *(list(column) for column in zip(*rows, strict=True)))


def record(
    outcome: Outcome,
    event: WaitingEvent,
    url: str,
    ended_at: datetime,
    took: float,
    code: int | None,
    *,
    detail: str | None = None,
    error_class: str | None = None,
    again_at: datetime | None = None,
    slots: Sequence[str] = (),
) -> Record:
    return Record(
        outcome, event.instance_id, event.slot, event.seq, url, ended_at, max(0, int(took * 1000)), code, detail,
        error_class, again_at, tuple(slots),
    )  # fmt: skip
