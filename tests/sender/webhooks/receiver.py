"""A customer's server: it writes down what it gets and answers as it is told to."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.waiting import PATIENCE

Answer = int | str | Callable[[], int | str]
"""A status; `hang`, `reset`, `garbage` or `large`; or what decides it for each request."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request, as it came. `took` says whether it was answered with 2xx."""

    path: str
    id: str
    instance: str
    seq: int
    took: bool
    body: bytes
    headers: dict[str, str]
    at: float


@dataclass(slots=True)
class Receiver:
    port: int = 0
    log: list[Delivery] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    """By path: one for each request in turn; the last one stays. Without any: 200."""
    headers: dict[str, str] = field(default_factory=dict)
    in_flight: int = 0
    most_in_flight: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _flying: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def taken(self, path: str | None = None) -> list[Delivery]:
        return [each for each in self.log if each.took and path in (None, each.path)]

    def seqs(self, path: str | None = None) -> list[int]:
        return [each.seq for each in self.taken(path)]

    async def reached(self, count: int, *, path: str | None = None, patience: float = PATIENCE) -> list[Delivery]:
        """Wait until that many requests were answered with 2xx."""
        async with asyncio.timeout(patience):
            while len(found := self.taken(path)) < count:
                self._grown.clear()
                await self._grown.wait()
        return found

    async def asked(self, count: int, *, path: str | None = None, patience: float = PATIENCE) -> None:
        """Wait until that many requests came, however they were answered."""
        async with asyncio.timeout(patience):
            while len([each for each in self.log if path in (None, each.path)]) < count:
                self._grown.clear()
                await self._grown.wait()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        instance = request.headers["pombo-instance"]
        self._flying[instance] += 1
        self.most_in_flight[instance] = max(self.most_in_flight[instance], self._flying[instance])
        try:
            return await self._answer(request, body, instance)
        finally:
            self._flying[instance] -= 1

    async def _answer(self, request: web.Request, body: bytes, instance: str) -> web.StreamResponse:
        waiting = self.answers[request.path]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0] if waiting else 200
        if callable(answer):
            answer = answer()
        took = answer == "large" or (isinstance(answer, int) and 200 <= answer < 300)
        self.log.append(
            Delivery(
                request.path,
                request.headers["webhook-id"],
                instance,
                int(request.headers["pombo-sequence"]),
                took,
                body,
                {key.lower(): value for key, value in request.headers.items()},
                asyncio.get_running_loop().time(),
            )
        )
        self._grown.set()
        match answer:
            case "hang":
                await asyncio.sleep(3600)
            case "reset" | "garbage":
                assert request.transport is not None
                if answer == "garbage":
                    request.transport.write(b"what is this\r\n\r\n")
                request.transport.abort() if answer == "reset" else request.transport.close()
            case "large":
                return web.Response(body=b"x" * 1_000_000)
            case int():
                return web.Response(status=answer, headers=self.headers)
        return web.Response()


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()
