"""The relay of one session host: a loop in a thread of its own, and the sessions that it lets through."""

import asyncio
import secrets
import ssl
import threading
from asyncio.sslproto import SSLProtocol
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from sender.whatsapp.relay.front import Ends, Front, Report
from sender.whatsapp.relay.holding import MOST
from sender.whatsapp.relay.relayed import Relayed
from sender.whatsapp.relay.trust import authority_in
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.handshake import ServerIdentity

T = TypeVar("T")

TLS_BUFFER = 20 * 1024  # bytes
"""A little more than one record of TLS: it is for the whole process, in which nothing else speaks TLS from Python."""


class Relay:
    """`folder` holds the authority (see trust.py), `noise_root` is the key that WhatsApp must prove itself with and
    `ca_file` who signs its TLS certificate (empty: the system's). `held` stanzas of a session may wait.

    Called from any thread. A session is known by the name that the library will send along.
    """

    def __init__(self, folder: Path, noise_root: bytes, ca_file: str = "", held: int = MOST) -> None:
        self._held = held
        # Each end of each connection reads into a buffer of this size; asyncio's 256 kB are two thirds of a session.
        SSLProtocol.max_size = TLS_BUFFER
        self._identity = ServerIdentity(KeyPair())
        outer = ssl.create_default_context(cafile=ca_file or None)
        outer.set_alpn_protocols(["http/1.1"])
        self._ends = Ends(self._identity, authority_in(folder).server_context(), outer, noise_root)
        self._sessions: dict[str, Relayed] = {}
        self._credentials: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._port = 0

    @property
    def noise_root(self) -> bytes:
        """The key that the library is to trust instead of WhatsApp's."""
        return self._identity.root_public

    def start(self, report: Report) -> None:
        """Raises OSError."""
        threading.Thread(target=self._loop.run_forever, name="relay", daemon=True).start()

        def tell(credentials: str, problem: str) -> None:
            report(credentials.partition(":")[0], problem)

        self._port = self._run(Front(self._ends, self._sessions, tell).start)

    def admit(
        self,
        session: str,
        noise_key: bytes,
        proxy: str,
        tell_arrival: Callable[[int, bytes], None] | None = None,
        tell_forgotten: Callable[[int, bytes], None] | None = None,
        tell_late: Callable[[bytes], None] | None = None,
    ) -> str:
        """The URL of the proxy that this session is to use, and nobody else. Raises BadKey."""
        credentials = self._credentials[session] = f"{session}:{secrets.token_hex(16)}"
        self._sessions[credentials] = Relayed(
            KeyPair(noise_key), proxy, tell_arrival, self._held, tell_forgotten, tell_late
        )
        return f"http://{credentials}@127.0.0.1:{self._port}"

    def dismiss(self, session: str) -> None:
        self._sessions.pop(self._credentials.pop(session, ""), None)

    def find(self, session: str) -> Relayed | None:
        return self._sessions.get(self._credentials.get(session, ""))

    def begin(self, work: Callable[[], Awaitable[T]]) -> Future[T]:
        """Run something in the relay's loop."""

        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def _run(self, work: Callable[[], Awaitable[T]]) -> T:
        return self.begin(work).result()
