"""A link passes everything on, until it is told to break: replies that are lost, and a network that drops all."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from loadtests.measure.link import Link
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio


class Way(NamedTuple):
    link: Link
    heard: list[bytes]
    seen: list[int]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, text: bytes) -> bytes:
        self.writer.write(text)
        return await asyncio.wait_for(self.reader.read(100), PATIENCE)


@pytest.fixture
async def way(anyio_backend: str) -> AsyncIterator[Way]:
    """A client of a server that answers `!` to everything."""
    heard: list[bytes] = []
    seen: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            heard.append(data)
            writer.write(b"!")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    link = Link(server.sockets[0].getsockname()[1], seen.append)
    await link.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    yield Way(link, heard, seen, reader, writer)
    writer.close()
    await link.close()
    server.close()


async def heard(way: Way, text: bytes) -> None:
    await eventually(lambda: text in way.heard)


async def test_what_is_asked_is_answered_and_the_port_is_told(way: Way) -> None:
    assert await way.ask(b"one") == b"!"
    assert way.heard == [b"one"]
    assert len(way.seen) == 1


async def test_a_request_whose_reply_is_lost_has_arrived_and_its_connection_breaks(way: Way) -> None:
    assert await way.ask(b"one") == b"!"
    way.link.lose_replies()
    way.writer.write(b"two")
    await heard(way, b"two")
    way.link.mend()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(way.reader.readexactly(1), PATIENCE)


async def test_a_parted_link_breaks_nothing_and_goes_on(way: Way) -> None:
    assert await way.ask(b"one") == b"!"
    way.link.part()
    way.writer.write(b"two")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(way.reader.read(1), 0.2)
    assert way.heard == [b"one"]
    way.link.mend()
    assert await asyncio.wait_for(way.reader.read(1), PATIENCE) == b"!"
    assert way.heard == [b"one", b"two"]
