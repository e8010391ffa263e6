"""HTTP load from one process: prepared requests over kept connections, as fast as they are answered or at a rate."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "
TICK = 0.001  # seconds between two looks at what is planned


@dataclass(slots=True)
class Result:
    """`latencies` in seconds, of answers with status 200; with a rate they count from the moment that was planned."""

    seconds: float = 0.0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Client(asyncio.Protocol):
    """One connection: one request under way at a time."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._buffer = b""
        self._planned = 0.0
        self._usual = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._load.idle(self)

    def ask(self, request: bytes, planned: float) -> None:
        assert self.transport is not None
        self._planned = planned
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if not self._buffer and len(data) == self._usual and data.startswith(b"HTTP/1.1 200 "):
            # An answer like the last one, whole in one piece: the common case, told without parsing.
            self._load.answered(self, True, time.perf_counter() - self._planned)
            return
        self._buffer += data
        head = self._buffer.find(_END_OF_HEAD)
        if head < 0:
            return
        at = self._buffer.lower().find(_LENGTH, 0, head)
        length = int(self._buffer[at + len(_LENGTH) : self._buffer.index(b"\r", at)])
        if len(self._buffer) < head + len(_END_OF_HEAD) + length:
            return
        status = self._buffer[9:12]
        self._usual = len(self._buffer) if status == b"200" else 0
        self._buffer = b""
        self._load.answered(self, status == b"200", time.perf_counter() - self._planned)

    def connection_lost(self, error: Exception | None) -> None:
        self._load.lost()


class _Load:
    def __init__(self, requests: Iterator[bytes], seconds: float, rate: float | None) -> None:
        self.result = Result()
        self.done = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._started = time.perf_counter()
        self._ends = self._started + seconds
        self._pause = None if rate is None else 1 / rate
        self._planned = self._started
        self._under_way = 0
        self._idle: list[_Client] = []

    def idle(self, client: _Client) -> None:
        now = time.perf_counter()
        if now >= self._ends:
            return
        if self._pause is None:
            self._ask(client, now)
        elif self._planned <= now:
            self._ask(client, self._next_planned())
        else:
            self._idle.append(client)

    def answered(self, client: _Client, is_good: bool, took: float) -> None:
        self._under_way -= 1
        if is_good:
            self.result.latencies.append(took)
        else:
            self.result.refused += 1
        self.idle(client)
        self._look_for_the_end()

    def lost(self) -> None:
        if not self.done.done() and time.perf_counter() < self._ends:
            self.done.set_exception(ConnectionError("the server closed a connection"))

    async def pace(self) -> None:
        """With a rate: ask at the planned moments, late ones at once, so that a stall shows in what waited for it."""
        while (now := time.perf_counter()) < self._ends:
            while self._planned <= now and self._idle:
                self._ask(self._idle.pop(), self._next_planned())
            await asyncio.sleep(TICK)
        self._look_for_the_end()

    def _next_planned(self) -> float:
        planned = self._planned
        self._planned += self._pause or 0.0
        return planned

    def _ask(self, client: _Client, planned: float) -> None:
        self._under_way += 1
        client.ask(next(self._requests), planned)

    def _look_for_the_end(self) -> None:
        now = time.perf_counter()
        if not self._under_way and now >= self._ends and not self.done.done():
            self.result.seconds = now - self._started
            self.done.set_result(None)


async def run_load(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float, rate: float | None = None
) -> Result:
    """Ask 127.0.0.1:`port` for `seconds`. Without `rate` each connection asks again as soon as it is answered."""
    loop = asyncio.get_running_loop()
    load = _Load(itertools.cycle(requests), seconds, rate)
    clients = [(await loop.create_connection(lambda: _Client(load), "127.0.0.1", port))[0] for _ in range(connections)]
    try:
        async with asyncio.timeout(seconds + 30), asyncio.TaskGroup() as tasks:
            if rate is not None:
                tasks.create_task(load.pace())
            await load.done
    finally:
        for transport in clients:
            transport.abort()
    return load.result
