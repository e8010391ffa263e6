"""Hand-off: shards leave for another node. Lanes rest, sends end, sessions close, and only then a lease is released."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from redis.exceptions import RedisError

from common import logs
from common.clock import Clock
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import shard as table
from sender.assignment import Holding, assign, waves
from sender.leases import Leases

log = logs.get(__name__)

NEXT_WAVE = 1.0  # seconds at most that a wave waits for the one before it to be taken
WAVE = 16  # sessions of a wave: as many as a receiver connects in about a second
POLL = 0.05

Rest = Callable[[Iterable[int], float], Awaitable[None]]
Close = Callable[[Iterable[int]], Awaitable[None]]


class Caller(Protocol):
    async def call(self, nodes: Iterable[str]) -> None:
        """Tell these nodes to look at the shards now. Raises what Redis raises."""
        ...


class Handoff:
    """`rest` ends the sending of shards, in flight included; `close` closes their sessions."""

    def __init__(
        self, leases: Leases, rest: Rest, close: Close, doorbell: Caller, pool: Pool, clock: Clock,
        metrics: SenderMetrics,
    ) -> None:  # fmt: skip
        self._leases = leases
        self._rest = rest
        self._close = close
        self._doorbell = doorbell
        self._pool = pool
        self._clock = clock
        self._metrics = metrics

    async def give(self, targets: Mapping[int, str | None], patience: float) -> None:
        """Hand each shard on as soon as it is at rest; a slow send holds up its own shard only.

        After `patience` seconds a send that is still in flight is left behind as uncertain.
        """
        self._leases.giving(targets)
        ready: asyncio.Queue[int] = asyncio.Queue()
        began = self._clock.elapsed()

        async def settle(shard: int) -> None:
            await self._rest([shard], patience)
            await self._close([shard])
            ready.put_nowait(shard)

        async with asyncio.TaskGroup() as tasks:
            for shard in targets:
                tasks.create_task(settle(shard), name=f"hand off {shard}")
            left = len(targets)
            while left:
                batch = [await ready.get()]
                while not ready.empty():
                    batch.append(ready.get_nowait())
                left -= len(batch)
                await self._release({shard: targets[shard] for shard in batch})
                self._metrics.handoffs.inc(len(batch))
                self._metrics.handoff_seconds.observe(self._clock.elapsed() - began)

    async def give_all(self, patience: float) -> None:
        """Everything, in waves that the receivers can keep up with, each paused only when its turn comes."""
        deadline = self._clock.elapsed() + patience
        targets, cut = await self._plan()
        async with asyncio.TaskGroup() as tasks:
            for wave in cut:
                left = max(0.0, deadline - self._clock.elapsed())
                # At the end of patience nobody waits for anybody.
                pause = NEXT_WAVE if left else 0.0
                shards = {holding.shard: targets.get(holding.shard) for holding in wave}
                giving = tasks.create_task(self.give(shards, left))
                await asyncio.wait([giving], timeout=pause)
                if any(shards.values()) and any(holding.sessions for holding in wave):
                    await self._taken(list(shards), pause)

    async def _plan(self) -> tuple[dict[int, str], list[list[Holding]]]:
        held = self._leases.held
        try:
            around = await self._leases.look()
        except OUTAGES as error:
            log.warning("hand-off without a plan", error=type(error).__name__)
            return {}, [[Holding(shard, self._leases.node) for shard in held]] if held else []
        ours = [holding for holding in around.holdings() if holding.shard in held]
        targets = assign(around.members, around.holdings())
        # With nobody to take them, sessions wait for a new node: the sooner all is released, the better.
        return targets, waves(ours, WAVE) if targets else [ours] if ours else []

    async def _taken(self, shards: list[int], patience: float) -> None:
        until = self._clock.elapsed() + patience
        try:
            while self._clock.elapsed() < until:
                if not await self._pool.fetchval(table.COUNT_WAITING, shards):
                    return
                await self._clock.sleep_until(self._clock.elapsed() + POLL)
        except OUTAGES as error:
            log.warning("hand-off not watched", error=type(error).__name__)

    async def _release(self, targets: Mapping[int, str | None]) -> None:
        await self._leases.release(targets)
        await self.call({target for target in targets.values() if target is not None})

    async def call(self, nodes: Iterable[str]) -> None:
        """Tell nodes to look at the shards now. If that fails they look in their next round."""
        try:
            await self._doorbell.call(nodes)
        except (RedisError, OSError) as error:
            log.warning("nodes not called", error=type(error).__name__)
