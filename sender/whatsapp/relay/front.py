"""The relay's port: a local HTTP proxy that ends TLS for WhatsApp's chat host and tunnels everything else untouched."""

import asyncio
import base64
import binascii
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sender.whatsapp.relay.dialing import LONGEST_HEAD, Streams, Unreachable, dial, keep_alive
from sender.whatsapp.relay.link import Link
from sender.whatsapp.relay.relayed import Relayed
from sender.whatsapp.relay.websocket import PIECE, WebSocket
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.handshake import ServerIdentity

CHAT_HOST, CHAT_PORT = "web.whatsapp.com", 443
DIAL_PATIENCE = 30.0  # seconds, half of the library's
HEAD_PATIENCE = 20.0  # seconds
CLOSE_PATIENCE = 1.0  # seconds

_END = b"\r\n\r\n"
_CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_NO_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_WHO = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Report = Callable[[str, str], None]
"""Told the name of a session and what went wrong with one of its connections."""


@dataclass(frozen=True, slots=True)
class Ends:
    """How the relay shows itself to the library, and how WhatsApp must show itself to the relay."""

    identity: ServerIdentity
    inner_tls: ssl.SSLContext
    outer_tls: ssl.SSLContext
    noise_root: bytes


class Front:
    """`sessions` are found by the user and password that the library sends along: the URL it was given."""

    def __init__(self, ends: Ends, sessions: Mapping[str, Relayed], report: Report) -> None:
        self._ends = ends
        self._sessions = sessions
        self._report = report
        self._server: asyncio.Server | None = None
        self._tasks = asyncio.TaskGroup()
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Gives the port."""
        await self._tasks.__aenter__()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LONGEST_HEAD)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Every connection is cut."""
        if self._server is not None:
            self._server.close()
            for connection in self._connections:
                connection.cancel()
            await self._tasks.__aexit__(None, None, None)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = self._tasks.create_task(self._serve(reader, writer), name="relayed connection")
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = "?"
        try:
            async with asyncio.timeout(HEAD_PATIENCE):
                target, name = _read_connect(await reader.readuntil(_END))
            if (relayed := self._sessions.get(name)) is None:
                writer.write(_WHO)
            elif target == (CHAT_HOST, CHAT_PORT):
                await self._chat(relayed, reader, writer)
            else:
                await _tunnel(*target, relayed.proxy, reader, writer)
        except Exception as error:
            # Whatever it was: it costs this session a new connection, and the others nothing.
            self._report(name, _reason(error))
        finally:
            await _close(writer)

    async def _chat(self, relayed: Relayed, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_CONNECTED)
        async with asyncio.timeout(HEAD_PATIENCE):
            await writer.start_tls(self._ends.inner_tls)
            request = _without_extensions(await reader.readuntil(_END))
        # A dead network looks to the library like a dead network: it is answered after the other end did.
        try:
            async with asyncio.timeout(DIAL_PATIENCE):
                far_reader, far_writer = await self._dial(relayed.proxy)
        except (OSError, TimeoutError):
            writer.write(_NO_GATEWAY)
            raise
        try:
            # The library's own words, both ways: nothing of this exchange is ours.
            far_writer.write(request)
            async with asyncio.timeout(DIAL_PATIENCE):
                answer = await far_reader.readuntil(_END)
            writer.write(answer)
            if not answer.startswith(b"HTTP/1.1 101 "):
                raise Unreachable("WhatsApp refused the connection")
            near = WebSocket(reader, writer, is_client=False)
            far = WebSocket(far_reader, far_writer, is_client=True)
            await Link(relayed, self._ends.identity, self._ends.noise_root, near, far).run()
        finally:
            await _close(far_writer)

    async def _dial(self, proxy: str) -> Streams:
        reader, writer = await dial(CHAT_HOST, CHAT_PORT, proxy)
        keep_alive(writer)
        try:
            await writer.start_tls(self._ends.outer_tls, server_hostname=CHAT_HOST)
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer


async def _tunnel(host: str, port: int, proxy: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Media: TLS between the library and the host, of which we see nothing."""
    try:
        async with asyncio.timeout(DIAL_PATIENCE):
            far_reader, far_writer = await dial(host, port, proxy)
    except (OSError, TimeoutError):
        writer.write(_NO_GATEWAY)
        raise
    try:
        writer.write(_CONNECTED)
        async with asyncio.TaskGroup() as ways:
            ways.create_task(_carry(reader, far_writer))
            ways.create_task(_carry(far_reader, writer))
    finally:
        await _close(far_writer)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    """What was written may still go out, but nobody is waited for who does not read."""
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_PATIENCE):
            await writer.wait_closed()
    writer.transport.abort()


def _read_connect(head: bytes) -> tuple[tuple[str, int], str]:
    """Where to, and the credentials that came along. Raises Unreachable for what is no such request."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[0] != "CONNECT":
        raise Unreachable("what was asked is not CONNECT")
    host, _, port = words[1].rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise Unreachable("the target is not a host and a port")
    credentials = ""
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "proxy-authorization" and value.strip().lower().startswith("basic "):
            with suppress(binascii.Error, UnicodeDecodeError):
                credentials = base64.b64decode(value.strip()[6:], validate=True).decode()
    return (host.strip("[]"), int(port)), credentials


def _without_extensions(request: bytes) -> bytes:
    """Compression of messages is not spoken here, so it is not offered."""
    lines = request.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"sec-websocket-extensions:"))


def _reason(error: BaseException) -> str:
    """Never more than our own words: other errors' texts may name addresses."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, WireError | Unreachable) else type(error).__name__
