"""Programs as child processes, for tests that kill them."""

import asyncio
import hashlib
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
import anyio.to_thread
import httpx2
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis.asyncio import Redis

from common import keys
from common.clock import SystemClock
from common.doorbell import Doorbell, writer
from common.local.http import Unreachable, answers, request
from common.local.processes import free_port
from common.metrics import FrontendMetrics
from common.postgres import Pool
from common.settings import FrontendSettings
from common.tables.instance import find_access
from frontend.ask import Ask
from frontend.enqueue import Enqueue
from tests.builders import insert_instance
from tests.databases import SHARDS
from tests.frontend.gateway import Gateway
from tests.waiting import PATIENCE, eventually

FAST = {
    "WHATSAPP_ENGINE": "simulated",
    "MESSAGE_DELAY_MIN": "0",
    "MESSAGE_DELAY_MAX": "0",
    "WHATSAPP_QUESTION_PAUSE": "0",
    "UNCERTAIN_GRACE": "200ms",
    "SWEEP_INTERVAL": "1s",
    "REDIS_LOCK_REFRESH_INTERVAL": "500ms",
    "LOG_LEVEL": "INFO",
}


CLIENT_TOKEN, PARTNER_TOKEN = "client-token-of-the-tests", "partner-token-of-the-tests"
INSTANCE_TOKEN = "token-of-an-instance"
SECRETS = {
    "CLIENT_AUTH_TOKEN": CLIENT_TOKEN,
    "PARTNER_AUTH_TOKEN": PARTNER_TOKEN,
    "TOKEN_ENCRYPTION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}

Handed = tuple[str, str, str, str]
"""What the engine was handed: instance, chat, WhatsApp id, text."""


class Program:
    """A child process that writes its log to a file and may be started again and again."""

    def __init__(self, module: str, log: Path, settings: Mapping[str, str]) -> None:
        self._module = module
        self._log = log
        self.environment = {**os.environ, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module], env=self.environment, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """No effect on a process that was never started."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def terminate(self, patience: float = PATIENCE) -> int:
        """Ask it to stop; its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(patience)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""


class Sender(Program):
    """One sender process on the simulated engine; its journal is a file, so it survives a kill -9."""

    def __init__(self, dsn: str, redis_url: str, folder: Path, name: str = "sender-1", **settings: str) -> None:
        self.journal = folder / f"{name}.journal"
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        super().__init__(
            "sender",
            folder / f"{name}.log",
            {
                **FAST,
                "POSTGRES_DSN": dsn,
                "REDIS_URL": redis_url,
                "SENDER_HTTP_ADDR": address,
                "NODE_ID": name,
                "SIMULATED_JOURNAL": str(self.journal),
                "MEDIA_LOCAL_STORAGE_PATH": str(folder / "media"),
                "TOKEN_ENCRYPTION_KEY": SECRETS["TOKEN_ENCRYPTION_KEY"],
                **settings,
            },
        )

    def handed(self) -> list[Handed]:
        """What the engine was handed so far, in order."""
        if not self.journal.exists():
            return []
        return [tuple(json.loads(line)[:4]) for line in self.journal.read_text().splitlines()]  # type: ignore[misc]

    async def handed_at_least(self, count: int, patience: float = PATIENCE) -> list[Handed]:
        """Wait until that many hand-overs are in the journal."""
        with anyio.fail_after(patience):
            while len(handed := self.handed()) < count:
                await anyio.sleep(0.02)
        return handed


class Frontend(Program):
    """One frontend process. `send` is what an integrator does."""

    def __init__(self, dsn: str, redis_url: str, folder: Path, name: str = "frontend-1", **settings: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        super().__init__(
            "frontend",
            folder / f"{name}.log",
            {
                "POSTGRES_DSN": dsn,
                "REDIS_URL": redis_url,
                "HTTP_ADDR": self.url.removeprefix("http://"),
                "LOG_LEVEL": "INFO",
                "MEDIA_LOCAL_STORAGE_PATH": str(folder / "media"),
                **SECRETS,
                **settings,
            },
        )

    async def ready(self, patience: float = PATIENCE) -> None:
        """Wait until it can accept."""
        with anyio.fail_after(patience):
            while (await self._request("GET", "/ready"))[0] != 200:
                assert self.is_alive, self.log
                await anyio.sleep(0.05)

    async def send(self, instance: UUID, text: str, phone: str = "5511988887777") -> tuple[int, dict[str, Any]]:
        """Status and body of the answer; status 0 when there was none."""
        path = f"/instances/{instance.hex.upper()}/token/{INSTANCE_TOKEN}/send-text"
        return await self._request("POST", path, {"phone": phone, "message": text})

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Client-Token": CLIENT_TOKEN}
        try:
            return await anyio.to_thread.run_sync(request, method, f"{self.url}{path}", body, headers, PATIENCE)
        except Unreachable:
            return 0, {}


async def insert_caller(pool: Pool) -> UUID:
    """A linked instance that may be called with INSTANCE_TOKEN."""
    return await insert_instance(pool, token_hash=hashlib.sha256(INSTANCE_TOKEN.encode()).digest())


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
        await eventually(lambda: answers(f"{url}/ready"))
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False) as client:
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
async def ask_on(pool: Pool, redis_url: str, patience: timedelta = timedelta(minutes=1)) -> AsyncIterator[Asking]:
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


RUN_OUT = """
    WITH dead AS (DELETE FROM node)
    UPDATE shard SET lease_until = now() WHERE node IS NOT NULL"""


async def let_leases_run_out(pool: Pool, redis_url: str) -> None:
    """What time does when every sender is dead. For simulated sessions: what real ones leave behind takes a moment."""
    await pool.execute(RUN_OUT)
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(*(keys.lease(shard) for shard in range(SHARDS)))


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
