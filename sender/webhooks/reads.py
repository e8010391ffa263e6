"""What lanes read, for many instances in one query: where their events go now, and the oldest of them."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.postgres import Connection, Pool
from common.tables import event_outbox as table
from common.tables import webhook_secret
from common.tables.event_outbox import SLOTS, Routes, WaitingEvent
from common.vault import Vault

INSTANCES = 128  # read in one query
WINDOW = 100  # events of one slot


@dataclass(frozen=True, slots=True)
class Found:
    """`routes` is None for an instance that is gone."""

    routes: Routes | None
    events: dict[str, list[WaitingEvent]]
    """By address, in their order."""


@dataclass(slots=True)
class _Ask:
    instance: UUID
    url: str | None
    discards: bool
    done: asyncio.Future[Found]


class Reads:
    """`run` must be running."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        self._pool = pool
        self._vault = vault
        self._asking: list[_Ask] = []
        self._asked = asyncio.Event()

    def find(self, instance: UUID, url: str | None = None, *, discards: bool = False) -> asyncio.Future[Found]:
        """The oldest events of an instance, of one address or of all. `discards` drops what no address takes."""
        done: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._asking.append(_Ask(instance, url, discards, done))
        self._asked.set()
        return done

    async def run(self) -> None:
        """Read until cancelled. A failed read is the asker's to see."""
        while True:
            await self._asked.wait()
            batch, self._asking = self._asking[:INSTANCES], self._asking[INSTANCES:]
            if not self._asking:
                self._asked.clear()
            try:
                await self._read(batch)
            except Exception as error:
                for ask in batch:
                    if not ask.done.done():
                        ask.done.set_exception(error)

    async def _read(self, batch: Sequence[_Ask]) -> None:
        async with self._pool.acquire() as connection:
            instances = list({ask.instance for ask in batch})
            routes = await self._routes(connection, instances)
            if bare := [each.instance_id for each in routes.values() if not each.secrets and each.destinations]:
                await webhook_secret.ensure_secrets(connection, bare, self._vault)
                routes |= await self._routes(connection, bare)
            if plain := [each.instance_id for each in routes.values() if each.has_plain_secrets]:
                await webhook_secret.seal_old(connection, plain, self._vault)
            if discarded := [ask.instance for ask in batch if ask.discards]:
                await connection.execute(table.DISCARD_UNSET, discarded)
            wanted = {
                (ask.instance, slot)
                for ask in batch
                if (known := routes.get(ask.instance)) is not None
                for slot, url in zip(SLOTS, known.urls, strict=True)
                if url is not None and ask.url in (None, url)
            }
            rows = await table.fetch(connection, list(wanted), WINDOW) if wanted else []
        by_slot: dict[tuple[UUID, str], list[WaitingEvent]] = defaultdict(list)
        for row in rows:
            by_slot[row.instance_id, row.slot].append(row)
        for ask in batch:
            if not ask.done.done():
                ask.done.set_result(_found(routes.get(ask.instance), ask.url, by_slot))

    async def _routes(self, connection: Connection, instances: Sequence[UUID]) -> dict[UUID, Routes]:
        return {each.instance_id: each for each in await table.find_routes(connection, instances, self._vault)}


def _found(routes: Routes | None, url: str | None, by_slot: dict[tuple[UUID, str], list[WaitingEvent]]) -> Found:
    if routes is None:
        return Found(None, {})
    events = {}
    for each in routes.destinations if url is None else [url]:
        lists = [by_slot[routes.instance_id, slot] for slot in routes.slots_of(each)]
        if merged := _merged(lists):
            events[each] = merged
    return Found(routes, events)


def _merged(lists: Sequence[Sequence[WaitingEvent]]) -> list[WaitingEvent]:
    """By number, as far as nothing can be missing: a slot that filled its window may have more behind it."""
    horizon = min((max(each.seq for each in one) for one in lists if len(one) >= WINDOW), default=None)
    merged = sorted((event for one in lists for event in one), key=lambda event: event.seq)
    return merged if horizon is None else [event for event in merged if event.seq <= horizon]
