"""Throughput: rates of the whole installation, sampled while somebody looks. Nobody looking costs nothing."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import pairwise

from common.clock import Clock
from common.postgres import Pool
from common.tables import console
from common.tables.console import Counters, Load

SPAN, SHORTEST = timedelta(minutes=10), timedelta(minutes=1)
APART = 2.0  # seconds between two samples, however many pages look


@dataclass(frozen=True, slots=True)
class Sample:
    at: datetime
    counters: Counters
    load: Load


@dataclass(frozen=True, slots=True)
class Point:
    """`value` is a rate per second, or a height, at the end of the time since the point before."""

    at: datetime
    value: float


class Throughput:
    """What Postgres counts anyway, kept for a while, so that a page that is opened again goes on where it was."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._samples: deque[Sample] = deque()
        self._looked = float("-inf")

    async def look(self) -> Sequence[Sample]:
        """The samples of the last minutes; the last one is of now."""
        now, moment = self._clock.elapsed(), self._clock.now()
        if now - self._looked >= APART or not self._samples:
            self._looked = now
            async with self._pool.acquire() as connection:
                counters = await console.read_counters(connection)
                load = await console.read_load(connection)
            self._samples.append(Sample(moment, counters, load))
        while len(self._samples) > 1 and self._samples[0].at < moment - SPAN:
            self._samples.popleft()
        return tuple(self._samples)


def span_of(samples: Sequence[Sample]) -> timedelta:
    """The time that a chart of these shows."""
    return min(SPAN, max(SHORTEST, samples[-1].at - samples[0].at))


def rates(samples: Sequence[Sample], name: str) -> list[Point]:
    """Per second, from one sample to the next. A counter that went back (its partition is gone) stood still."""
    assert name in {field.name for field in fields(Counters)}
    points = []
    for earlier, later in pairwise(samples):
        seconds = (later.at - earlier.at).total_seconds()
        grown = max(0, getattr(later.counters, name) - getattr(earlier.counters, name))
        if seconds > 0:
            points.append(Point(later.at, grown / seconds))
    return points


def heights(samples: Sequence[Sample]) -> list[Point]:
    """Messages that waited."""
    return [Point(each.at, each.load.messages) for each in samples]
