"""Intake: rings are heard, and what they leave in Redis goes with them, whoever reads and whatever gets lost."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from common import keys
from common.doorbell import Doorbell, writer
from sender.intake import Intake, reader
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

SHARD = 3


class Listener:
    """One node's intake, and the instances that it heard of."""

    def __init__(self, redis: Redis, node: str) -> None:
        self.heard: list[UUID] = []
        self.looked = asyncio.Event()
        self.intake = Intake(redis, node, lambda: {SHARD: 1}, self._ring, self._return, lambda: None)

    async def _ring(self, instance: UUID) -> None:
        self.heard.append(instance)

    async def _return(self, shards: Iterable[int] | None) -> None:
        self.looked.set()


@asynccontextmanager
async def listening(redis_url: str, node: str) -> AsyncIterator[Listener]:
    client = reader(redis_url)
    listener = Listener(client, node)
    running = asyncio.create_task(listener.intake.run())
    try:
        await listener.looked.wait()
        yield listener
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await client.aclose()


async def test_streams_do_not_grow_with_the_nodes_that_ever_read_them(redis_url: str) -> None:
    redis, instance = writer(redis_url), uuid4()
    stream = keys.stream(SHARD, instance)
    for number in range(3):
        async with listening(redis_url, f"node-{number}") as listener:
            await Doorbell(redis).append({(SHARD, instance): [number]})
            await eventually(lambda: instance in listener.heard)
            await eventually(lambda: is_empty(redis, stream))
    assert len(await redis.xinfo_consumers(stream, keys.GROUP)) == 1
    await redis.aclose()


async def test_what_a_reader_took_and_left_behind_is_deleted_by_the_next(redis_url: str) -> None:
    """It died, or the reply to its read was lost."""
    redis, instance = writer(redis_url), uuid4()
    stream = keys.stream(SHARD, instance)
    await Doorbell(redis).append({(SHARD, instance): [1, 2]})
    await redis.xgroup_create(stream, keys.GROUP, id="0")
    await redis.xreadgroup(keys.GROUP, keys.CONSUMER, {stream: ">"})
    async with listening(redis_url, "node") as listener:
        await Doorbell(redis).append({(SHARD, instance): [3]})
        await eventually(lambda: instance in listener.heard)
        await eventually(lambda: is_empty(redis, stream))
    pending = await redis.xpending(stream, keys.GROUP)
    assert pending["pending"] == 0
    await redis.aclose()


async def is_empty(redis: Redis, stream: str) -> bool:
    return await redis.xlen(stream) == 0
