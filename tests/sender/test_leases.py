"""Leases: what a node may act for, and until when."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from common import keys
from common.doorbell import writer
from common.local.processes import free_port
from common.local.valkey import Valkey
from common.metrics import SenderMetrics
from common.postgres import Pool
from sender.leases import Leases
from tests.clock import ManualClock
from tests.databases import SHARDS
from tests.outages import CutOffPool
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

TTL, REFRESH = timedelta(seconds=15), timedelta(seconds=5)
EVERYTHING = set(range(SHARDS))


class Node:
    """Writes down what its leases told it."""

    def __init__(self, pool: Pool | CutOffPool, redis: Redis, clock: ManualClock, name: str = "one") -> None:
        metrics = SenderMetrics(CollectorRegistry())
        self.leases = Leases(pool, redis, name, TTL, REFRESH, clock, metrics)  # type: ignore[arg-type]
        self.told: list[str] = []
        self.held_while_reconciling: set[int] = set()
        self.refuses_to_reconcile = False

    async def reconcile(self, shards: Mapping[int, int]) -> None:
        self.told.append("reconcile")
        self.held_while_reconciling = self.held
        if self.refuses_to_reconcile:
            raise ConnectionResetError

    async def claimed(self, shards: Mapping[int, int]) -> None:
        self.told.append("claimed")
        self.could_send_when_claimed = self.leases.may_send(7)

    async def lost(self, shards: set[int]) -> None:
        self.told.append(f"lost {sorted(shards)}")

    async def resumed(self) -> None:
        self.told.append("resumed")

    @property
    def held(self) -> set[int]:
        return set(self.leases.held)

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.leases.keep(self))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def next_round(clock: ManualClock) -> None:
    """Let one round begin and end."""
    clock.move(await clock.until_asleep())
    await clock.until_asleep()


async def test_a_node_claims_what_is_free_and_holds_it_once_it_is_reconciled(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    node = Node(pool, redis, clock)
    async with node.keeping():
        await node.leases.until_held()
        await clock.until_asleep()
        assert node.held == EVERYTHING
        assert node.held_while_reconciling == set()
        assert node.told == ["reconcile", "claimed"]
        assert {node.leases.epoch_of(shard) for shard in EVERYTHING} == {1}
        assert await redis.get(keys.lease(7)) == b"one"


async def test_a_claim_that_could_not_be_reconciled_is_made_again(pool: Pool, redis: Redis, clock: ManualClock) -> None:
    node = Node(pool, redis, clock)
    node.refuses_to_reconcile = True
    async with node.keeping():
        await clock.until_asleep()
        assert node.held == set()
        node.refuses_to_reconcile = False
        await next_round(clock)
        assert node.leases.epoch_of(7) == 2


async def test_a_second_node_claims_nothing_until_the_first_gives_up(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    first, second = Node(pool, redis, clock), Node(pool, redis, clock, "two")
    async with first.keeping():
        await first.leases.until_held()
        await clock.until_asleep()
    async with second.keeping():
        await clock.until_asleep()
        assert second.held == set()
        await first.leases.release()
        await next_round(clock)
        assert second.held == EVERYTHING
        assert second.leases.epoch_of(7) == 2


async def test_a_shard_that_another_node_took_is_told_as_lost(pool: Pool, redis: Redis, clock: ManualClock) -> None:
    node = Node(pool, redis, clock)
    async with node.keeping():
        await clock.until_asleep()
        await pool.execute(
            "UPDATE shard SET epoch = epoch + 1, node = 'two', lease_until = now() + $1 WHERE id IN (3, 4)", TTL
        )
        await next_round(clock)
        assert node.told[-1] == "lost [3, 4]"
        assert node.held == EVERYTHING - {3, 4}
        assert not node.leases.may_send(3)
        assert node.leases.may_send(5)


async def test_nobody_claims_without_redis(pool: Pool, clock: ManualClock) -> None:
    redis = writer(f"redis://127.0.0.1:{free_port()}")
    node = Node(pool, redis, clock)
    async with node.keeping():
        await clock.until_asleep()
        assert node.held == set()
        assert await pool.fetchval("SELECT max(epoch) FROM shard") == 0
    await redis.aclose()


async def test_an_owner_goes_on_without_redis(pool: Pool, clock: ManualClock, own_valkey: Valkey) -> None:
    valkey = own_valkey.start()
    redis = writer(own_valkey.url())
    node = Node(pool, redis, clock)
    async with node.keeping():
        await clock.until_asleep()
        own_valkey.stop(valkey)
        until = await pool.fetchval("SELECT max(lease_until) FROM shard")
        for _ in range(5):
            await next_round(clock)
        assert node.held == EVERYTHING
        assert node.leases.may_send(7)
        assert await pool.fetchval("SELECT min(lease_until) FROM shard") > until
    await redis.aclose()


async def test_the_leases_are_back_in_redis_a_round_after_it_was_emptied(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    node = Node(pool, redis, clock)
    async with node.keeping():
        await clock.until_asleep()
        await redis.flushall()
        await next_round(clock)
        assert await redis.get(keys.lease(7)) == b"one"
        assert node.told == ["reconcile", "claimed"]


async def test_without_postgres_sending_stops_before_the_lease_ends_and_resumes_with_the_same_epoch(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    cut_off = CutOffPool(pool)
    node = Node(cut_off, redis, clock)
    async with node.keeping():
        await clock.until_asleep()
        cut_off.is_away = True
        await next_round(clock)
        await next_round(clock)
        assert node.leases.may_send(7)
        await next_round(clock)
        assert clock.elapsed() - 1000 <= TTL.total_seconds()
        assert not node.leases.may_send(7)
        assert node.leases.epoch_of(7) == 1
        cut_off.is_away = False
        await next_round(clock)
        assert node.leases.may_send(7)
        assert node.leases.epoch_of(7) == 1
        assert node.told == ["reconcile", "claimed", "resumed"]


async def test_the_deadline_counts_from_when_the_lease_was_asked_for(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    node = Node(pool, redis, clock)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT FROM shard FOR SHARE")
        async with node.keeping():
            await eventually(lambda: pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            clock.move(TTL.total_seconds() - 1)
            await transaction.rollback()
            await eventually(lambda: "claimed" in node.told)
    assert not node.could_send_when_claimed


async def test_released_shards_are_free_in_both_stores(pool: Pool, redis: Redis, clock: ManualClock) -> None:
    node = Node(pool, redis, clock)
    async with node.keeping():
        await clock.until_asleep()
    await node.leases.release()
    assert node.held == set()
    assert await pool.fetchval("SELECT count(*) FROM shard WHERE lease_until IS NULL AND node IS NULL") == SHARDS
    assert await redis.exists(keys.lease(7)) == 0
