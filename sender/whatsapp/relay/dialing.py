"""Connections to the outside: directly, or through an HTTP or SOCKS5 proxy."""

import asyncio
import base64
import socket
import struct
from urllib.parse import SplitResult, unquote, urlsplit

LONGEST_HEAD = 16_384
"""Of an answer or a request, in bytes."""

_SOCKS, _NO_PASSWORD, _PASSWORD = 5, 0, 2
_CONNECT, _BY_NAME = 1, 3
_ADDRESS_LENGTHS = {1: 4, 4: 16}

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Unreachable(OSError):
    """The proxy or what is behind it does not let us through."""


async def dial(host: str, port: int, proxy: str = "") -> Streams:
    """An open connection to a host, all the way. Raises OSError or TimeoutError; the caller sets the time limit.

    `proxy`: http://, socks5:// or socks5h:// URL, with user and password if need be. Its own name is looked up here,
    the host's name at the proxy.
    """
    if not proxy:
        return await asyncio.open_connection(host, port, limit=LONGEST_HEAD)
    parts = urlsplit(proxy)
    knock = {"http": _ask_http, "socks5": _ask_socks, "socks5h": _ask_socks}.get(parts.scheme)
    if knock is None or not parts.hostname:
        raise Unreachable("a proxy is an http or socks5 URL")
    default = 80 if parts.scheme == "http" else 1080
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or default, limit=LONGEST_HEAD)
    try:
        await knock(reader, writer, parts, host, port)
    except BaseException as error:
        writer.transport.abort()
        if isinstance(error, asyncio.IncompleteReadError | asyncio.LimitOverrunError):
            raise Unreachable("the proxy's answer cannot be read") from None
        raise
    return reader, writer


def keep_alive(writer: asyncio.StreamWriter) -> None:
    """A peer that vanished is noticed in about a minute also where nobody says anything."""
    if (connection := writer.get_extra_info("socket")) is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3)):
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


async def _ask_http(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, proxy: SplitResult, host: str, port: int
) -> None:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    writer.write("\r\n".join((*lines, "", "")).encode())
    answer = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
    if len(answer) < 2 or answer[1] != b"200":
        raise Unreachable("the proxy refused")


async def _ask_socks(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, proxy: SplitResult, host: str, port: int
) -> None:
    """RFC 1928 and 1929."""
    way = _NO_PASSWORD if proxy.username is None else _PASSWORD
    writer.write(bytes((_SOCKS, 1, way)))
    if await reader.readexactly(2) != bytes((_SOCKS, way)):
        raise Unreachable("the proxy wants another way of authentication")
    if way == _PASSWORD:
        user, password = unquote(proxy.username or "").encode(), unquote(proxy.password or "").encode()
        if max(len(user), len(password)) > 255:
            raise Unreachable("the proxy's user or password is too long")
        writer.write(bytes((1, len(user))) + user + bytes((len(password),)) + password)
        if (await reader.readexactly(2))[1] != 0:
            raise Unreachable("the proxy refused the password")
    name = host.encode("idna")
    writer.write(bytes((_SOCKS, _CONNECT, 0, _BY_NAME, len(name))) + name + struct.pack(">H", port))
    _, outcome, _, kind = await reader.readexactly(4)
    length = _ADDRESS_LENGTHS.get(kind) or (await reader.readexactly(1))[0]
    await reader.readexactly(length + 2)
    if outcome != 0:
        raise Unreachable("the proxy could not reach the host")
