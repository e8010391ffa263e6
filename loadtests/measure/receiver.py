"""A customer's receiver of webhooks: takes everything, and writes down in which order it was called."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from loadtests.history.events import Called


class Receiver:
    def __init__(self) -> None:
        self.called: list[Called] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        instance, number = request.headers["pombo-instance"].lower(), int(request.headers["pombo-sequence"])
        self.called.append(Called(time.time(), instance, number))
        return web.Response()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    application = web.Application()
    application.router.add_post("/", made.take)
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield made
    finally:
        await runner.cleanup()
