"""What reaches Postgres: a link that counts the statements which programs have it execute, by their text."""

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

_STARTUP = 196_608  # version 3.0 of the protocol; other first messages (TLS?) are followed by one more
CHUNK = 65_536


class Statements:
    """`counted` has the first line of each statement, without those that open and close transactions."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = parts.hostname, parts.port
        self._parts = parts
        self.dsn = ""
        self.counted: Counter[str] = Counter()
        self.transactions = 0

    @property
    def total(self) -> int:
        return self.counted.total()

    def clear(self) -> None:
        self.counted.clear()
        self.transactions = 0

    def count(self, text: str) -> None:
        line = " ".join(text.split())
        if line.rstrip(";").upper() in ("COMMIT", "ROLLBACK"):
            self.transactions += 1
        elif not line.upper().startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            self.counted[line[:100]] += 1

    @asynccontextmanager
    async def listening(self) -> "AsyncIterator[Statements]":
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        user = self._parts.netloc.rpartition("@")[0]
        self.dsn = urlunsplit(self._parts._replace(netloc=f"{user}@{place}" if user else place))
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(*self._target)
        try:
            async with asyncio.TaskGroup() as tasks:
                back = tasks.create_task(_copy(answers, writer))
                try:
                    await self._read_requests(reader, requests)
                except (asyncio.IncompleteReadError, ConnectionError):
                    back.cancel()
        finally:
            requests.close()
            writer.close()

    async def _read_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        version = 0
        while version != _STARTUP:
            head = await reader.readexactly(8)
            length, version = struct.unpack("!ii", head)
            writer.write(head + await reader.readexactly(length - 8))
        prepared: dict[bytes, str] = {}
        bound = ""
        while True:
            head = await reader.readexactly(5)
            content = await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)
            match head[:1]:
                case b"P":
                    name, text, _ = content.split(b"\0", 2)
                    prepared[name] = text.decode()
                case b"B":
                    bound = prepared.get(content.split(b"\0", 2)[1], "")
                case b"E":
                    self.count(bound)
                case b"Q":
                    self.count(content.rstrip(b"\0").decode())
            writer.write(head + content)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
    writer.close()
