"""Leases: a node acts for a shard only while it holds the shard's epoch in Postgres and its lease in Redis."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from importlib import resources
from typing import Protocol

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

SAFE_PART = 0.8  # of a lease's time: a send that begins later might meet the next owner's


class Duties(Protocol):
    """What a change of ownership asks of the node."""

    async def reconcile(self, shards: Mapping[int, int]) -> None:
        """Before these shards, claimed at these epochs, count as held. When it raises they are claimed again."""
        ...

    async def claimed(self, shards: Mapping[int, int]) -> None:
        """They are held now. Must not take long: renewals wait for it."""
        ...

    async def lost(self, shards: set[int]) -> None:
        """Another node has them, or will."""
        ...

    async def resumed(self) -> None:
        """Time had run out, so nothing was sent; nobody took over meanwhile and all shards are ours again."""
        ...


class Leases:
    """Claims every free shard and renews what it holds, all in one statement and one Redis call a round.

    Claiming takes both stores. Holding takes Postgres alone: when Redis is away owners go on and nobody claims. When
    Postgres is away nothing is sent past the time that the last renewal gave; the shards are kept, since they may
    still be ours when it returns.
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
        self._safe_until = 0.0
        self._holds_any = asyncio.Event()
        self.has_looked = asyncio.Event()

    @property
    def held(self) -> Mapping[int, int]:
        """Epoch by shard."""
        return self._held

    def epoch_of(self, shard: int) -> int | None:
        return self._held.get(shard)

    def may_send(self, shard: int) -> bool:
        """Whether a send may begin now: the shard is ours and its time, counted by our own clock, has not run out."""
        return shard in self._held and self._clock.elapsed() < self._safe_until

    async def until_held(self) -> None:
        """Wait until any shard is held."""
        await self._holds_any.wait()

    async def keep(self, duties: Duties) -> None:
        """Renew and claim until cancelled. A round that fails is tried again in the next."""
        while True:
            started = self._clock.elapsed()
            try:
                await self._renew(duties)
                await self._claim(duties)
                self.has_looked.set()
            except (*OUTAGES, RedisError) as error:
                log.warning("leases not renewed", error=type(error).__name__, held=len(self._held))
            self._metrics.shards.set(len(self._held))
            await self._clock.sleep_until(started + self._refresh.total_seconds())

    async def release(self) -> None:
        """Give everything back, sessions already closed. What cannot be given back runs out by itself."""
        held, self._held = self._held, {}
        self._holds_any.clear()
        if not held:
            return
        try:
            await self._pool.fetch(table.RELEASE, list(held), list(held.values()), self._node)
            await self._give(keys=[keys.lease(shard) for shard in held], args=[self._node])
        except (*OUTAGES, RedisError) as error:
            log.warning("leases not given back", error=type(error).__name__)

    async def _renew(self, duties: Duties) -> None:
        if not self._held:
            return
        # Counted from before the question: the answer may have been long on its way.
        asked_at = self._clock.elapsed()
        rows = await self._pool.fetch(
            table.RENEW, list(self._held), list(self._held.values()), self._node, self._ttl
        )  # fmt: skip
        had_run_out = asked_at >= self._safe_until
        self._safe_until = asked_at + self._safe_time
        await self._let_go(self._held.keys() - {row[0] for row in rows}, duties)
        # Best-effort: Postgres alone keeps others out, and after a FLUSHALL this puts the leases back.
        try:
            await self._take(keys=[keys.lease(shard) for shard in self._held], args=self._arguments())
        except (RedisError, OSError) as error:
            log.warning("leases not renewed in Redis", error=type(error).__name__)
        if had_run_out and self._held:
            log.warning("leases had run out and are ours again", held=len(self._held))
            await duties.resumed()

    async def _let_go(self, lost: set[int], duties: Duties) -> None:
        for shard in lost:
            del self._held[shard]
        if not self._held:
            self._holds_any.clear()
        if lost:
            self._metrics.leases_lost.inc(len(lost))
            log.error("shards lost", shards=sorted(lost))
            await duties.lost(lost)

    async def _claim(self, duties: Duties) -> None:
        shards = await table.list_shards_of(self._pool)
        free = [s.id for s in shards if s.id not in self._held and (s.is_free or s.node == self._node)]
        if not free:
            return
        places = await self._take(keys=[keys.lease(shard) for shard in free], args=self._arguments())
        asked_at = self._clock.elapsed()
        rows = await self._pool.fetch(table.CLAIM, [free[place - 1] for place in places], self._node, self._ttl)
        if not (claimed := {row[0]: row[1] for row in rows}):
            return
        await duties.reconcile(claimed)
        if not self._held:
            self._safe_until = asked_at + self._safe_time
        self._held.update(claimed)
        self._holds_any.set()
        log.info("shards claimed", count=len(claimed))
        await duties.claimed(claimed)

    @property
    def _safe_time(self) -> float:
        return self._ttl.total_seconds() * SAFE_PART

    def _arguments(self) -> list[str | int]:
        return [self._node, int(self._ttl.total_seconds() * 1000)]
