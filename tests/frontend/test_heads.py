"""The first lines of a request: bounded in size, and in the time that they may take."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import uvicorn

from frontend.bodies import Receive
from frontend.dispatch import Message, SendAnswer
from frontend.heads import LARGEST, MOST, HeadProtocol, HeadWatch
from tests.clock import ManualClock
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

PATIENCE = 10.0
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(slots=True)
class Server:
    port: int
    clock: ManualClock
    watch: HeadWatch
    connections: set[object]

    async def connect(self, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        before = len(self.connections)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        await eventually(lambda: len(self.connections) > before)
        if data:
            await eventually(lambda: all(each.scope for each in self.connections))  # type: ignore[attr-defined]
        return reader, writer


async def answer_ok(scope: Message, receive: Receive, send: SendAnswer) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[Server]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(answer_ok, http=HeadProtocol, ws="none", lifespan="off", log_config=None)
        running = uvicorn.Server(config)
        serving = asyncio.ensure_future(running.serve([listening]))
        await eventually(lambda: running.started)
        clock = ManualClock()
        watch = HeadWatch(running.server_state, clock, PATIENCE)
        yield Server(listening.getsockname()[1], clock, watch, running.server_state.connections)
        running.should_exit = True
        await serving


async def read(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(65_536), 120)


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_is_408_and_the_connection_closed(server: Server, begun: bytes) -> None:
    reader, writer = await server.connect(begun)
    server.watch.look()
    server.clock.move(PATIENCE - 1)
    server.watch.look()
    server.clock.move(1)
    server.watch.look()
    assert (await read(reader)).startswith(b"HTTP/1.1 408 ")
    await eventually(lambda: not server.connections)
    writer.close()


async def test_a_trickle_of_header_lines_does_not_gain_time(server: Server) -> None:
    reader, writer = await server.connect(b"GET / HTTP/1.1\r\n")
    for number in range(6):
        writer.write(f"X-{number}: y\r\n".encode())
        await writer.drain()
        server.watch.look()
        server.clock.move(PATIENCE / 4)
    server.watch.look()
    assert (await read(reader)).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_connection_that_rests_between_requests_is_left_alone(server: Server) -> None:
    reader, writer = await server.connect(WHOLE)
    assert (await read(reader)).startswith(b"HTTP/1.1 200 ")
    for _ in range(3):
        server.watch.look()
        server.clock.move(PATIENCE)
    writer.write(WHOLE)
    assert (await read(reader)).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_second_request_has_its_own_time(server: Server) -> None:
    reader, writer = await server.connect(WHOLE)
    await read(reader)
    writer.write(b"GET / HT")
    await eventually(lambda: any(not each.is_resting for each in server.connections))  # type: ignore[attr-defined]
    server.watch.look()
    server.clock.move(PATIENCE)
    server.watch.look()
    assert (await read(reader)).startswith(b"HTTP/1.1 408 ")
    writer.close()


@pytest.mark.parametrize("line", [b"X: " + b"y" * 20_000 + b"\r\n", b"X: y\r\n" * (MOST // 4)], ids=["large", "many"])
async def test_a_head_that_only_grows_is_431(server: Server, line: bytes) -> None:
    reader, writer = await server.connect(b"GET / HTTP/1.1\r\n")
    answer = asyncio.ensure_future(read(reader))
    for _ in range(2 * LARGEST // 20_000):
        if answer.done():
            break
        writer.write(line)
        await writer.drain()
        await asyncio.sleep(0)
        await asyncio.wait([answer], timeout=0.05)
    assert (await answer).startswith(b"HTTP/1.1 431 ")
    writer.close()
