"""One client connection: the websocket, the Noise transport over it, and an ordered writer."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from aiohttp import ClientConnectionError, WSMsgType, web

from common import logs
from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.framing import FrameReader, frame
from sender.whatsapp.wire.handshake import ServerHandshake, ServerIdentity
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.noise import Transport

# Neighbours in the queue share a websocket message up to this size.
BATCH_BYTES = 60_000

log = logs.get(__name__)


class Owner(Protocol):
    """What happens to connections."""

    def opened(self, connection: "Connection") -> None:
        """The handshake is done: `client_static` and `payload` are known."""

    def received(self, connection: "Connection", node: Node) -> None: ...

    def closed(self, connection: "Connection") -> None: ...


class Connection:
    """`before_write` is called right before bytes leave: the moment to make durable what they tell."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        identity: ServerIdentity,
        owner: Owner,
        before_write: Callable[[], None],
    ) -> None:
        self.device: Device | None = None
        self.client_static = b""
        self.payload = b""
        self.is_closing = False
        self.peer_port: int = transport.get_extra_info("peername")[1]
        """Tells the clients of one machine apart. Asked for now: a transport that is closed does not know it."""
        self._socket = socket
        self._network = transport
        self._owner = owner
        self._before_write = before_write
        self._handshake = ServerHandshake(identity)
        self._greeted = False
        self._transport: Transport | None = None
        self._frames = FrameReader(from_client=True)
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._linger: float | None = None

    def send(self, node: Node) -> None:
        self.send_encoded(encode(node))

    def send_encoded(self, stanza: bytes) -> None:
        """Queue one stanza; dropped when the connection is already closing."""
        if not self.is_closing:
            self._queue.append(stanza)
            self._wake.set()

    def close(self, after: float = 0.3) -> None:
        """Close once everything queued is written, and a little later.

        A client drops stanzas that it has not handled yet when the socket goes away, so a stream error right before
        the close would get lost and be taken for a mere disconnect.
        """
        if not self.is_closing:
            self.is_closing = True
            self._linger = after
            self._wake.set()

    def abort(self) -> None:
        """Cut the connection now, whatever is still queued."""
        self.is_closing = True
        self._queue.clear()
        self._network.abort()

    async def run(self) -> None:
        """Until the client goes or the connection is closed."""
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(), name="connection writer")
                try:
                    await self._read()
                finally:
                    writer.cancel()
        except* WireError as errors:
            log.warning("connection dropped", reason=str(errors.exceptions[0]))
        finally:
            self.is_closing = True
            self._owner.closed(self)

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type != WSMsgType.BINARY:
                continue
            for body in self._frames.feed(message.data):
                if self._transport:
                    self._owner.received(self, decode(self._transport.open(body)))
                else:
                    await self._shake(body)

    async def _shake(self, body: bytes) -> None:
        if not self._greeted:
            self._greeted = True
            await self._socket.send_bytes(frame(self._handshake.answer(body)))
            return
        self._transport = self._handshake.finish(body)
        self.client_static, self.payload = self._handshake.client_static, self._handshake.payload
        self._owner.opened(self)
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue and self._transport:
                batch = bytearray()
                while self._queue and len(batch) < BATCH_BYTES:
                    batch += frame(self._transport.seal(self._queue.popleft()))
                self._before_write()
                try:
                    await self._socket.send_bytes(bytes(batch))
                except (ConnectionError, ClientConnectionError):
                    return
            if self._linger is not None:
                await asyncio.sleep(self._linger)
                await self._socket.close()
                return

    def __str__(self) -> str:
        return str(self.device.phone_jid) if self.device else "unpaired"
