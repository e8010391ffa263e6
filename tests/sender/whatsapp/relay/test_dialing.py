import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from sender.whatsapp.relay.dialing import Unreachable, dial

pytestmark = pytest.mark.anyio

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def proxy(serve: Serve) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_an_http_proxy_is_asked_with_its_password() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello")
        writer.close()

    async with proxy(serve) as port:
        reader, writer = await dial("web.whatsapp.com", 443, f"http://ana:se%40cret@127.0.0.1:{port}")
        assert await reader.read() == b"hello"
        writer.close()
    assert heard[0].startswith(b"CONNECT web.whatsapp.com:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic YW5hOnNlQGNyZXQ=\r\n" in heard[0]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"", b"x" * 100_000, b"\r\n\r\n"])
async def test_an_http_proxy_that_refuses_is_no_way(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with proxy(serve) as port:
        with pytest.raises(Unreachable):
            await dial("web.whatsapp.com", 443, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("has_password", [False, True])
async def test_a_socks_proxy_looks_the_name_up(has_password: bool) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readexactly(3))
        writer.write(b"\5\2" if has_password else b"\5\0")
        if has_password:
            heard.append(await reader.readexactly(9))
            writer.write(b"\1\0")
        heard.append(await reader.readexactly(23))
        writer.write(b"\5\0\0\1\0\0\0\0\0\0hello")
        writer.close()

    async with proxy(serve) as port:
        user = "ana:key@" if has_password else ""
        reader, writer = await dial("web.whatsapp.com", 443, f"socks5://{user}127.0.0.1:{port}")
        assert await reader.read() == b"hello"
        writer.close()
    assert heard[-1] == b"\5\1\0\3\x10web.whatsapp.com\x01\xbb"
    assert not has_password or heard[1] == b"\1\3ana\3key"


@pytest.mark.parametrize("answer", [b"\5\xff", b"\5\0\5\5\0\1\0\0\0\0\0\0", b"\4\0", b""])
async def test_a_socks_proxy_that_refuses_is_no_way(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        writer.write(answer)
        writer.close()

    async with proxy(serve) as port:
        with pytest.raises(Unreachable):
            await dial("web.whatsapp.com", 443, f"socks5://127.0.0.1:{port}")


async def test_another_kind_of_proxy_is_none() -> None:
    with pytest.raises(Unreachable):
        await dial("web.whatsapp.com", 443, "ftp://127.0.0.1:1")
