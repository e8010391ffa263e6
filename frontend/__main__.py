"""Run one frontend: parse the settings, serve until SIGTERM or SIGINT."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from common import logs
from common.clock import SystemClock
from common.sentry import Reports, open_reports
from common.settings import FrontendSettings, secrets_of
from frontend.app import open_app
from frontend.heads import HeadProtocol, HeadWatch

log = logs.get(__name__)

DRAIN = 20  # seconds that requests under way have after the signal to stop
YOUNG = 20_000  # objects made and not freed between two looks for garbage; a look took 7 % of the time at 700


class Server(uvicorn.Server):
    """Uvicorn's own signal handling raises the signal again when it is done, which would skip our clean-up.

    `finish` is called before requests under way are waited for.
    """

    def __init__(self, config: uvicorn.Config, finish: Callable[[], None]) -> None:
        super().__init__(config)
        self._finish = finish

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._finish()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def serve(settings: FrontendSettings, reports: Reports) -> None:
    host, _, port = settings.http_addr.rpartition(":")
    async with open_app(settings, reports=reports) as app:
        config = uvicorn.Config(
            app,
            host=host or "0.0.0.0",
            port=int(port),
            http=HeadProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=int(settings.http_idle_timeout.total_seconds()),
            timeout_graceful_shutdown=DRAIN,
        )
        _spare_the_collector()
        log.info("frontend starts", address=settings.http_addr)
        server = Server(config, app.finish)
        watch = HeadWatch(server.server_state, SystemClock(), settings.http_head_timeout.total_seconds())
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch.run(), name="heads")
            await server.serve()
            watching.cancel()
    log.info("frontend stopped")


def _spare_the_collector() -> None:
    """Look less often for cycles of garbage, and never again at what start-up made: a request leaves none behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def main() -> None:
    settings = FrontendSettings()
    reports = open_reports(settings, "frontend", secrets_of(settings))
    logs.configure(settings.log_level, "frontend", reports)
    try:
        uvloop.run(serve(settings, reports))
    except Exception:
        log.critical("frontend ended by an error", exc_info=True)
        sys.exit(1)
    finally:
        reports.close()


if __name__ == "__main__":
    main()
