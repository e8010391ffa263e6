"""The sender nodes over the API, with the partner's token."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from common import keys
from common.local import nodes
from common.postgres import Pool
from common.tables import shard
from tests.frontend.gateway import Caller, Gateway

pytestmark = pytest.mark.anyio

TTL = timedelta(seconds=60)


async def join(pool: Pool, id: str, name: str, *shards: int) -> None:
    await pool.fetch(shard.CLAIM, list(shards), id, TTL)
    await pool.fetch(
        shard.RENEW, list(shards), [1] * len(shards), id, TTL, name, "0.1.0", "127.0.0.1:8081", 50, 7, False
    )


async def test_nodes_are_listed_with_what_they_hold(gateway: Gateway, pool: Pool) -> None:
    await join(pool, "a-1", "a", 1, 2, 3)
    await join(pool, "b-1", "b")
    answer = (await gateway.as_partner("GET", "/nodes")).json()
    first, second = answer["nodes"]
    assert (first["id"], first["shards"], first["sessions"], first["capacity"]) == ("a-1", 3, 7, 50)
    assert 0 <= first["leaseAge"] < 30
    assert (second["id"], second["shards"], second["sessions"], second["leaseAge"]) == ("b-1", 0, 0, None)
    assert (answer["shards"], answer["free"]) == (256, 253)
    shown = nodes.shown(answer)
    assert "a-1" in shown
    assert shown.endswith("253 of 256 shards free\n")


async def test_a_node_is_drained_by_its_name_and_called(gateway: Gateway, pool: Pool, redis: Redis) -> None:
    await join(pool, "a-1", "a", 1)
    answer = await gateway.as_partner("PUT", "/nodes/drain", json={"node": "a"})
    assert (answer.status_code, answer.json()) == (200, {"nodes": ["a-1"], "draining": True})
    assert await redis.xlen(keys.node("a-1")) == 1
    assert 0 < await redis.ttl(keys.node("a-1")) <= keys.CALL_SECONDS
    assert (await gateway.as_partner("GET", "/nodes")).json()["nodes"][0]["draining"]
    await gateway.as_partner("PUT", "/nodes/drain", json={"node": "a-1", "value": False})
    assert not (await gateway.as_partner("GET", "/nodes")).json()["nodes"][0]["draining"]


async def test_an_unknown_node_is_not_found(gateway: Gateway) -> None:
    assert (await gateway.as_partner("PUT", "/nodes/drain", json={"node": "nobody"})).status_code == 404


async def test_only_the_partner_may_look(gateway: Gateway, caller: Caller) -> None:
    assert (await gateway.client.get("/nodes")).status_code == 401
    assert (await gateway.client.get("/nodes", headers={"Client-Token": "x"})).status_code == 401
