"""Real sessions: the emulator beside a bench stack, instances linked to its phones, and what their processes take."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from signal import SIGTERM
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import psutil

from common.local.http import answers
from common.local.processes import await_ready, free_port, launch, stop_all
from common.local.programs import ROOT
from loadtests.measure.stack import BenchInstance, BenchStack, prepare

PATIENCE = 300.0  # seconds for anything to come about
AT_ONCE = 4  # instances that are linked at the same time

UNLINK = """
    UPDATE instance
    SET device = NULL, session_state = 'unpaired'"""
COUNT_IN_STATE = """
    SELECT count(*)
    FROM instance
    WHERE id = ANY($1::uuid[]) AND session_state = 'connected' AND session_changed_at > $2"""
CONNECTIONS = """
    SELECT application_name = 'pombo-session', count(*)
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a family of processes holds. `memory` counts what processes share once (PSS)."""

    processes: int
    memory: int
    resident: int
    threads: int


class Emulator:
    """The control API of an emulator process."""

    def __init__(self, port: int, http: aiohttp.ClientSession) -> None:
        self._url = f"http://127.0.0.1:{port}/control"
        self._http = http

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        async with self._http.request(method, f"{self._url}/{path}", json=body or None) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"the emulator refused {path}: {await answer.text()}")
            return await answer.json()

    async def make(self, phones: Sequence[str]) -> None:
        """Accounts with these numbers, which acknowledge what they get and say nothing."""
        for phone in phones:
            await self.ask("POST", "accounts", phone=phone, name=phone[-4:], script="silent")


class RealSessions:
    """Instances on a sender with the real engine. `phones[n]` is to be the number of `instances[n]`."""

    def __init__(
        self,
        stack: BenchStack,
        emulator: Emulator,
        http: aiohttp.ClientSession,
        instances: Sequence[BenchInstance],
        settings: dict[str, str],
    ) -> None:
        self.stack = stack
        self.emulator = emulator
        self.instances = instances
        self.phones = [f"55119{place:08d}" for place in range(len(instances))]
        self.settings = settings
        self._http = http

    def start_sender(self) -> None:
        self.stack.start_sender(**self.settings)

    async def link(self, first: int, last: int) -> list[float]:
        """Scan the codes of these instances; how long each took from the question to the connected session."""
        slots = asyncio.Semaphore(AT_ONCE)
        await self.emulator.make(self.phones[first:last])

        async def link_one(place: int) -> float:
            async with slots:
                return await self._link(place)

        return list(await asyncio.gather(*(link_one(place) for place in range(first, last))))

    async def _link(self, place: int) -> float:
        instance, deadline = self.instances[place], time.monotonic() + PATIENCE
        while True:
            started = time.monotonic()
            status, told = await self.call(instance, "GET", "qr-code")
            if status == 200:
                break
            if time.monotonic() > deadline:
                raise TimeoutError(f"no code: {told}")
            await asyncio.sleep(0.2)
        await self.emulator.ask("POST", "scan", phone=self.phones[place], qr=told["value"])
        while not (await self.call(instance, "GET", "status"))[1]["connected"]:
            if time.monotonic() > deadline:
                raise TimeoutError("not connected after the scan")
            await asyncio.sleep(0.02)
        return time.monotonic() - started

    async def call(self, instance: BenchInstance, method: str, route: str, body: Any = None) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.stack.ports['frontend']}{instance.path}/{route}"
        headers = {"Client-Token": self.stack.client_token}
        async with self._http.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def send(self, place: int, phone: str, text: str) -> None:
        status, told = await self.call(self.instances[place], "POST", "send-text", {"phone": phone, "message": text})
        if status != 200:
            raise RuntimeError(f"refused: {told}")

    async def connected_since(self, moment: object, count: int) -> float:
        """Wait until so many of the instances have said that they are connected, after a moment of Postgres; how many
        seconds that took."""
        started = time.monotonic()
        ids = self._ids(count)
        while await self.fetchval(COUNT_IN_STATE, ids, moment) < count:
            if time.monotonic() - started > PATIENCE:
                raise TimeoutError("not all sessions are connected")
            await asyncio.sleep(0.05)
        return time.monotonic() - started

    def _ids(self, count: int) -> list[UUID]:
        return [one.id for one in self.instances[:count]]

    async def fetchval(self, statement: str, *arguments: object) -> Any:
        connection = await asyncpg.connect(self.stack.dsn)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    async def fetch(self, statement: str, *arguments: object) -> Any:
        connection = await asyncpg.connect(self.stack.dsn)
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()

    def hosts(self) -> list[psutil.Process]:
        """The session hosts that live now, the oldest first."""
        children = psutil.Process(self.stack.pids["sender"]).children()
        return [child for child in children if "sender.host" in child.cmdline()]

    def taken(self) -> dict[str, Taken]:
        node = psutil.Process(self.stack.pids["sender"])
        return {"node": _taken([node]), "hosts": _taken(self.hosts())}

    async def connections(self) -> tuple[int, int]:
        """Of the sessions' own store, and of everything else, at this Postgres."""
        found = dict(await self.fetch(CONNECTIONS))
        return found.get(True, 0), found.get(False, 0)


def _taken(processes: Sequence[psutil.Process]) -> Taken:
    memory = [process.memory_full_info() for process in processes]
    return Taken(
        len(processes),
        sum(each.pss for each in memory),
        sum(each.rss for each in memory),
        sum(process.num_threads() for process in processes),
    )


@asynccontextmanager
async def real_sessions(stack: BenchStack, count: int, **settings: str) -> AsyncIterator[RealSessions]:
    """Unlinked instances, a frontend, the emulator, and a sender with the real engine."""
    instances = await prepare(stack, count)
    connection = await asyncpg.connect(stack.dsn)
    await connection.execute(UNLINK)
    await connection.close()
    port, data = free_port(), stack.folder / "emulator"
    command = [sys.executable, "-m", "sender.whatsapp.emulator", "--port", str(port), "--data", str(data)]
    log = stack.folder / "emulator.log"
    process = launch("emulator", [*command, "--log-level", "WARNING"], log=log, cwd=ROOT, environment=dict(os.environ))
    stack.processes["emulator"] = process
    await_ready(process, lambda: answers(f"http://127.0.0.1:{port}/control/environment"), log=log)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        emulator = Emulator(port, http)
        told = await emulator.ask("GET", "environment")
        settings = {
            "WHATSAPP_ENGINE": "neonize",
            "WHATSAPP_PROXY": told["proxy"],
            "WHATSAPP_CA_FILE": told["ca_file"],
            "WHATSAPP_NOISE_ROOT": told["noise_root"],
            "NODE_CAPACITY": "1000",
            **settings,
        }
        sessions = RealSessions(stack, emulator, http, instances, settings)
        stack.start_frontend()
        sessions.start_sender()
        try:
            yield sessions
        finally:
            stop_all([stack.processes.pop(name) for name in ("sender", "emulator") if name in stack.processes],
                     SIGTERM, 30.0)  # fmt: skip


def mebibytes(value: float) -> str:
    return f"{value / 1024 / 1024:.0f}"
