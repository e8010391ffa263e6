"""A Redis client whose calls end when they are cancelled."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from redis.exceptions import RedisError

from common.doorbell import writer
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio


async def test_a_call_that_is_cancelled_at_any_moment_never_goes_on(redis_url: str) -> None:
    client = writer(redis_url)
    for moment in range(60):
        call = asyncio.ensure_future(client.ping())
        for _ in range(moment % 15):
            await asyncio.sleep(0)
        if call.cancel():
            await asyncio.wait([call])
            assert call.cancelled(), moment
    await client.aclose()


@pytest.fixture
def deaf() -> Iterator[str]:
    """The URL of a server that takes connections and never reads."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


@pytest.mark.parametrize("size", [10, 20_000_000])
async def test_a_server_that_does_not_answer_or_not_even_read_costs_a_bounded_time(deaf: str, size: int) -> None:
    client = writer(deaf, timeout=0.2)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(RedisError):
            await client.set("key", b"x" * size)
    await client.aclose()


async def test_arguments_of_every_kind_arrive_as_they_were_given(redis_url: str) -> None:
    client = writer(redis_url)
    try:
        await client.hset("packed", mapping={"text": "olá", "bytes": b"\x00\xff\r\n", "whole": 7, "half": 0.5})
        assert await client.hgetall("packed") == {
            b"text": "olá".encode(),
            b"bytes": b"\x00\xff\r\n",
            b"whole": b"7",
            b"half": b"0.5",
        }
        assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"]  # a command of two words
    finally:
        await client.delete("packed")
        await client.aclose()
