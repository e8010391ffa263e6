"""Time as a dependency: parts that wait or stamp take a Clock, so that tests move time instead of sleeping."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall-clock time, timezone-aware, for what is stored and shown."""
        ...

    def elapsed(self) -> float:
        """Seconds since boot, never set back and counted through suspend, for waits and deadlines."""
        ...

    async def sleep_until(self, moment: float) -> None:
        """Sleep until `elapsed()` reaches the moment; returns at once if it is past."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        # CLOCK_MONOTONIC stops while a virtual machine is suspended; a lease does not.
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep_until(self, moment: float) -> None:
        while (left := moment - self.elapsed()) > 0:  # noqa: ASYNC110 - the loop's timer stops during a suspend
            await asyncio.sleep(left)
