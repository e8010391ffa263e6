"""Programs as child processes, for tests that kill them."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import httpx2
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis.asyncio import Redis

from common.clock import SystemClock
from common.doorbell import Doorbell, writer
from common.local.http import answers
from common.local.processes import free_port
from common.metrics import FrontendMetrics
from common.postgres import Pool
from common.settings import FrontendSettings
from common.tables.instance import find_access
from frontend.ask import Ask
from frontend.enqueue import Enqueue
from tests.frontend.gateway import Gateway
from tests.waiting import eventually

FAST = {
    "WHATSAPP_ENGINE": "simulated",
    "MESSAGE_DELAY_MIN": "0",
    "MESSAGE_DELAY_MAX": "0",
    "UNCERTAIN_GRACE": "200ms",
    "SWEEP_INTERVAL": "1s",
    "REDIS_LOCK_TTL": "3s",
    "REDIS_LOCK_REFRESH_INTERVAL": "500ms",
    "LOG_LEVEL": "INFO",
}


class Sender:
    """One sender process on the simulated engine; its journal is a file, so it survives a kill -9."""

    def __init__(self, dsn: str, redis_url: str, folder: Path, **settings: str) -> None:
        self.journal = folder / "journal"
        self._log = folder / "sender.log"
        self._environment = {
            **os.environ,
            **FAST,
            "POSTGRES_DSN": dsn,
            "REDIS_URL": redis_url,
            "SENDER_HTTP_ADDR": f"127.0.0.1:{free_port()}",
            "NODE_ID": "sender-1",
            "SIMULATED_JOURNAL": str(self.journal),
            "MEDIA_LOCAL_STORAGE_PATH": str(folder / "media"),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sender"], env=self._environment, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def terminate(self, patience: float = 20) -> int:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(patience)

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def handed(self) -> list[tuple[str, str, str, str]]:
        """What the engine was handed so far: (instance, chat, whatsapp id, text), in order."""
        if not self.journal.exists():
            return []
        return [tuple(json.loads(line)[:4]) for line in self.journal.read_text().splitlines()]  # type: ignore[misc]

    async def handed_at_least(self, count: int, patience: float = 40) -> list[tuple[str, str, str, str]]:
        """Wait until that many hand-overs are in the journal."""
        with anyio.fail_after(patience):
            while len(handed := self.handed()) < count:
                await anyio.sleep(0.02)
        return handed


@asynccontextmanager
async def frontend_process(
    settings: FrontendSettings, log: Path, *, largest_file: int | None = None
) -> AsyncIterator[Gateway]:
    """A frontend in a process of its own. `largest_file`: the system refuses it every byte of a file beyond that."""
    port = free_port()
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    environment = {
        **os.environ,
        **{name.upper(): _spelled(value) for name, value in values.items()},
        "HTTP_ADDR": f"127.0.0.1:{port}",
    }

    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "frontend", env=environment, stdout=output, stderr=output, preexec_fn=limit
        )
    try:
        url = f"http://127.0.0.1:{port}"
        await eventually(lambda: answers(f"{url}/ready"), 30)
        async with httpx2.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
            yield Gateway(client)
    finally:
        process.terminate()
        await process.wait()


def _spelled(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value.total_seconds()) if isinstance(value, timedelta) else str(value)


@asynccontextmanager
async def enqueue_on(pool: Pool, redis_url: str) -> AsyncIterator[Enqueue]:
    """The accepting half, in this process."""
    redis: Redis = writer(redis_url)
    enqueue = Enqueue(pool, Doorbell(redis), FrontendMetrics(CollectorRegistry()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(enqueue.run)
        try:
            yield enqueue
        finally:
            tasks.cancel_scope.cancel()
    await redis.aclose()


Asking = Callable[[UUID, str], Awaitable[Any]]


@asynccontextmanager
async def ask_on(pool: Pool, redis_url: str, patience: timedelta = timedelta(seconds=20)) -> AsyncIterator[Asking]:
    """The asking half: an instance and the name of a question in, the owner's value out."""
    redis, reader = writer(redis_url), Redis.from_url(redis_url, protocol=2)
    ask = Ask(redis, reader, pool, SystemClock(), patience)

    async def asking(instance: UUID, name: str) -> Any:
        found = await find_access(pool, [instance])
        return await ask.ask(found[instance], name, {})

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask.run)
            yield asking
            tasks.cancel_scope.cancel()
    finally:
        await redis.aclose()
        await reader.aclose()


# One statement, hence one moment: a row on its way from one table to another is counted once.
STATUSES = """
    SELECT status, count(*)
    FROM (
        SELECT status FROM message_queue
        UNION ALL SELECT status FROM message_history
        UNION ALL SELECT 'failed' FROM message_dead_letter
    ) AS everywhere
    GROUP BY status"""


async def statuses(pool: Pool) -> Mapping[str, int]:
    """How many messages are in each state, wherever their rows are."""
    return dict(await pool.fetch(STATUSES))
