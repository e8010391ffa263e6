"""One connection of the library and its twin to WhatsApp: two Noise handshakes, then stanzas in both directions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from sender.whatsapp.relay.holding import Holding
from sender.whatsapp.relay.relayed import Relayed
from sender.whatsapp.relay.websocket import WebSocket
from sender.whatsapp.wire.errors import HandshakeFailed
from sender.whatsapp.wire.framing import HEADER, FrameReader, frame
from sender.whatsapp.wire.handshake import ClientHandshake, ServerHandshake, ServerIdentity
from sender.whatsapp.wire.noise import Transport

HANDSHAKE_PATIENCE = 20.0  # seconds; the library's own


class Link:
    """`identity` is what the library trusts, `root` (a public key) what WhatsApp must prove itself with.

    `run` ends with the first of the two connections; the caller closes the other. What cannot go on raises WireError.
    """

    def __init__(
        self, relayed: Relayed, identity: ServerIdentity, root: bytes, client: WebSocket, server: WebSocket
    ) -> None:
        self._relayed = relayed
        self._identity = identity
        self._root = root
        self._client, self._server = client, server
        self._from_client = _frames(client, FrameReader(from_client=True))
        self._from_server = _frames(server, FrameReader(from_client=False))
        self._holding = Holding(self.write_down, relayed.most_held)

    async def run(self) -> None:
        async with asyncio.timeout(HANDSHAKE_PATIENCE):
            await self._shake_hands()
        self._relayed.opened(self)
        try:
            async with asyncio.TaskGroup() as pumps:
                up = pumps.create_task(
                    _pump(self._from_client, self._down, self._relayed.from_client, self.write_up, self._server.drain)
                )
                down = pumps.create_task(
                    _pump(self._from_server, self._up, self._relayed.from_server, self._hold, self._drain_down)
                )
                await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
                up.cancel()
                down.cancel()
        finally:
            self._relayed.closed(self)

    def write_up(self, stanza: bytes) -> None:
        """Sealed and queued in one go: the counter of a seal is its place in the stream."""
        self._server.send(frame(self._up.seal(stanza)))

    def write_down(self, stanza: bytes) -> None:
        self._client.send(frame(self._down.seal(stanza)))

    def kept(self, number: int) -> None:
        """Messages up to this number are safe: the library may see them."""
        self._holding.kept(number)

    def _hold(self, stanza: bytes) -> None:
        self._holding.add(stanza, self._relayed.arriving(stanza))

    async def _drain_down(self) -> None:
        await self._holding.room()
        await self._client.drain()

    async def _shake_hands(self) -> None:
        """WhatsApp first: the library must not take us for a server before we have met one."""
        outer, inner = ClientHandshake(self._root), ServerHandshake(self._identity)
        self._server.send(HEADER + frame(outer.hello()))
        outer.check(await _next(self._from_server))
        self._client.send(frame(inner.answer(await _next(self._from_client))))
        self._down = inner.finish(await _next(self._from_client))
        if inner.client_static != self._relayed.noise_key.public:
            raise HandshakeFailed("the library does not show the key of the session's device")
        finish, self._up = outer.finish(self._relayed.noise_key, inner.payload)
        self._server.send(frame(finish))
        await self._server.drain()


async def _pump(
    frames: AsyncIterator[bytes],
    transport: Transport,
    rule: Callable[[bytes], bytes | None],
    write: Callable[[bytes], None],
    drain: Callable[[], Awaitable[None]],
) -> None:
    async for body in frames:
        stanza = rule(transport.open(body))
        if stanza is not None:
            write(stanza)
        # Read no more than the other end takes: this is all the back-pressure there is.
        await drain()


async def _frames(socket: WebSocket, reader: FrameReader) -> AsyncIterator[bytes]:
    async for piece in socket.payload():
        for body in reader.feed(piece):
            yield body


async def _next(frames: AsyncIterator[bytes]) -> bytes:
    try:
        return await anext(frames)
    except StopAsyncIteration:
        raise HandshakeFailed("the connection was closed during the handshake") from None
