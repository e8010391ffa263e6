"""A clock that stands still until a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.waiting import eventually


class ManualClock:
    """Obeys `common.clock.Clock`. Whoever sleeps is woken by `move`, never by real time."""

    ORIGIN = 1000.0  # what `elapsed` says at first

    def __init__(self, now: datetime | None = None) -> None:
        self._start = now or datetime.now(UTC)
        self._moved = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._moved)

    def elapsed(self) -> float:
        return self.ORIGIN + self._moved

    async def sleep_until(self, moment: float) -> None:
        if moment <= self.elapsed():
            return
        sleeper = (moment, asyncio.get_running_loop().create_future())
        self._sleepers.append(sleeper)
        try:
            await sleeper[1]
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    @property
    def wakes_at(self) -> list[float]:
        """The moments that somebody sleeps for, the earliest first."""
        return sorted(moment for moment, _ in self._sleepers)

    def move(self, seconds: float) -> None:
        self._moved += seconds
        woken = [sleeper for sleeper in self._sleepers if sleeper[0] <= self.elapsed()]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper not in woken]
        for _, future in woken:
            if not future.done():
                future.set_result(None)

    async def until_asleep(self, sleepers: int = 1) -> float:
        """Wait until exactly that many sleep; how many seconds from now the first of them is woken."""
        await eventually(lambda: len(self._sleepers) == sleepers)
        return self.wakes_at[0] - self.elapsed()
