"""What a node's hook does before the node is stopped."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from common import keys
from common.doorbell import Doorbell
from common.postgres import Pool
from common.tables import shard
from sender.drain import Drain
from tests.clock import ManualClock
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

TTL = timedelta(seconds=60)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def drain(pool: Pool, redis: Redis, clock: ManualClock) -> Drain:
    return Drain(pool, Doorbell(redis), clock, TTL, timedelta(seconds=60))


async def join(pool: Pool, name: str, *shards: int) -> None:
    await pool.fetch(shard.CLAIM, list(shards), f"{name}-1", TTL)
    await pool.fetch(
        shard.RENEW, list(shards), [1] * len(shards), f"{name}-1", TTL, name, "0.1.0", "127.0.0.1:8081", 50, 7, False
    )


async def test_a_node_is_marked_called_and_waited_for_until_it_holds_nothing(
    pool: Pool, redis: Redis, clock: ManualClock, drain: Drain
) -> None:
    await join(pool, "a", 1, 2)
    await join(pool, "b", 3)
    async with asyncio.TaskGroup() as tasks:
        draining = tasks.create_task(drain.run("a"))
        await clock.until_asleep()
        assert await pool.fetchval("SELECT is_draining FROM node WHERE name = 'a'")
        assert await redis.xlen(keys.node("a-1")) == 1
        await pool.execute("UPDATE shard SET node = 'b-1' WHERE node = 'a-1'")
        clock.move(1)
        await eventually(draining.done)
    assert draining.result() == "empty"


async def test_a_node_that_is_alone_is_not_marked(pool: Pool, drain: Drain) -> None:
    await join(pool, "a", 1)
    assert await drain.run("a") == "alone"
    assert not await pool.fetchval("SELECT is_draining FROM node WHERE name = 'a'")


async def test_a_node_that_does_not_get_rid_of_its_shards_is_given_up_in_time(
    pool: Pool, clock: ManualClock, drain: Drain
) -> None:
    await join(pool, "a", 1)
    await join(pool, "b", 3)
    async with asyncio.TaskGroup() as tasks:
        draining = tasks.create_task(drain.run("a"))
        await clock.until_asleep()
        clock.move(60)
        await eventually(draining.done)
    assert draining.result() == "late"
