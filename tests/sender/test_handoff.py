"""Hand-off: in the written order, one shard not waiting for another, nothing left behind."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from common import keys
from common.clock import SystemClock
from common.doorbell import Doorbell, writer
from common.metrics import SenderMetrics
from common.postgres import Pool
from common.tables import node as node_table
from common.tables import shard as table
from sender.handoff import Handoff
from sender.leases import Identity, Leases
from tests.builders import insert_instance
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

TTL = timedelta(seconds=60)


class Node:
    """A node whose couriers and sessions are notes in a list. `slow` shards have a send in flight until let go."""

    def __init__(self, pool: Pool, redis: Redis) -> None:
        metrics = SenderMetrics(CollectorRegistry())
        clock = SystemClock()
        self.pool = pool
        self.leases = Leases(pool, redis, Identity("one-1", "one"), TTL, timedelta(seconds=5), clock, metrics)
        self.notes: list[str] = []
        self.slow: set[int] = set()
        self.let_go = asyncio.Event()
        self.handoff = Handoff(self.leases, self.rest, self.close, Doorbell(redis), pool, clock, metrics)

    async def rest(self, shards: Iterable[int], patience: float) -> None:
        for shard in shards:
            assert not self.leases.may_send(shard)
            if shard in self.slow:
                try:
                    async with asyncio.timeout(patience):
                        await self.let_go.wait()
                except TimeoutError:
                    self.notes.append(f"{shard} left in flight")
            self.notes.append(f"{shard} rests")

    async def close(self, shards: Iterable[int]) -> None:
        for shard in shards:
            assert self.leases.epoch_of(shard) is not None, "a session was closed after its lease was released"
            self.notes.append(f"{shard} closed")

    # --- the duties of an owner ---

    async def reconcile(self, shards: object) -> None: ...

    async def claimed(self, shards: object) -> None: ...

    async def lost(self, shards: object) -> None: ...

    async def resumed(self, shards: object) -> None: ...

    async def given(self, targets: object) -> None: ...

    async def released(self) -> set[int]:
        return {shard.id for shard in await table.list_shards_of(self.pool) if shard.is_free}


@pytest.fixture
async def node(pool: Pool, redis_url: str) -> AsyncIterator[Node]:
    redis = writer(redis_url)
    node = Node(pool, redis)
    keeping = asyncio.create_task(node.leases.keep(node))
    await eventually(lambda: len(node.leases.held) == 256)
    node.leases.retire()
    yield node
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await redis.aclose()


async def join(pool: Pool, id: str) -> None:
    await pool.fetch(table.RENEW, [], [], id, TTL, id, "0", "", 100, 0, False)


async def test_lanes_rest_then_sessions_close_then_the_lease_is_released_with_a_hint_and_a_call(
    node: Node, redis: Redis
) -> None:
    await node.handoff.give({3: "two-1"}, 5)
    assert node.notes == ["3 rests", "3 closed"]
    shard = (await table.list_shards_of(node.pool))[3]
    assert (shard.is_free, shard.handed_to) == (True, "two-1")
    assert not await redis.exists(keys.lease(3))
    assert await redis.xlen(keys.node("two-1")) == 1


async def test_a_slow_send_holds_up_its_own_shard_only(node: Node) -> None:
    node.slow = {4}
    giving = asyncio.create_task(node.handoff.give({3: "two-1", 4: "two-1", 5: "two-1"}, 30))
    await eventually(node.released)
    assert await node.released() == {3, 5}
    assert node.leases.may_leave(4, 1)
    node.let_go.set()
    await giving
    assert await node.released() == {3, 4, 5}


async def test_what_is_still_in_flight_at_the_end_of_patience_is_left(node: Node) -> None:
    node.slow = {4}
    await node.handoff.give({4: None}, 0.05)
    assert node.notes == ["4 left in flight", "4 rests", "4 closed"]
    assert await node.released() == {4}


async def test_everything_goes_to_those_that_stay_those_with_sessions_first(node: Node, pool: Pool) -> None:
    await join(pool, "two-1")
    busy = await insert_instance(pool)
    shard = await pool.fetchval("SELECT shard FROM instance WHERE id = $1", busy)
    await node.handoff.give_all(5)
    assert node.leases.held == {}
    assert {each.handed_to for each in await table.list_shards_of(pool)} == {"two-1"}
    assert node.notes.index(f"{shard} closed") < 64


async def test_without_another_node_everything_is_released_at_once_and_for_nobody(node: Node, pool: Pool) -> None:
    await node.handoff.give_all(5)
    assert node.leases.held == {}
    shards = await table.list_shards_of(pool)
    assert all(shard.is_free and shard.handed_to is None for shard in shards)


async def test_a_node_that_is_gone_is_given_nothing(node: Node, pool: Pool) -> None:
    await join(pool, "two-1")
    await pool.execute(node_table.REMOVE, "two-1")
    await node.handoff.give_all(5)
    assert {each.handed_to for each in await table.list_shards_of(pool)} == {None}
