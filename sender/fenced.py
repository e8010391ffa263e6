"""Fenced batches: what owners write, many entries in one transaction, each checked against its shard's epoch."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from common import logs
from common.errors import LostOwnership
from common.postgres import OUTAGES, Connection, Pool
from common.tables import shard as shards

log = logs.get(__name__)

OUTAGE_PAUSE = 0.25  # seconds between two tries while Postgres is away; what waits here is kept

Item = TypeVar("Item")


@dataclass(slots=True)
class _Entry(Generic[Item]):
    shard: int
    epoch: int
    item: Item
    done: asyncio.Future[None]


class FencedBatches(Generic[Item]):
    """`run` must be running. One transaction is under way at a time, so items are written in their order.

    `write` gets the items that are still ours, inside the transaction; `written` is called once it is committed.
    """

    def __init__(
        self,
        name: str,
        pool: Pool,
        epoch_of: Callable[[int], int | None],
        write: Callable[[Connection, Sequence[Item]], Awaitable[None]],
        written: Callable[[Sequence[Item]], None] = lambda items: None,
        *,
        largest: int = 1000,
    ) -> None:
        self._name = name
        self._pool = pool
        self._epoch_of = epoch_of
        self._write = write
        self._written = written
        self._largest = largest
        self._waiting: list[_Entry[Item]] = []
        self._arrived = asyncio.Event()

    def put(self, shard: int, item: Item) -> asyncio.Future[None]:
        """Done when the item is committed. Raises LostOwnership, at once or by the future."""
        epoch = self._epoch_of(shard)
        if epoch is None:
            raise LostOwnership([shard])
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Whoever put several and stopped at the first that was lost does not look at the others.
        done.add_done_callback(lambda each: each.cancelled() or each.exception())
        self._waiting.append(_Entry(shard, epoch, item, done))
        self._arrived.set()
        return done

    async def run(self) -> None:
        """Commit batches until cancelled."""
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[: self._largest], self._waiting[self._largest :]
            if not self._waiting:
                self._arrived.clear()
            await self._commit_until_it_holds(batch)

    async def _commit_until_it_holds(self, batch: list[_Entry[Item]]) -> None:
        while True:
            try:
                ours = await self._commit(batch)
            except OUTAGES as error:
                log.warning("writes wait for Postgres", of=self._name, error=type(error).__name__, entries=len(batch))
                await asyncio.sleep(OUTAGE_PAUSE)
                continue
            except Exception as error:
                for entry in batch:
                    if not entry.done.done():
                        entry.done.set_exception(error)
                raise
            for entry in batch:
                if entry.done.done():
                    continue
                if entry.shard in ours:
                    entry.done.set_result(None)
                else:
                    entry.done.set_exception(LostOwnership([entry.shard]))
            return

    async def _commit(self, batch: list[_Entry[Item]]) -> set[int]:
        held = {entry.shard: entry.epoch for entry in batch if self._epoch_of(entry.shard) == entry.epoch}
        async with self._pool.acquire() as connection, connection.transaction():
            ours = await shards.fenced(connection, held)
            items = [entry.item for entry in batch if entry.shard in ours and held.get(entry.shard) == entry.epoch]
            if items:
                await self._write(connection, items)
        self._written(items)
        return {entry.shard for entry in batch if entry.shard in ours and held.get(entry.shard) == entry.epoch}
