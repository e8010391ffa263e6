"""The session hosts of one node: started when a session needs a place, stopped when nobody sits in them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from common.clock import Clock
from sender.host.options import HostOptions
from sender.host.process import HostProcess

# Before the next try when a host could not even load the library; doubled with each failure in a row.
FIRST_WAIT = 0.5  # seconds
LONGEST_WAIT = 30.0  # seconds


@dataclass(slots=True)
class _Places:
    """How many sessions may sit in a host, how many do, and how many ever did."""

    capacity: int
    taken: int = 0
    given: int = 0

    def take(self) -> None:
        self.taken += 1
        self.given += 1


class Fleet:
    """`tasks` is the group in which the hosts live."""

    def __init__(self, options: HostOptions, tasks: asyncio.TaskGroup, clock: Clock, chance: Random) -> None:
        self._options = options
        self._tasks = tasks
        self._clock = clock
        self._chance = chance
        self._places: dict[HostProcess, _Places] = {}
        self._throw_away: set[HostProcess] = set()
        self._placing = asyncio.Lock()
        self._failed_starts = 0
        self._past_problems = 0
        self.deaths = 0
        """Hosts that ended without having been asked to."""

    @property
    def relay_problems(self) -> int:
        return self._past_problems + sum(host.relay_problems for host in self._places)

    @property
    def hosts(self) -> tuple[HostProcess, ...]:
        return tuple(host for host in self._places if host.is_alive)

    @asynccontextmanager
    async def seat(self, losses: int = 0) -> AsyncIterator[HostProcess]:
        """A host with a free place, which is kept until the context ends. Raises HostLost if none can be started.

        `losses` is how often in a row the host died around whoever asks. From the second on the company becomes half
        as large each time, so that a session that is fatal to its host is soon alone with it.
        """
        host = await self._place(max(1, self._options.sessions >> max(0, losses - 1)))
        try:
            yield host
        finally:
            await self._leave(host)

    @asynccontextmanager
    async def throw_away(self) -> AsyncIterator[HostProcess]:
        """A host for one purpose, gone when the context ends. Raises HostLost."""
        host = await HostProcess.start(self._options)
        life = self._tasks.create_task(host.run(), name=f"throw-away host {host.pid}")
        self._throw_away.add(host)
        try:
            await host.ready()
            yield host
        finally:
            self._throw_away.discard(host)
            host.dismiss()
            await asyncio.wait((life,))

    async def stop(self) -> None:
        """End every host. Sessions should be closed before."""
        for host in self._throw_away:
            host.dismiss()
        async with asyncio.TaskGroup() as stopping:
            for host in self.hosts:
                stopping.create_task(host.stop())

    async def _place(self, capacity: int) -> HostProcess:
        async with self._placing:
            if (host := self._with_room(capacity)) is not None:
                return host
        if self._failed_starts:
            longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self._failed_starts - 1))
            await self._clock.sleep_until(self._clock.elapsed() + longest * self._chance.uniform(0.5, 1))
        async with self._placing:
            return self._with_room(capacity) or await self._start(capacity)

    def _with_room(self, capacity: int) -> HostProcess | None:
        for host, places in self._places.items():
            fits = places.capacity == capacity and places.taken < capacity and places.given < self._options.openings
            if fits and host.is_alive:
                places.take()
                return host
        return None

    async def _start(self, capacity: int) -> HostProcess:
        host = await HostProcess.start(self._options)
        places = self._places[host] = _Places(capacity)
        places.take()
        self._tasks.create_task(self._watch(host), name=f"host {host.pid}")
        try:
            await host.ready()
        except BaseException:
            # Nobody sits there after all. A host that is well serves the next one who asks.
            places.taken -= 1
            raise
        return host

    async def _watch(self, host: HostProcess) -> None:
        try:
            await host.run()
        finally:
            self._places.pop(host, None)
            self.deaths += host.has_died
            self._past_problems += host.relay_problems
            self._failed_starts = self._failed_starts + 1 if host.has_died and not host.was_ready else 0

    async def _leave(self, host: HostProcess) -> None:
        if (places := self._places.get(host)) is None:
            return
        places.taken -= 1
        if not places.taken:
            del self._places[host]
            await host.stop()
