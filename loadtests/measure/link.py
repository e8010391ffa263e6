"""A link: one program's way to one server, on a port of its own, that a fault run breaks for this program alone."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

CHUNK = 1 << 16
ENDED = (OSError, RuntimeError)  # what a transport raises that the other way has closed


class Link:
    """`close` refuses connections and breaks those that are open; `open` listens again, on the same port as before.
    `part` lets nothing through either way and breaks no connection, as a network does that drops packets.
    `lose_replies` takes requests and swallows what comes back, until `mend` breaks the connections that lost some.

    `on_connect` is told the port that the server sees as the client's.
    """

    def __init__(self, behind: int, on_connect: Callable[[int], None] = lambda port: None) -> None:
        self.port = 0
        self._behind = behind
        self._on_connect = on_connect
        self._passes = asyncio.Event()
        self._passes.set()
        self._loses = False
        self._broken: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await asyncio.sleep(0)  # what was taken a moment ago is begun now, and finds that it is closed
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def part(self) -> None:
        self._passes.clear()

    def lose_replies(self) -> None:
        self._loses = True

    def mend(self) -> None:
        self._passes.set()
        self._loses = False
        for writer in self._broken:
            writer.transport.abort()
        self._broken.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._server is None:
            writer.transport.abort()
            return
        self._tasks.add(task)
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            return  # the end either way: raised, it would be logged as if somebody had failed
        finally:
            self._broken.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._behind)
        self._on_connect(back.get_extra_info("sockname")[1])
        ways = [
            asyncio.ensure_future(self._requests(reader, back)),
            asyncio.ensure_future(self._replies(there, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            back.transport.abort()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*ENDED):
            while data := await reader.read(CHUNK):
                await self._passes.wait()
                writer.write(data)
                await writer.drain()
            # What was asked last, and by whom nobody waits any more, still arrives.
            writer.write_eof()
            await asyncio.sleep(0)

    async def _replies(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*ENDED):
            while data := await reader.read(CHUNK):
                await self._passes.wait()
                if self._loses or writer in self._broken:
                    self._broken.add(writer)
                    continue
                writer.write(data)
                await writer.drain()
