"""What the stores keep is measured against what is alive."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from common import keys
from common.postgres import Pool
from common.tables import shard
from loadtests.measure.leftovers import Alive, look, settle
from tests.builders import insert_instance
from tests.databases import SHARDS

pytestmark = pytest.mark.anyio

NOBODY: list[int] = []


async def too_much(database: str, redis_url: str, senders: int) -> list[str]:
    found = await look(database, redis_url, Alive(instances=5, shards=SHARDS, frontends=1, senders=senders))
    return [kept.what for kept in found if kept.is_too_much]


async def renew(pool: Pool, *nodes: str) -> None:
    for node in nodes:
        await pool.fetch(shard.RENEW, NOBODY, NOBODY, node, timedelta(seconds=9), node, "", "", 9, 0, False)


async def test_what_is_bounded_by_the_living_is_no_leftover(database: str, redis_url: str, pool: Pool) -> None:
    await insert_instance(pool)
    await renew(pool, "one", "two")
    assert await too_much(database, redis_url, senders=2) == []


async def test_rows_of_dead_nodes_are_found(database: str, redis_url: str, pool: Pool) -> None:
    await renew(pool, "one", "two", "dead")
    assert await too_much(database, redis_url, senders=2) == ["table node"]
    found = await settle(database, redis_url, Alive(5, SHARDS, 1, 2), patience=0)
    assert [kept.found for kept in found if kept.is_too_much] == [3]


async def test_keys_without_an_end_and_entries_of_dead_readers_are_found(
    database: str, redis_url: str, redis: Redis
) -> None:
    await redis.xadd("answer:of-a-dead-frontend", {"answer": "x"})
    await redis.xadd("stream:{1}:i", {"id": "1"})
    await redis.xgroup_create("stream:{1}:i", keys.GROUP, id="0")
    for reader in ("dead", "alive"):
        await redis.xreadgroup(keys.GROUP, reader, {"stream:{1}:i": ">"})
    assert await too_much(database, redis_url, senders=1) == [
        "streams without an end", "read and not deleted", "readers of streams", "ask, answer, node without an end",
    ]  # fmt: skip
