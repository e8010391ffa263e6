"""The one port: an HTTP proxy that ends TLS for WhatsApp's hosts right here, and plain HTTP for the control API.

A client that is told to use this proxy asks it to CONNECT to web.whatsapp.com; the answer is a TLS server on that very
socket. No name is resolved and nothing leaves the machine.
"""

import asyncio
import ssl
from collections.abc import Callable

from common import logs
from sender.whatsapp.wire.authority import DOMAINS

MAX_HEAD = 16_384
TLS_TIMEOUT = 10.0  # seconds
GOODBYE = 0.5  # seconds for TLS to end in order: a client that was killed says nothing, and counts as here meanwhile

ProtocolFactory = Callable[[], asyncio.Protocol]

log = logs.get(__name__)


class Listener:
    """`inside` serves what comes through TLS, `outside` the rest."""

    def __init__(self, context: ssl.SSLContext, inside: ProtocolFactory, outside: ProtocolFactory) -> None:
        self._context = context
        self._inside, self.outside = inside, outside
        self._tasks = asyncio.TaskGroup()
        self._server: asyncio.Server | None = None
        self.is_out = False
        """While true, no connection to WhatsApp comes about: an outage."""

    async def start(self, host: str, port: int) -> int:
        """Gives the port in use. Raises OSError when it is taken."""
        await self._tasks.__aenter__()
        self._server = await asyncio.get_running_loop().create_server(lambda: _Front(self), host, port)
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            await self._tasks.__aexit__(None, None, None)

    def upgrade(self, transport: asyncio.Transport) -> None:
        self._tasks.create_task(self._start_tls(transport), name="start tls")

    async def _start_tls(self, transport: asyncio.Transport) -> None:
        early = _Holder()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TLS_TIMEOUT):
                secure = await loop.start_tls(
                    transport, early, self._context, server_side=True, ssl_shutdown_timeout=GOODBYE
                )
        except (OSError, TimeoutError) as error:
            # A client that does not trust our authority ends here.
            log.warning("no TLS with a client", reason=type(error).__name__)
            return
        if secure:
            early.hand_over(secure, self._inside())


class _Holder(asyncio.Protocol):
    """Keeps what arrives until the real protocol takes over: TLS data can be there before `start_tls` returns."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._ended = False

    def data_received(self, data: bytes) -> None:
        self._held += data

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True

    def hand_over(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._held:
            protocol.data_received(bytes(self._held))
        if self._ended:
            protocol.connection_lost(None)


class _Front(asyncio.Protocol):
    """Reads the first request line of a connection and decides who serves it."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        assert transport
        self._head += data
        if len(self._head) >= 8 and not self._head.startswith(b"CONNECT "):
            protocol = self._listener.outside()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            protocol.data_received(self._head)
        elif b"\r\n\r\n" in self._head:
            self._connect(transport)
        elif len(self._head) > MAX_HEAD:
            transport.abort()

    def _connect(self, transport: asyncio.Transport) -> None:
        host = self._head.split(b" ", 2)[1].decode(errors="replace").rpartition(":")[0]
        if self._listener.is_out:
            transport.abort()
        elif not host.endswith(tuple(f".{domain}" for domain in DOMAINS)):
            transport.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            transport.close()
        else:
            transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._listener.upgrade(transport)
