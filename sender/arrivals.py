"""Arrivals: what came in through the relay is kept, sealed, before the library sees it, until it is an event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from common import logs
from common.postgres import Connection, Pool
from common.tables import arrival as table
from common.tables.arrival import Name
from common.vault import Unreadable, Vault
from sender.fenced import FencedBatches
from sender.whatsapp.relay.arrival import ArrivalName
from sender.whatsapp.session import Arrival, KeptArrival

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class _Row:
    name: Name
    sealed: bytes


class Arrivals:
    """`run` must be running."""

    def __init__(self, pool: Pool, held: Callable[[], Mapping[int, int]], vault: Vault) -> None:
        self._pool = pool
        self._vault = vault
        self._kept = FencedBatches[_Row]("arrivals", pool, lambda shard: held().get(shard), self._store)

    async def run(self) -> None:
        """Commit batches until cancelled."""
        await self._kept.run()

    async def keep(self, shard: int, instance: UUID, arrivals: Sequence[Arrival]) -> None:
        """Returns when they are safe. Raises LostOwnership."""
        rows = [_Row(Name(instance, *each.name), self._vault.seal_arrival(instance, each.record)) for each in arrivals]
        for done in [self._kept.put(shard, row) for row in rows]:
            await done

    async def left(self, instance: str) -> list[KeptArrival]:
        """What was kept of an instance and not told, the oldest first."""
        own = UUID(instance)
        return [
            KeptArrival(ArrivalName(each.chat, each.sender, each.whatsapp_id), self._opened(own, each.records))
            for each in await table.list_left(self._pool, own)
        ]

    async def drop(self, instance: UUID, name: ArrivalName) -> None:
        await self._pool.execute(table.DROP, instance, *name)

    def _opened(self, instance: UUID, records: Sequence[bytes]) -> list[bytes]:
        opened = []
        for each in records:
            try:
                opened.append(self._vault.open_arrival(instance, each))
            except Unreadable:
                log.error("a kept message is not readable with this TOKEN_ENCRYPTION_KEY", instance=instance)
        return opened

    @staticmethod
    async def _store(connection: Connection, rows: Sequence[_Row]) -> None:
        await table.keep(connection, [(row.name, row.sealed) for row in rows])
