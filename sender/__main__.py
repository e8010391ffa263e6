"""Run one sender node: parse the settings, open the stores, run until SIGTERM or SIGINT."""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator

import uvloop

from common import logs
from common.clock import SystemClock
from common.doorbell import writer
from common.postgres import OUTAGES, open_pool
from common.sentry import open_reports
from common.settings import SenderSettings, secrets_of
from common.tables import node as node_table
from sender.assembly import Stores, assemble
from sender.intake import reader

log = logs.get(__name__)


async def serve(settings: SenderSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # The name stays after a restart; the id is this process's own.
    node_id = f"{settings.node_name}-{secrets.token_hex(3)}"
    async with stores_of(settings, node_id) as stores:
        parts = assemble(settings, stores, node_id, SystemClock())
        log.info("node starts", node=node_id, engine=settings.whatsapp_engine, pid=os.getpid())
        async with parts.outbound, parts.workshop, asyncio.TaskGroup() as beside:
            helping = [beside.create_task(run(), name=name) for name, run in parts.beside.items()]
            await parts.node.run(stop)
            for task in helping:
                task.cancel()


@contextlib.asynccontextmanager
async def stores_of(settings: SenderSettings, node_id: str) -> AsyncIterator[Stores]:
    """Leaving, a node takes its own row along."""
    dsn = settings.postgres_dsn.get_secret_value()
    stores = Stores(
        await open_pool(dsn, settings.postgres_max_conns, f"pombo sender {node_id}"),
        await open_pool(dsn, 2, f"pombo leases {node_id}"),
        writer(settings.redis),
        reader(settings.redis),
        reader(settings.redis),
    )
    try:
        yield stores
    finally:
        for client in (stores.redis, stores.listening, stores.asking):
            await client.aclose()
        with contextlib.suppress(*OUTAGES):  # others forget us anyway
            await stores.pool.execute(node_table.REMOVE, node_id)
        await stores.renewing.close()
        await stores.pool.close()


def main() -> None:
    settings = SenderSettings()
    reports = open_reports(settings, "sender", secrets_of(settings))
    logs.configure(settings.log_level, "sender", reports)
    try:
        uvloop.run(serve(settings))
    except Exception:
        log.critical("node ended by an error", exc_info=True)
        sys.exit(1)
    finally:
        reports.close()


if __name__ == "__main__":
    main()
