"""Questions and answers over Redis: matched by id, bounded in time, and none of them harms another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from redis.asyncio import Redis

from common import keys
from common.clock import SystemClock
from common.doorbell import writer
from common.postgres import Pool
from common.tables.instance import Access
from frontend.ask import Ask
from frontend.problems import Problem
from tests.frontend.owner import owning
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio

SHARD = 5
ACCESS = Access(UUID(int=9), SHARD, bytes(32), False, None, "connected", False)


def told(value: object) -> dict[str, Any]:
    return {"ok": True, "value": value}


@asynccontextmanager
async def asking(redis_url: str, pool: Pool, patience: float = 60.0) -> AsyncIterator[Ask]:
    redis, reader = writer(redis_url), writer(redis_url)
    ask = Ask(redis, reader, pool, SystemClock(), timedelta(seconds=patience))
    running = asyncio.ensure_future(ask.run())
    try:
        yield ask
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait([running])
        await redis.aclose()
        await reader.aclose()


@pytest.fixture
async def ask(redis_url: str, pool: Pool) -> AsyncIterator[Ask]:
    async with asking(redis_url, pool) as ask:
        yield ask


async def test_many_questions_at_once_each_get_their_own_answer(ask: Ask, redis_url: str) -> None:
    with owning(redis_url, SHARD, lambda question: told(question["arguments"]["number"])) as asked:
        answers = await asyncio.gather(*(ask.ask(ACCESS, "echo", {"number": number}) for number in range(50)))
    assert answers == list(range(50))
    assert {one["instance"] for one in asked} == {ACCESS.id.hex}
    assert len({one["answer_to"] for one in asked}) == 1


async def test_two_frontends_do_not_take_each_others_answers(redis_url: str, pool: Pool) -> None:
    async with asking(redis_url, pool) as left, asking(redis_url, pool) as right:
        with owning(redis_url, SHARD, lambda question: told(question["arguments"]["who"])):
            answers = await asyncio.gather(
                *(one.ask(ACCESS, "echo", {"who": who}) for who, one in (("left", left), ("right", right)) * 10)
            )
    assert answers == ["left", "right"] * 10


async def test_a_question_carries_the_time_after_which_nobody_waits(ask: Ask, redis_url: str) -> None:
    with owning(redis_url, SHARD, lambda _: told(None)) as asked:
        await ask.ask(ACCESS, "any", {})
    left = asked[0]["deadline_ms"] / 1000 - SystemClock().now().timestamp()
    assert 0 < left <= 60


async def asked_in_time(ask: Ask, name: str) -> object:
    """None when this machine was too slow for it."""
    with suppress(Problem):
        return await ask.ask(ACCESS, name, {})
    return None


async def test_an_answer_that_comes_too_late_finds_nobody_and_harms_nobody(redis_url: str, pool: Pool) -> None:
    late: list[dict[str, Any]] = []

    def answer(question: dict[str, Any]) -> dict[str, Any] | None:
        if question["name"] == "slow":
            late.append(question)
            return None
        return told(question["name"])

    async with asking(redis_url, pool, patience=0.5) as ask:
        with owning(redis_url, SHARD, answer):
            with pytest.raises(Problem, match="did not answer in time") as refused:
                await ask.ask(ACCESS, "slow", {})
            assert refused.value.status == 504
            async with Redis.from_url(redis_url) as redis:
                body = orjson.dumps({"id": late[0]["id"], **told("late")})
                await redis.xadd(late[0]["answer_to"], {"answer": body})
            assert await eventually(lambda: asked_in_time(ask, "quick")) == "quick"


@pytest.mark.parametrize(
    "entry",
    [{"answer": b"no json"}, {"answer": b"[]"}, {"answer": b"{}"}, {"answer": b'{"id": []}'}, {"other": b"{}"}],
    ids=repr,
)
async def test_an_entry_that_is_no_answer_is_passed_over(
    ask: Ask, redis_url: str, redis: Redis, entry: dict[str, bytes]
) -> None:
    def answer(question: dict[str, Any]) -> dict[str, Any] | None:
        if question["name"] == "spoil":
            spoiled.append(question)
            return None
        return told("fine")

    spoiled: list[dict[str, Any]] = []
    with owning(redis_url, SHARD, answer):
        waiting = asyncio.ensure_future(ask.ask(ACCESS, "spoil", {}))
        await eventually(lambda: spoiled)
        await redis.xadd(spoiled[0]["answer_to"], entry)  # type: ignore[arg-type]
        assert await ask.ask(ACCESS, "next", {}) == "fine"
        waiting.cancel()


async def test_an_emptied_redis_costs_the_questions_under_way_only(ask: Ask, redis_url: str, redis: Redis) -> None:
    with owning(redis_url, SHARD, lambda question: told(question["name"])):
        assert await ask.ask(ACCESS, "before", {}) == "before"
    await redis.flushall()
    with owning(redis_url, SHARD, lambda question: told(question["name"])):
        assert await ask.ask(ACCESS, "after", {}) == "after"


async def test_an_owner_whose_lease_redis_lost_is_still_asked(
    ask: Ask, redis_url: str, redis: Redis, pool: Pool
) -> None:
    await pool.execute("UPDATE shard SET node = 'n', lease_until = now() + interval '1 minute' WHERE id = $1", SHARD)
    with owning(redis_url, SHARD, lambda _: told("here")):
        await redis.delete(keys.lease(SHARD))
        assert await ask.ask(ACCESS, "any", {}) == "here"


async def test_without_an_owner_nobody_waits(ask: Ask) -> None:
    with pytest.raises(Problem, match="no node holds this instance now") as refused:
        async with asyncio.timeout(PATIENCE):
            await ask.ask(ACCESS, "any", {})
    assert refused.value.status == 503


@pytest.mark.parametrize("error", [None, {}, {"status": "x", "text": "y"}, {"status": 700, "text": "y"}, "text", 5])
async def test_a_refusal_that_is_none_is_502(ask: Ask, redis_url: str, error: object) -> None:
    with owning(redis_url, SHARD, lambda _: {"ok": False, "error": error}), pytest.raises(Problem) as refused:
        await ask.ask(ACCESS, "any", {})
    assert refused.value.status == 502


async def test_a_quiet_frontend_asks_redis_nothing(ask: Ask, redis_url: str, redis: Redis) -> None:
    with owning(redis_url, SHARD, lambda _: told(None)):
        await ask.ask(ACCESS, "any", {})

    async def is_quiet() -> bool:
        clients = await redis.client_list()
        return not any(client["cmd"] == "xread" and "b" in client["flags"] for client in clients)

    await eventually(is_quiet)


async def test_what_a_question_leaves_behind_goes_by_itself(ask: Ask, redis_url: str, redis: Redis) -> None:
    with owning(redis_url, SHARD, lambda _: None):
        waiting = asyncio.ensure_future(ask.ask(ACCESS, "any", {}))
        await eventually(lambda: redis.exists(keys.ask(SHARD)))
        assert 0 < await redis.ttl(keys.ask(SHARD)) <= keys.ASK_SECONDS
        waiting.cancel()
