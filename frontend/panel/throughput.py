"""Throughput: what goes through the whole installation and what waits, sampled once a minute for the day's charts and
every other second while somebody looks."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal

from asyncpg import PostgresError

from common import logs
from common.clock import Clock
from common.postgres import OUTAGES, Pool
from common.tables import console, load_sample
from common.tables.console import Load
from common.tables.load_sample import Sample

log = logs.get(__name__)

LIVE, SHORTEST = timedelta(minutes=10), timedelta(minutes=1)
APART = 2.0  # seconds between two samples, however many pages look
MOST_POINTS = 150  # of one chart
TOLERANCE = 0.9  # of the interval: no two clocks go alike

Counter = Literal["accepted", "finished", "callbacks"]


@dataclass(frozen=True, slots=True)
class Point:
    """`value` is a rate per second, or a height, at the end of the time since the point before."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Look:
    """`load` is how it is now, `samples` end now and are few enough for a chart."""

    samples: Sequence[Sample]
    load: Load


class Throughput:
    """`run` must be running for a history: whichever frontend comes first keeps the sample of an interval, for all."""

    def __init__(self, pool: Pool, clock: Clock, interval: timedelta, kept: timedelta) -> None:
        self._pool = pool
        self._clock = clock
        self._interval = interval
        self._kept_for = kept
        self._live: deque[Sample] = deque()
        self._kept: deque[Sample] = deque()
        self._load: Load | None = None
        self._looked = self._read = float("-inf")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.keep()
            except (*OUTAGES, PostgresError) as error:  # charts are not worth a frontend
                log.warning("sample for the panel's charts not kept", error=type(error).__name__)
            await self._clock.sleep_until(self._clock.elapsed() + self._interval.total_seconds())

    async def keep(self) -> None:
        """Keep a sample, unless another frontend just has."""
        now = self._clock.now()
        if await load_sample.is_due(self._pool, now - self._interval * TOLERANCE):
            sample, _ = await self._sample()
            await load_sample.keep(self._pool, sample, now - self._kept_for)

    async def look(self, span: timedelta) -> Look:
        """The last `span`, as far as it is known."""
        elapsed = self._clock.elapsed()
        if elapsed - self._read >= self._interval.total_seconds() / 2:
            await self._read_kept()
            self._read = elapsed
        if self._load is None or elapsed - self._looked >= APART:
            sample, self._load = await self._sample()
            self._live.append(sample)
            self._looked = elapsed
        now = self._clock.now()
        _forget(self._live, now - LIVE)
        _forget(self._kept, now - self._kept_for)
        samples = [each for each in self._kept if each.at < self._live[0].at] + list(self._live)
        return Look(thinned([each for each in samples if each.at >= now - span], span / MOST_POINTS), self._load)

    async def _read_kept(self) -> None:
        after = self._kept[-1].at if self._kept else datetime.min.replace(tzinfo=UTC)
        self._kept.extend(await load_sample.list_after(self._pool, after))

    async def _sample(self) -> tuple[Sample, Load]:
        async with self._pool.acquire() as connection:
            counters = await console.read_counters(connection)
            load = await console.read_load(connection)
        return Sample.of(self._clock.now(), counters, load), load


def thinned(samples: Sequence[Sample], apart: timedelta) -> list[Sample]:
    """Those at least so far from their successor; the last one always."""
    kept: list[Sample] = []
    for each in reversed(samples):
        if not kept or kept[-1].at - each.at >= apart:
            kept.append(each)
    return kept[::-1]


def span_of(samples: Sequence[Sample], wanted: timedelta) -> timedelta:
    """The time that a chart of these shows: no more than is known."""
    return min(wanted, max(SHORTEST, samples[-1].at - samples[0].at))


def rates(samples: Sequence[Sample], counter: Counter) -> list[Point]:
    """Per second, from one sample to the next. A counter that went back (its partition is gone) stood still."""
    points = []
    for earlier, later in pairwise(samples):
        seconds = (later.at - earlier.at).total_seconds()
        grown = max(0, getattr(later, counter) - getattr(earlier, counter))
        if seconds > 0:
            points.append(Point(later.at, grown / seconds))
    return points


def heights(samples: Sequence[Sample], of: Callable[[Sample], float]) -> list[Point]:
    return [Point(each.at, of(each)) for each in samples]


def _forget(samples: deque[Sample], before: datetime) -> None:
    while len(samples) > 1 and samples[0].at < before:
        samples.popleft()
