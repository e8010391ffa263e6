"""Numbers are asked for in small batches with pauses between, and what was said is remembered."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from common.clock import SystemClock
from common.metrics import SenderMetrics
from common.postgres import Pool
from sender.answering.cache import Cache
from sender.answering.lookups import LookupRules, Lookups
from tests.sender.answering.fakes import FakePeople

pytestmark = pytest.mark.anyio

AGE = "UPDATE number_lookup SET checked_at = now() - interval '2 hours' WHERE number <> $1"
RULES = LookupRules(batch=2, pause=timedelta(milliseconds=20))


def lookups_of(pool: Pool, rules: LookupRules = RULES) -> tuple[Lookups, CollectorRegistry]:
    registry = CollectorRegistry()
    return Lookups(pool, SystemClock(), SenderMetrics(registry), rules), registry


def counted(registry: CollectorRegistry, cache: str, outcome: str) -> float:
    return registry.get_sample_value("session_cache_lookups_total", {"cache": cache, "outcome": outcome}) or 0


async def test_a_batch_is_asked_for_in_parts_and_each_number_once(pool: Pool) -> None:
    lookups, _ = lookups_of(pool)
    people, clock = FakePeople(missing=frozenset({"5511900000002"})), SystemClock()
    numbers = [f"551190000000{digit}" for digit in "12314"]
    began = clock.elapsed()
    found = await lookups.find(uuid4(), numbers, people)
    assert people.asked == [["5511900000001", "5511900000002"], ["5511900000003", "5511900000004"]]
    assert clock.elapsed() - began >= RULES.pause.total_seconds()
    assert [found[number].phone for number in numbers] == [
        "5511900000001", None, "5511900000003", "5511900000001", "5511900000004",
    ]  # fmt: skip
    assert found["5511900000001"].lid == "55119000000010@lid"


async def test_what_was_said_is_remembered_for_all_instances_and_counted(pool: Pool) -> None:
    lookups, registry = lookups_of(pool)
    people = FakePeople()
    await lookups.find(uuid4(), ["5511900000001"], people)
    again, other = await lookups.find(uuid4(), ["5511900000001"], people), lookups_of(pool)[0]
    assert await other.find(uuid4(), ["5511900000001"], people) == again
    assert len(people.asked) == 1
    assert (counted(registry, "numbers", "hit"), counted(registry, "numbers", "miss")) == (1, 1)


async def test_who_asks_for_the_same_meanwhile_waits_and_is_told_the_same(pool: Pool) -> None:
    lookups, _ = lookups_of(pool)
    people, instance = FakePeople(), uuid4()
    numbers = [f"551190000000{digit}" for digit in "1234"]
    first, second = await asyncio.gather(
        lookups.find(instance, numbers, people), lookups.find(instance, numbers, people)
    )
    assert first == second
    assert sorted(number for asked in people.asked for number in asked) == numbers


async def test_what_is_old_is_asked_anew_and_leaves_the_table(pool: Pool) -> None:
    lookups, _ = lookups_of(pool, LookupRules(kept=timedelta(hours=1), kept_missing=timedelta(0)))
    people = FakePeople(missing=frozenset({"5511900000002"}))
    await lookups.find(uuid4(), ["5511900000001", "5511900000002", "5511900000003"], people)
    await pool.execute(
        "UPDATE number_lookup SET checked_at = now() - interval '2 hours' WHERE number <> '5511900000002'"
    )
    await lookups.find(uuid4(), ["5511900000001", "5511900000002"], people)
    assert people.asked[1] == ["5511900000001", "5511900000002"]
    assert {row[0] for row in await pool.fetch("SELECT number FROM number_lookup")} == {
        "5511900000001",
        "5511900000002",
    }


async def test_a_cache_keeps_answers_for_a_while_and_only_so_many() -> None:
    registry, asked = CollectorRegistry(), []
    cache: Cache[str, str] = Cache("pictures", timedelta(hours=1), 2, SystemClock(), SenderMetrics(registry))

    async def ask() -> str:
        asked.append(1)
        return f"answer {len(asked)}"

    assert [await cache.get("a", ask), await cache.get("a", ask)] == ["answer 1", "answer 1"]
    for key in ("b", "c", "a"):
        await cache.get(key, ask)
    assert len(asked) == 4  # `a` had made room
    assert (counted(registry, "pictures", "hit"), counted(registry, "pictures", "miss")) == (1, 4)
    cache.forget("a")
    assert await cache.get("a", ask) == "answer 5"


async def test_a_failure_is_not_kept() -> None:
    cache: Cache[str, str] = Cache("x", timedelta(hours=1), 2, SystemClock(), SenderMetrics(CollectorRegistry()))

    async def fail() -> str:
        raise OSError

    async def succeed() -> str:
        return "yes"

    with pytest.raises(OSError):  # noqa: PT011
        await cache.get("a", fail)
    assert await cache.get("a", succeed) == "yes"
