"""The emulator on the network: its port, certificates and Noise identity, and the two HTTP applications behind them."""

import asyncio
from pathlib import Path

from aiohttp import web

from sender.whatsapp.emulator.connection import Connection
from sender.whatsapp.emulator.listener import Listener
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.authority import Authority, ensure_authority, write_secret
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.handshake import ServerIdentity

NOISE_ROOT = "noise_root.key"
MAX_STANZA = 1 << 24
MAX_MEDIA = 128 << 20
GOODBYE = 1.0  # seconds for a client to answer that its connection ends; then it ends


class Network:
    """`control` is the application for plain HTTP; what comes through the proxy meets WhatsApp's own paths."""

    def __init__(self, server: Server, folder: Path, control: web.Application) -> None:
        self._server = server
        self.authority: Authority = ensure_authority(folder)
        self._identity = ServerIdentity(_noise_root(folder))
        whatsapp = web.Application(client_max_size=MAX_MEDIA)
        whatsapp.router.add_get("/ws/chat", self._chat)
        whatsapp.router.add_routes(server.media.routes())
        # No access log: addresses of media and phone numbers stand in the paths.
        self._inside, self._outside = (
            web.AppRunner(application, access_log=None, handle_signals=False) for application in (whatsapp, control)
        )
        self._listener: Listener | None = None
        self.port = 0

    @property
    def noise_root(self) -> bytes:
        """The public key that clients must trust."""
        return self._identity.root_public

    async def start(self, host: str, port: int) -> int:
        """Gives the port in use. Raises OSError when it is taken."""
        for runner in (self._inside, self._outside):
            await runner.setup()
        inside, outside = self._inside.server, self._outside.server
        assert inside
        assert outside
        self._listener = Listener(self.authority.server_context(), inside, outside)
        self.port = await self._listener.start(host, port)
        return self.port

    async def stop(self) -> None:
        for connection in list(self._server.clients.connections):
            connection.close(after=0)
        for runner in (self._inside, self._outside):
            await runner.cleanup()
        if self._listener:
            await self._listener.stop()

    def go_out(self) -> None:
        """An outage: every client is cut off, none comes back before `come_back`."""
        if self._listener:
            self._listener.is_out = True
        self._server.clients.cut()

    def come_back(self) -> None:
        if self._listener:
            self._listener.is_out = False

    @property
    def is_out(self) -> bool:
        return bool(self._listener and self._listener.is_out)

    async def _chat(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_STANZA, timeout=GOODBYE)
        await socket.prepare(request)
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        database = self._server.database
        await Connection(socket, transport, self._identity, self._server.clients, database.commit).run()
        return socket


def _noise_root(folder: Path) -> KeyPair:
    path = folder / NOISE_ROOT
    if path.exists():
        return KeyPair(path.read_bytes())
    root = KeyPair()
    write_secret(path, root.private)
    return root
