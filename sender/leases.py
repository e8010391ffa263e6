"""Leases: a node acts for a shard only while it holds the shard's epoch in Postgres and its lease in Redis."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from importlib import resources

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common import keys, logs
from common.clock import Clock
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import shard as table

log = logs.get(__name__)

_LEASE = resources.files("common").joinpath("scripts/lease.lua").read_text(encoding="utf-8")
_UNLEASE = resources.files("common").joinpath("scripts/unlease.lua").read_text(encoding="utf-8")

OnClaim = Callable[[Mapping[int, int]], Awaitable[None]]
OnLoss = Callable[[set[int]], Awaitable[None]]


class Leases:
    """Claims every free shard and renews what it holds, all in one statement and one Redis call a round.

    Claiming takes both stores. Holding takes Postgres alone: when Redis is away owners go on and nobody claims.
    """

    def __init__(
        self, pool: Pool, redis: Redis, node: str, ttl: timedelta, refresh: timedelta, clock: Clock,
        metrics: SenderMetrics,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._redis = redis
        self._node = node
        self._ttl = ttl
        self._refresh = refresh
        self._clock = clock
        self._metrics = metrics
        self._take = redis.register_script(_LEASE)
        self._give = redis.register_script(_UNLEASE)
        self._held: dict[int, int] = {}
        self._renewed_at = 0.0
        self.has_looked = asyncio.Event()

    @property
    def held(self) -> Mapping[int, int]:
        """Epoch by shard."""
        return self._held

    def epoch_of(self, shard: int) -> int | None:
        return self._held.get(shard)

    async def keep(self, on_claim: OnClaim, on_loss: OnLoss) -> None:
        """Renew and claim until cancelled. A round that fails is tried again in the next."""
        while True:
            started = self._clock.elapsed()
            try:
                await self._renew(on_loss)
                await self._claim(on_claim)
                self.has_looked.set()
            except (*OUTAGES, RedisError) as error:
                log.warning("leases not renewed", error=type(error).__name__, held=len(self._held))
            self._metrics.shards.set(len(self._held))
            await self._clock.sleep_until(started + self._refresh.total_seconds())

    async def release(self) -> None:
        """Give everything back, sessions already closed. What cannot be given back runs out by itself."""
        held, self._held = self._held, {}
        if not held:
            return
        try:
            await self._pool.fetch(table.RELEASE, list(held), list(held.values()), self._node)
            await self._give(keys=[keys.lease(shard) for shard in held], args=[self._node])
        except (*OUTAGES, RedisError) as error:
            log.warning("leases not given back", error=type(error).__name__)

    async def _renew(self, on_loss: OnLoss) -> None:
        if not self._held:
            return
        # Redis first and best-effort: after a FLUSHALL this puts the leases back before anyone else looks.
        try:
            await self._take(keys=[keys.lease(shard) for shard in self._held], args=self._arguments())
        except (RedisError, OSError) as error:
            log.warning("leases not renewed in Redis", error=type(error).__name__)
        rows = await self._pool.fetch(
            table.RENEW, list(self._held), list(self._held.values()), self._node, self._ttl
        )  # fmt: skip
        lost = self._held.keys() - {row[0] for row in rows}
        for shard in lost:
            del self._held[shard]
        if lost:
            self._metrics.leases_lost.inc(len(lost))
            log.error("shards lost", shards=sorted(lost))
            await on_loss(lost)

    async def _claim(self, on_claim: OnClaim) -> None:
        shards = await table.list_shards_of(self._pool)
        free = [s.id for s in shards if s.id not in self._held and (s.is_free or s.node == self._node)]
        if not free:
            return
        places = await self._take(keys=[keys.lease(shard) for shard in free], args=self._arguments())
        leased = [free[place - 1] for place in places]
        rows = await self._pool.fetch(table.CLAIM, leased, self._node, self._ttl)
        claimed = {row[0]: row[1] for row in rows}
        self._held.update(claimed)
        if claimed:
            log.info("shards claimed", count=len(claimed))
            await on_claim(claimed)

    def _arguments(self) -> list[str | int]:
        return [self._node, int(self._ttl.total_seconds() * 1000)]
