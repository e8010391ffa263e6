"""A frontend behind a real socket, in a thread of this process: for what only a server shows."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from common.local.processes import free_port
from common.settings import FrontendSettings
from frontend.app import open_app
from tests.waiting import eventually


@contextmanager
def serving(settings: FrontendSettings) -> Iterator[str]:
    """The base URL."""
    port = free_port()
    is_up = threading.Event()
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        async with open_app(settings) as app:
            config = uvicorn.Config(
                app, port=port, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
            )
            server = uvicorn.Server(config)
            servers.append(server)
            running = asyncio.ensure_future(server.serve())
            await eventually(lambda: server.started or running.done())
            is_up.set()
            await running

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="frontend")
    thread.start()
    try:
        assert is_up.wait(20), "the frontend does not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(20)
