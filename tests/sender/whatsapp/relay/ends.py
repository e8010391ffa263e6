"""Both ends of a relay for its tests: a WhatsApp behind a proxy of its own, and a library that dials the relay."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sender.whatsapp.relay.front import Ends, Front
from sender.whatsapp.relay.relayed import Relayed
from sender.whatsapp.relay.websocket import WebSocket
from sender.whatsapp.wire.authority import ensure_authority
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.framing import HEADER, FrameReader, frame
from sender.whatsapp.wire.handshake import ClientHandshake, ServerHandshake, ServerIdentity
from sender.whatsapp.wire.noise import Transport
from tests.waiting import PATIENCE

CHAT = "web.whatsapp.com:443"
UPGRADE = (
    b"GET /ws/chat HTTP/1.1\r\nHost: web.whatsapp.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
PAYLOAD = b"client payload"


@dataclass
class End:
    """One open connection: stanzas out and in."""

    socket: WebSocket
    writer: asyncio.StreamWriter
    frames: AsyncIterator[bytes]
    transport: Transport | None = None
    handshake: ServerHandshake | None = None

    async def say(self, stanza: bytes) -> None:
        assert self.transport
        self.socket.send(frame(self.transport.seal(stanza)))
        await self.socket.drain()

    async def hear(self) -> bytes:
        assert self.transport
        async with asyncio.timeout(PATIENCE):
            return self.transport.open(await anext(self.frames))

    async def is_closed(self) -> bool:
        """Waits for the other end to go."""
        async with asyncio.timeout(PATIENCE):
            try:
                async for _ in self.frames:
                    pass
            except OSError:
                pass
            return True


async def frames_of(socket: WebSocket, *, from_client: bool) -> AsyncIterator[bytes]:
    reader = FrameReader(from_client=from_client)
    async for piece in socket.payload():
        for body in reader.feed(piece):
            yield body


@dataclass
class WhatsApp:
    """An HTTP proxy that is WhatsApp, whoever one asks it for; other hosts echo."""

    context: ssl.SSLContext
    root: KeyPair = field(default_factory=KeyPair)
    refuses: bool = False
    arrived: asyncio.Queue[End] = field(default_factory=asyncio.Queue)
    asked: list[bytes] = field(default_factory=list)
    url: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            if self.refuses:
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
                return
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            if not head.startswith(f"CONNECT {CHAT} ".encode()):
                while data := await reader.read(1 << 16):
                    writer.write(data)
                    await writer.drain()
                return
            await writer.start_tls(self.context)
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(SWITCHING)
            socket = WebSocket(reader, writer, is_client=False)
            end = End(socket, writer, frames_of(socket, from_client=True))
            end.handshake = ServerHandshake(ServerIdentity(self.root))
            socket.send(frame(end.handshake.answer(await anext(end.frames))))
            end.transport = end.handshake.finish(await anext(end.frames))
            await self.arrived.put(end)
            await self.over.wait()
        except (OSError, asyncio.IncompleteReadError, StopAsyncIteration):
            pass
        finally:
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()
            writer.close()

    async def next(self) -> End:
        async with asyncio.timeout(PATIENCE):
            return await self.arrived.get()


@dataclass
class World:
    whatsapp: WhatsApp
    relayed: Relayed
    device: KeyPair
    problems: list[tuple[str, str]]
    _inner_root: bytes
    _inner_tls: ssl.SSLContext
    _port: int
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def dial(
        self, target: str = CHAT, who: str = "ana:secret"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers.append(writer)
        credentials = base64.b64encode(who.encode()).decode()
        writer.write(f"CONNECT {target} HTTP/1.1\r\nProxy-Authorization: Basic {credentials}\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            return reader, writer, await reader.readuntil(b"\r\n\r\n")

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def upgrade(self, who: str = "ana:secret") -> tuple[End, bytes]:
        reader, writer, _ = await self.dial(who=who)
        await writer.start_tls(self._inner_tls, server_hostname="web.whatsapp.com")
        writer.write(UPGRADE)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.readuntil(b"\r\n\r\n")
        socket = WebSocket(reader, writer, is_client=True)
        return End(socket, writer, frames_of(socket, from_client=False)), answer

    async def log_in(self, key: KeyPair | None = None, who: str = "ana:secret") -> End:
        end, _ = await self.upgrade(who)
        handshake = ClientHandshake(self._inner_root)
        end.socket.send(HEADER + frame(handshake.hello()))
        async with asyncio.timeout(PATIENCE):
            handshake.check(await anext(end.frames))
        finish, end.transport = handshake.finish(key or self.device, PAYLOAD)
        end.socket.send(frame(finish))
        await end.socket.drain()
        return end

    async def joined(self) -> tuple[End, End]:
        """The library's end and WhatsApp's end of one session."""
        return await self.log_in(), await self.whatsapp.next()


@asynccontextmanager
async def world(folder: Path, trusted_root: bytes | None = None) -> AsyncIterator[World]:
    authority = ensure_authority(folder)
    whatsapp = WhatsApp(authority.server_context())
    far = await asyncio.start_server(whatsapp.serve, "127.0.0.1", 0)
    whatsapp.url = f"http://127.0.0.1:{far.sockets[0].getsockname()[1]}"
    trusting = ssl.create_default_context(cafile=str(authority.certificate))
    identity, device = ServerIdentity(KeyPair()), KeyPair()
    ends = Ends(identity, authority.server_context(), trusting, trusted_root or whatsapp.root.public)
    relayed = Relayed(device, whatsapp.url)
    problems: list[tuple[str, str]] = []
    front = Front(ends, {"ana:secret": relayed}, lambda name, problem: problems.append((name, problem)))
    try:
        relay = World(whatsapp, relayed, device, problems, identity.root_public, trusting, await front.start())
        yield relay
        relay.hang_up()
    finally:
        await front.stop()
        whatsapp.over.set()
        far.close()
