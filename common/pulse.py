"""Pulse: what one small question to Postgres takes, asked again and again from where the work asks its own."""

from datetime import timedelta

from common.clock import Clock
from common.metrics import PulseMetrics
from common.postgres import OUTAGES, Pool


class Pulse:
    """Waits for a connection of the same pool as everybody, so a full pool shows as well as a slow server."""

    def __init__(self, pool: Pool, metrics: PulseMetrics, clock: Clock, interval: timedelta) -> None:
        self._pool = pool
        self._metrics = metrics
        self._clock = clock
        self._interval = interval.total_seconds()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.beat()
            await self._clock.sleep_until(self._clock.elapsed() + self._interval)

    async def beat(self) -> None:
        started = self._clock.elapsed()
        try:
            await self._pool.fetchval("SELECT 1")
        except OUTAGES:
            self._metrics.failures.inc()
        self._metrics.duration.observe(self._clock.elapsed() - started)
        self._metrics.in_use.set(self._pool.get_size() - self._pool.get_idle_size())
        self._metrics.limit.set(self._pool.get_max_size())
