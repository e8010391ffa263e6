"""Answers: each question is answered once, to whom it names, also while its shard changes hands."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from time import time
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from redis.asyncio import Redis

from common import keys
from common.doorbell import Doorbell, writer
from sender.answers import Answers, NoAnswer
from sender.intake import reader
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

SHARD = 7
ANSWERS = keys.answer("frontend-1")


class Node:
    def __init__(self, name: str, *shards: int) -> None:
        self.name = name
        self.held = dict.fromkeys(shards, 1)
        self.answered: list[str] = []

    async def who(self, instance: UUID, arguments: Mapping[str, Any]) -> Any:
        self.answered.append(arguments["number"])
        return {"instance": instance.hex, "node": self.name}

    async def no(self, instance: UUID, arguments: Mapping[str, Any]) -> Any:
        raise NoAnswer(404, "no such thing")


@asynccontextmanager
async def answering(redis_url: str, *nodes: Node) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        tasks = []
        for node in nodes:
            blocking, writing = reader(redis_url), writer(redis_url)
            for client in (blocking, writing):
                stack.push_async_callback(client.aclose)
            parts = Answers(blocking, writing, lambda node=node: node.held, {"who": node.who, "no": node.no}, node.name)  # type: ignore[misc]
            tasks.append(asyncio.create_task(parts.run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def ask(redis: Redis, number: int, *, name: str = "who", seconds: float = 10, skew: float = 0) -> UUID:
    """`skew` is how far the clock of who asks is off."""
    instance = uuid4()
    question = {
        "id": f"q{number}", "instance": instance.hex, "name": name, "arguments": {"number": number},
        "answer_to": ANSWERS, "patience_ms": int(seconds * 1000), "deadline_ms": int((time() + skew + seconds) * 1000),
    }  # fmt: skip
    await redis.xadd(keys.ask(SHARD), {"question": orjson.dumps(question)})
    return instance


async def answers(redis: Redis) -> dict[str, dict[str, Any]]:
    found = [orjson.loads(fields[b"answer"]) for _, fields in await redis.xrange(ANSWERS)]
    assert len({one["id"] for one in found}) == len(found)
    return {one["id"]: one for one in found}


async def test_two_nodes_that_both_think_they_own_a_shard_answer_each_question_once(
    redis: Redis, redis_url: str
) -> None:
    nodes = [Node("one", SHARD), Node("two", SHARD)]
    async with answering(redis_url, *nodes):
        asked = {f"q{number}": await ask(redis, number) for number in range(100)}
        await eventually(lambda: all_there(redis, 100))
    found = await answers(redis)
    assert {each: found[each]["value"]["instance"] for each in asked} == {each: asked[each].hex for each in asked}
    assert sorted(nodes[0].answered + nodes[1].answered) == list(range(100))
    assert await redis.xlen(keys.ask(SHARD)) == 0
    assert 0 < await redis.ttl(ANSWERS) <= keys.ANSWER_SECONDS


async def all_there(redis: Redis, count: int) -> bool:
    return bool(await redis.xlen(ANSWERS) == count)


async def test_a_question_that_waited_is_answered_by_the_next_owner(redis: Redis, redis_url: str) -> None:
    await ask(redis, 1)
    async with answering(redis_url, Node("one", SHARD)):
        await eventually(lambda: all_there(redis, 1))


async def test_a_node_that_is_called_reads_for_its_new_shards_at_once(redis: Redis, redis_url: str) -> None:
    node = Node("one")
    async with answering(redis_url, node):
        await ask(redis, 1)
        node.held[SHARD] = 1
        await Doorbell(redis).call(["one"])
        await eventually(lambda: all_there(redis, 1), patience=4)


async def test_what_nobody_waits_for_or_understands_is_dropped(redis: Redis, redis_url: str) -> None:
    await ask(redis, 1, seconds=-1)
    await redis.xadd(keys.ask(SHARD), {"question": b"nonsense"})
    await redis.xadd(keys.ask(SHARD), {"other": b"field"})
    await ask(redis, 2)
    node = Node("one", SHARD)
    async with answering(redis_url, node):
        await eventually(lambda: all_there(redis, 1))
    assert node.answered == [2]
    assert await redis.xlen(keys.ask(SHARD)) == 0


@pytest.mark.parametrize("skew", [-3600, 3600])
async def test_a_question_of_a_frontend_whose_clock_is_wrong_is_answered_while_it_waits(
    redis: Redis, redis_url: str, skew: float
) -> None:
    await ask(redis, 1, skew=skew)
    await ask(redis, 2, skew=skew, seconds=-1)
    node = Node("one", SHARD)
    async with answering(redis_url, node):
        await eventually(lambda: all_there(redis, 1))
    assert node.answered == [1]


async def test_a_frontend_of_before_tells_a_deadline_only(redis: Redis, redis_url: str) -> None:
    for number, seconds in ((1, -1), (2, 10)):
        question = {
            "id": f"q{number}", "instance": uuid4().hex, "name": "who", "arguments": {"number": number},
            "answer_to": ANSWERS, "deadline_ms": int((time() + seconds) * 1000),
        }  # fmt: skip
        await redis.xadd(keys.ask(SHARD), {"question": orjson.dumps(question)})
    node = Node("one", SHARD)
    async with answering(redis_url, node):
        await eventually(lambda: all_there(redis, 1))
    assert node.answered == [2]


async def test_a_no_and_an_unknown_question_are_told_as_such(redis: Redis, redis_url: str) -> None:
    await ask(redis, 1, name="no")
    await ask(redis, 2, name="unheard-of")
    async with answering(redis_url, Node("one", SHARD)):
        await eventually(lambda: all_there(redis, 2))
    found = await answers(redis)
    assert found["q1"]["error"] == {"status": 404, "text": "no such thing"}
    assert found["q2"]["error"]["status"] == 501
