"""Shards: who may claim, renew and release, and the locks that keep owners and takeovers apart."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from common.postgres import OUTAGES, Pool
from common.tables import node, shard
from tests.databases import SHARDS
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

TTL = timedelta(seconds=60)
OVER = timedelta(seconds=-1)
NODE = ("one", "0", "", 100, 0, False)  # what a renewal says of the node


async def claim(pool: Pool, node: str, *shards: int, ttl: timedelta = TTL) -> dict[int, int]:
    return {row[0]: row[1] for row in await pool.fetch(shard.CLAIM, list(shards), node, ttl)}


async def test_every_claim_raises_the_epoch(pool: Pool) -> None:
    assert await claim(pool, "one", 3, 5, ttl=OVER) == {3: 1, 5: 1}
    assert await claim(pool, "two", 5, ttl=OVER) == {5: 2}
    assert await claim(pool, "one", 3, 5) == {3: 2, 5: 3}


async def test_a_shard_is_not_claimed_while_its_owner_has_time(pool: Pool) -> None:
    await claim(pool, "one", 3)
    assert await claim(pool, "two", 3, 4) == {4: 1}
    assert await pool.fetchval(shard.IS_OWNED, 3)


async def test_a_node_that_starts_again_claims_its_own_shards_at_once(pool: Pool) -> None:
    await claim(pool, "one", 3)
    assert await claim(pool, "one", 3) == {3: 2}


async def test_only_the_owner_at_its_epoch_renews(pool: Pool) -> None:
    await claim(pool, "one", 3, 4, 5, ttl=OVER)
    await claim(pool, "two", 4)
    renewed = await pool.fetch(shard.RENEW, [3, 4, 5], [1, 1, 7], "one", TTL, *NODE)
    assert [row[0] for row in renewed] == [3]


async def test_only_the_owner_at_its_epoch_releases(pool: Pool) -> None:
    await claim(pool, "one", 3, 4, ttl=OVER)
    await claim(pool, "two", 4)
    released = await pool.fetch(shard.RELEASE, [3, 4], [1, 1], "one", [None, None])
    assert [row[0] for row in released] == [3]
    assert not await pool.fetchval(shard.IS_OWNED, 3)
    assert await pool.fetchval(shard.IS_OWNED, 4)


async def test_the_fence_lets_only_current_epochs_through(pool: Pool) -> None:
    await claim(pool, "one", 3, 4, ttl=OVER)
    await claim(pool, "two", 4)
    async with pool.acquire() as connection, connection.transaction():
        assert await shard.fenced(connection, {3: 1, 4: 1, 5: 1}) == {3}


async def test_a_takeover_leaves_a_shard_with_a_batch_behind_its_fence_and_takes_the_others(pool: Pool) -> None:
    await claim(pool, "one", 3, 4, ttl=OVER)
    async with pool.acquire() as connection, connection.transaction():
        assert await shard.fenced(connection, {3: 1}) == {3}
        assert await claim(pool, "two", 3, 4) == {4: 2}
    assert await claim(pool, "two", 3) == {3: 2}


async def test_a_renewal_is_a_heartbeat_and_a_leaving_node_stays_draining(pool: Pool) -> None:
    await pool.fetch(shard.RENEW, [], [], "one", TTL, *NODE)
    await pool.fetch(shard.RENEW, [], [], "one", TTL, "one", "0", "", 100, 7, True)
    await pool.fetch(shard.RENEW, [], [], "one", TTL, *NODE)
    (seen,) = await node.list_nodes(pool, TTL)
    assert (seen.id, seen.name, seen.sessions, seen.is_draining, seen.is_alive) == ("one", "one", 0, True, True)


async def test_a_shard_is_released_for_somebody_until_it_is_claimed(pool: Pool) -> None:
    await claim(pool, "one", 3)
    await pool.fetch(shard.RELEASE, [3], [1], "one", ["two"])
    released = (await shard.list_shards_of(pool))[3]
    assert (released.node, released.is_free, released.handed_to) == (None, True, "two")
    await claim(pool, "two", 3)
    assert (await shard.list_shards_of(pool))[3].handed_to is None


async def test_dead_nodes_are_forgotten(pool: Pool) -> None:
    await pool.fetch(shard.RENEW, [], [], "one", TTL, *NODE)
    await pool.execute("UPDATE node SET seen_at = now() - interval '1 hour'")
    assert [each.is_alive for each in await node.list_nodes(pool, TTL)] == [False]
    await pool.execute(node.FORGET_DEAD, timedelta(minutes=5))
    assert await node.list_nodes(pool, TTL) == []


@pytest.mark.parametrize("statement", ["RENEW", "RELEASE"])
async def test_fenced_batches_never_deadlock_with_changes_of_many_shards(pool: Pool, statement: str) -> None:
    everything = list(reversed(range(SHARDS)))
    await claim(pool, "one", *everything, ttl=OVER)
    arguments: dict[str, list[object]] = {
        "RENEW": [everything, [1] * SHARDS, "one", TTL, *NODE],
        "RELEASE": [everything, [1] * SHARDS, "one", [None] * SHARDS],
    }
    async with asyncio.TaskGroup() as tasks:
        async with pool.acquire() as connection, connection.transaction():
            await shard.fenced(connection, {100: 1})
            change = tasks.create_task(pool.fetch(getattr(shard, statement), *arguments[statement]))
            await eventually(lambda: waits_for_a_lock(pool))
            assert await shard.fenced(connection, {110: 1}) == {110}
        assert len(await change) == SHARDS


async def waits_for_a_lock(pool: Pool) -> bool:
    return bool(await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


def test_a_deadlock_is_something_to_try_again() -> None:
    assert issubclass(asyncpg.DeadlockDetectedError, OUTAGES)
