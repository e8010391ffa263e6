"""Leases: what a node may act for, and until when."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from common import keys
from common.doorbell import writer
from common.local.processes import free_port
from common.local.valkey import Valkey
from common.metrics import SenderMetrics
from common.postgres import Pool
from common.tables import node as node_table
from common.tables import shard as table
from sender.assignment import MOST_SHARDS
from sender.leases import Identity, Leases
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
        identity = Identity(name, name, "0", "", 100)
        self.leases = Leases(pool, redis, identity, TTL, REFRESH, clock, metrics)  # type: ignore[arg-type]
        self.told: list[str] = []
        self.held_while_reconciling: set[int] = set()
        self.refuses_to_reconcile = False
        self.targets: dict[int, str | None] = {}

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

    async def resumed(self, shards: Mapping[int, int]) -> None:
        self.told.append("resumed")

    async def given(self, targets: Mapping[int, str | None]) -> None:
        self.targets = dict(targets)

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


SLEEPERS = 2  # of a node that keeps its leases: until the next round, and until the first lease is over


async def between_rounds(clock: ManualClock, nodes: int = 1) -> float:
    return await clock.until_asleep(nodes * SLEEPERS)


async def next_round(clock: ManualClock, nodes: int = 1) -> None:
    """Let one round begin and end."""
    clock.move(await between_rounds(clock, nodes))
    await between_rounds(clock, nodes)


async def test_a_node_claims_what_is_free_and_holds_it_once_it_is_reconciled(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    node = Node(pool, redis, clock)
    async with node.keeping():
        await between_rounds(clock)
        assert node.held == EVERYTHING
        assert node.held_while_reconciling == set()
        assert node.told == ["reconcile", "claimed"]
        assert {node.leases.epoch_of(shard) for shard in EVERYTHING} == {1}
        assert await redis.get(keys.lease(7)) == b"one"


async def test_a_claim_that_could_not_be_reconciled_is_made_again(pool: Pool, redis: Redis, clock: ManualClock) -> None:
    node = Node(pool, redis, clock)
    node.refuses_to_reconcile = True
    async with node.keeping():
        await between_rounds(clock)
        assert node.held == set()
        node.refuses_to_reconcile = False
        await next_round(clock)
        assert node.leases.epoch_of(7) == 2


async def test_a_second_node_claims_nothing_until_the_first_gives_up(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    first, second = Node(pool, redis, clock), Node(pool, redis, clock, "two")
    async with first.keeping():
        await between_rounds(clock)
    async with second.keeping():
        await between_rounds(clock)
        assert second.held == set()
        await first.leases.release(dict.fromkeys(first.held))
        await pool.execute(node_table.REMOVE, "one")
        await next_round(clock)
        assert second.held == EVERYTHING
        assert second.leases.epoch_of(7) == 2


async def test_a_shard_that_another_node_took_is_told_as_lost(pool: Pool, redis: Redis, clock: ManualClock) -> None:
    node = Node(pool, redis, clock)
    async with node.keeping():
        await between_rounds(clock)
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
        await between_rounds(clock)
        assert node.held == set()
        assert await pool.fetchval("SELECT max(epoch) FROM shard") == 0
    await redis.aclose()


async def test_an_owner_goes_on_without_redis(pool: Pool, clock: ManualClock, own_valkey: Valkey) -> None:
    valkey = own_valkey.start()
    redis = writer(own_valkey.url())
    node = Node(pool, redis, clock)
    async with node.keeping():
        await between_rounds(clock)
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
        await between_rounds(clock)
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
        await between_rounds(clock)
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


class SlowPool(CutOffPool):
    """Every claim takes longer than a lease lives."""

    def __init__(self, pool: Pool, clock: ManualClock) -> None:
        super().__init__(pool)
        self._clock = clock

    async def fetch(self, *arguments: Any) -> Any:
        found = await super().fetch(*arguments)
        if arguments[0] == table.CLAIM:
            self._clock.move(TTL.total_seconds() - 1)
        return found


async def test_the_deadline_counts_from_when_the_lease_was_asked_for(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    node = Node(SlowPool(pool, clock), redis, clock)
    async with node.keeping():
        await eventually(lambda: "claimed" in node.told)
    assert not node.could_send_when_claimed


async def test_released_shards_are_free_in_both_stores(pool: Pool, redis: Redis, clock: ManualClock) -> None:
    node = Node(pool, redis, clock)
    async with node.keeping():
        await between_rounds(clock)
    await node.leases.release(dict.fromkeys(node.held))
    assert node.held == set()
    assert await pool.fetchval("SELECT count(*) FROM shard WHERE lease_until IS NULL AND node IS NULL") == SHARDS
    assert await redis.exists(keys.lease(7)) == 0


async def test_what_neither_store_renewed_is_given_up(pool: Pool, clock: ManualClock, own_valkey: Valkey) -> None:
    valkey = own_valkey.start()
    redis, cut_off = writer(own_valkey.url()), CutOffPool(pool)
    node = Node(cut_off, redis, clock)
    async with node.keeping():
        await between_rounds(clock)
        own_valkey.stop(valkey)
        cut_off.is_away = True
        while node.held:
            await next_round(clock)
        assert clock.elapsed() - 1000 < TTL.total_seconds()
        assert node.told[-1] == f"lost {sorted(EVERYTHING)}"
    await redis.aclose()


async def test_sessions_outlive_an_outage_of_postgres_while_redis_keeps_others_away(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    cut_off = CutOffPool(pool)
    node = Node(cut_off, redis, clock)
    async with node.keeping():
        await between_rounds(clock)
        cut_off.is_away = True
        for _ in range(10):
            await next_round(clock)
        assert node.held == EVERYTHING
        assert not node.leases.may_send(7)


async def test_a_second_node_is_given_its_share_a_few_shards_at_a_time(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    first, second = Node(pool, redis, clock), Node(pool, redis, clock, "two")
    async with first.keeping():
        await between_rounds(clock)
        async with second.keeping():
            await between_rounds(clock, 2)
            await next_round(clock, 2)
            assert len(first.targets) == MOST_SHARDS
            assert set(first.targets.values()) == {"two"}
            first.leases.giving(first.targets)
            assert not first.leases.may_send(min(first.targets))
            await first.leases.release(first.targets)
            second.leases.hurry()
            await eventually(lambda: second.held == set(first.targets))
            assert first.held == EVERYTHING - second.held


async def test_a_shard_released_for_a_node_is_left_to_it(pool: Pool, redis: Redis, clock: ManualClock) -> None:
    first, second = Node(pool, redis, clock), Node(pool, redis, clock, "two")
    async with first.keeping():
        await between_rounds(clock)
        async with second.keeping():
            await between_rounds(clock, 2)
            await first.leases.release({3: "two"})
            first.leases.hurry()
            await between_rounds(clock, 2)
            assert 3 not in first.held
            second.leases.hurry()
            await eventually(lambda: second.held == {3})


async def test_a_node_that_was_told_to_drain_gives_everything_and_claims_nothing(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    first, second = Node(pool, redis, clock), Node(pool, redis, clock, "two")
    async with first.keeping(), second.keeping():
        await between_rounds(clock, 2)
        await pool.execute("UPDATE node SET is_draining = true WHERE id = 'one'")
        for _ in range(40):
            await next_round(clock, 2)
            await first.leases.release(first.targets)
            first.targets = {}
            if not first.held:
                break
        await next_round(clock, 2)
        assert first.held == set()
        assert second.held == EVERYTHING


async def test_a_retired_node_is_seen_as_leaving(pool: Pool, redis: Redis, clock: ManualClock) -> None:
    node = Node(pool, redis, clock)
    async with node.keeping():
        await between_rounds(clock)
        node.leases.retire()
        await next_round(clock)
        assert await pool.fetchval("SELECT is_draining FROM node WHERE id = 'one'")
        await node.leases.release({3: None})
        await next_round(clock)
        assert 3 not in node.held


async def test_a_process_of_the_same_name_waits_for_the_leases_of_the_one_before(
    pool: Pool, redis: Redis, clock: ManualClock
) -> None:
    first, second = Node(pool, redis, clock), Node(pool, redis, clock, "one-again")
    async with first.keeping():
        await between_rounds(clock)
    async with second.keeping():
        await next_round(clock)
        assert second.held == set()
