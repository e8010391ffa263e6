"""Webhooks: one lane for each instance and address that has events to deliver; none for a quiet one."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from uuid import UUID
from weakref import WeakValueDictionary

from common import logs
from common.errors import LostOwnership
from common.postgres import OUTAGES, Pool
from common.tables import event_outbox as table
from sender.webhooks.destination import BreakerPolicy, Destination
from sender.webhooks.lane import Lane, Tools
from sender.webhooks.reads import Found
from sender.webhooks.waits import until

log = logs.get(__name__)

HeldShards = Callable[[], Mapping[int, int]]

AGAIN = 0.5  # seconds between two tries while Postgres is away


class Webhooks:
    """`wake` is cheap and may be called for anything; `run` must be running."""

    def __init__(self, pool: Pool, tools: Tools, breaker: BreakerPolicy) -> None:
        self._pool = pool
        self._tools = tools
        self._breaker = breaker
        self._lanes: dict[UUID, dict[str, Lane]] = defaultdict(dict)
        self._routed: dict[UUID, frozenset[str]] = {}
        self._destinations: WeakValueDictionary[str, Destination] = WeakValueDictionary()
        self._woken: dict[UUID, bool] = {}
        self._has_woken = asyncio.Event()
        self._has_claimed = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._closing = False
        self._rested = asyncio.Event()

    def __len__(self) -> int:
        return sum(len(lanes) for lanes in self._lanes.values())

    async def run(self) -> None:
        """Run the lanes until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._tools.reads.run(), name="webhook reads")
            self._tasks.create_task(self._tools.records.run(), name="webhook outcomes")
            await self._route_forever()

    def wake(self, instances: Iterable[UUID]) -> None:
        """These instances have events to deliver."""
        for instance in instances:
            lanes = self._lanes.get(instance, {})
            for lane in lanes.values():
                lane.look()
            if not lanes or lanes.keys() != self._routed.get(instance):
                self._woken.setdefault(instance, False)
                self._has_woken.set()

    def look(self, instance: UUID) -> None:
        """Its addresses may have changed, its events were put back, or the media of one came."""
        for lane in self._lanes.get(instance, {}).values():
            lane.change()
        self._woken[instance] = True
        self._has_woken.set()

    def claimed(self) -> None:
        """Shards came: an earlier owner may have left events undelivered."""
        self._has_claimed.set()

    async def sweep(self, shards: Mapping[int, int]) -> None:
        """Wake every instance of these shards that has something to deliver."""
        for instance in await table.sweep(self._pool, list(shards)):
            self.look(instance)

    async def sweep_forever(self, interval: timedelta, held: HeldShards) -> None:
        """Repairs what a lost ring left lying. An outage of Postgres is waited out."""
        clock, chance = self._tools.clock, self._tools.chance
        while True:
            self._has_claimed.clear()
            pause = interval.total_seconds() * chance.uniform(0.75, 1.25)
            try:
                if shards := held():
                    await self.sweep(shards)
                    await self._measure()
            except OUTAGES as error:
                log.warning("sweep of webhooks put off", error=type(error).__name__)
                pause = AGAIN
            await until(clock, clock.elapsed() + pause, self._has_claimed)

    async def rest(self, patience: float) -> None:
        """Start nothing new and wait until what is in flight has ended, at most that many seconds."""
        self._closing = True
        for lanes in self._lanes.values():
            for lane in lanes.values():
                lane.stop()
        try:
            async with asyncio.timeout(patience):
                while len(self):
                    self._rested.clear()
                    await self._rested.wait()
        except TimeoutError:
            log.warning("callbacks still in flight at the end of patience", lanes=len(self))

    async def _measure(self) -> None:
        row = await self._pool.fetchrow(table.BACKLOG)
        if row is not None:
            self._tools.metrics.event_backlog.set(row["events"])
            self._tools.metrics.event_oldest.set(float(row["age"]))

    async def _route_forever(self) -> None:
        while True:
            await self._has_woken.wait()
            self._has_woken.clear()
            woken, self._woken = self._woken, {}
            asks = {
                instance: self._tools.reads.find(instance, discards=discards) for instance, discards in woken.items()
            }
            try:
                for instance, ask in asks.items():
                    self._start(instance, await ask)
            except OUTAGES as error:
                log.warning("webhooks wait for Postgres", error=type(error).__name__)
                self._woken = woken | self._woken
                self._has_woken.set()
                await asyncio.gather(*asks.values(), return_exceptions=True)
                await asyncio.sleep(AGAIN)

    def _start(self, instance: UUID, found: Found) -> None:
        if found.routes is None or self._tasks is None or self._closing:
            return
        if self._tools.epoch_of(found.routes.shard) is None:
            return
        self._routed[instance] = frozenset(found.routes.destinations)
        for url, events in found.events.items():
            if url in self._lanes[instance]:
                continue
            destination = self._destinations.get(url)
            if destination is None:
                destination = self._destinations[url] = Destination(self._breaker, self._tools.clock)
            lane = self._lanes[instance][url] = Lane(found.routes, url, events, destination, self._tools)
            self._tasks.create_task(self._run(url, lane), name=f"webhook lane {instance}")
        self._forget(instance)

    async def _run(self, url: str, lane: Lane) -> None:
        instance = lane.instance
        try:
            await lane.run()
        except LostOwnership:
            log.info("webhook lane stops: its shard is lost", instance=instance)
        except OUTAGES as error:
            log.warning("webhook lane rests: Postgres is away", instance=instance, error=type(error).__name__)
            lane.look()
            await asyncio.sleep(AGAIN)
        except Exception:
            log.exception("webhook lane ended by an error", instance=instance)
        finally:
            del self._lanes[instance][url]
            self._forget(instance)
            self._rested.set()
        if lane.has_news:
            self.wake([instance])

    def _forget(self, instance: UUID) -> None:
        if not self._lanes.get(instance, True):
            del self._lanes[instance]
            self._routed.pop(instance, None)
