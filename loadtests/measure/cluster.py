"""A cluster for fault runs: stores of its own, any number of frontends and senders, load, and the history of it all."""

import asyncio
import itertools
import json
import os
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import aiohttp
import asyncpg
from redis.asyncio import Redis

from common.local.http import answers
from common.local.postgres import Postgres
from common.local.processes import Process, await_ready, free_port, launch
from common.local.programs import ROOT
from common.local.valkey import Valkey
from common.schema import migrate
from common.tables.instance import shard_of
from frontend.tokens import digest, new_token
from loadtests.history import audit
from loadtests.history.checker import Violation
from loadtests.history.events import Answered, Asked, History
from loadtests.measure.stack import MAKE_INSTANCES, SHARDS, VAULT_KEY

TTL = 3.0  # seconds of a lease
REFRESH = 0.5
PAUSE = 0.02  # seconds between two messages of an instance, at least
CHATS = 3
START_PATIENCE = 40.0
REST_PATIENCE = 60.0
CLIENT_PATIENCE = 30.0  # a client goes on trying for so long
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGTERM, "suspend": signal.SIGSTOP, "resume": signal.SIGCONT}

WAITING = """
    SELECT count(*) FROM message_queue WHERE status <> 'uncertain'"""
OWNERS = """
    SELECT node, count(*) FROM shard WHERE lease_until > now() GROUP BY node"""
COUNT_NODES = """
    SELECT count(*) FROM node"""


@dataclass(slots=True)
class Load:
    """What clients did and were told. `refused` counts answers other than 200 and connections that failed."""

    answered: list[Answered] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    refused: int = 0


class Cluster:
    """Processes are known by name: `sender-1`, `frontend-1`. A sender's name is also its NODE_ID."""

    def __init__(self, folder: Path, instances: int, chance: Random) -> None:
        self._folder = folder
        self._chance = chance
        self.postgres = Postgres(folder / "postgres")
        self.valkey = Valkey(folder / "valkey")
        self.instances: list[tuple[UUID, str]] = [(uuid4(), new_token()) for _ in range(instances)]
        self.processes: dict[str, Process] = {}
        self._ports: dict[str, int] = {}
        self._client_token, self.partner_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._journals: dict[str, Path] = {}
        self._numbers = itertools.count(1)
        self.load = Load()
        self.known: set[Violation] = set()

    @property
    def dsn(self) -> str:
        return self.postgres.dsn("pombo")

    def running(self, kind: str) -> list[str]:
        return sorted(name for name in self.processes if name.startswith(kind))

    # --- processes ---

    async def start(self, name: str) -> None:
        """Start a program and wait until it is ready."""
        is_sender = name.startswith("sender")
        port = self._ports.setdefault(name, free_port())
        journal = self._folder / f"journal-{name}"
        if is_sender:
            self._journals[name] = journal
        environment = {
            **os.environ,
            "POSTGRES_DSN": self.dsn,
            "REDIS_URL": self.valkey.url(),
            "CLIENT_AUTH_TOKEN": self._client_token,
            "PARTNER_AUTH_TOKEN": self.partner_token,
            "TOKEN_ENCRYPTION_KEY": VAULT_KEY,
            "LOG_LEVEL": "INFO",
            "WHATSAPP_ENGINE": "simulated",
            "SIMULATED_LATENCY": "10ms",
            "SIMULATED_JOURNAL": str(journal),
            "SIMULATED_PAIRING": "at-once",
            "NODE_ID": name,
            "MESSAGE_DELAY_MIN": f"{PAUSE}s",
            "MESSAGE_DELAY_MAX": f"{PAUSE * 2}s",
            "UNCERTAIN_GRACE": "1s",
            "SWEEP_INTERVAL": "2s",
            "REDIS_LOCK_TTL": f"{TTL}s",
            "REDIS_LOCK_REFRESH_INTERVAL": f"{REFRESH}s",
            "HTTP_ADDR": f"127.0.0.1:{port}",
            "SENDER_HTTP_ADDR": f"127.0.0.1:{port}",
        }
        log = self.log_of(name)
        module = "sender" if is_sender else "frontend"
        process = launch(name, [sys.executable, "-m", module], log=log, cwd=ROOT, environment=environment)
        self.processes[name] = process
        url = f"http://127.0.0.1:{port}/ready"
        await asyncio.to_thread(await_ready, process, lambda: answers(url), log=log, patience=START_PATIENCE)

    async def end(self, name: str, how: str = "stop", patience: float = 30.0) -> None:
        """`stop` in order, or `kill`. Raises TimeoutError when the process does not end."""
        process = self.processes.pop(name)
        process.send(SIGNALS[how])
        killed = time.time()
        if not await asyncio.to_thread(process.wait, patience):
            process.send(signal.SIGKILL)
            raise TimeoutError(f"{name} did not end within {patience} s")
        if how == "kill" and name in self._journals:
            self._close_connections(name, killed)

    async def revive(self) -> list[str]:
        """Start again what has ended by itself, which nothing should have. Their names."""
        ended = [name for name, process in self.processes.items() if not process.is_alive()]
        for name in ended:
            await self.start(name)
        return ended

    def signal(self, name: str, how: str) -> None:
        self.processes[name].send(SIGNALS[how])
        if how == "suspend" and name in self._journals:
            # WhatsApp ends the older connection when the device logs in elsewhere; the simulated one cannot see that.
            self._close_connections(name, time.time())

    def log_of(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    async def scale(self, senders: int) -> None:
        """Start or stop senders until there are so many."""
        wanted = {f"sender-{number}" for number in range(1, senders + 1)}
        for name in sorted(set(self.running("sender")) - wanted):
            await self.end(name)
        await asyncio.gather(*(self.start(name) for name in sorted(wanted - set(self.running("sender")))))

    async def restart_store(self, store: Postgres | Valkey, name: str) -> None:
        await asyncio.to_thread(store.stop, self.processes.pop(name))
        self.processes[name] = await asyncio.to_thread(store.start)

    # --- load ---

    async def clients(self, rate: float, until: asyncio.Event) -> None:
        """Send `rate` messages a second over all instances and frontends, repeating what is not answered."""
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            asyncio.TaskGroup() as tasks,
        ):
            due = time.monotonic()
            # A chat's next message is accepted after the one before: that is what makes an order.
            turns = {place: asyncio.Lock() for place in range(len(self.instances))}
            for place in itertools.cycle(range(len(self.instances))):
                if until.is_set():
                    return
                tasks.create_task(self._post(session, place, turns[place]))
                due += 1 / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _post(self, session: aiohttp.ClientSession, place: int, turn: asyncio.Lock) -> None:
        instance, token = self.instances[place]
        number = next(self._numbers)
        body = {"phone": f"551198888{number % CHATS:04d}", "message": str(number)}
        headers = {"Client-Token": self._client_token, "Idempotency-Key": f"k{number}"}
        deadline = time.monotonic() + CLIENT_PATIENCE
        async with turn:
            while time.monotonic() < deadline:
                frontend = self._chance.choice(self.running("frontend") or ["frontend-1"])
                path = f"/instances/{instance.hex.upper()}/token/{token}/send-text"
                url = f"http://127.0.0.1:{self._ports[frontend]}{path}"
                try:
                    async with session.post(url, json=body, headers=headers) as answer:
                        if answer.status == 200:
                            self.load.answered.append(Answered(time.time(), (await answer.json())["messageId"]))
                            return
                except (aiohttp.ClientError, OSError):
                    pass
                self.load.refused += 1
                await asyncio.sleep(0.1)

    # --- what became of it ---

    async def rest(self, patience: float = REST_PATIENCE) -> None:
        """Wait until everything accepted is final or uncertain. Raises TimeoutError."""
        async with asyncio.timeout(patience):
            while await self.fetchval(WAITING):
                await asyncio.sleep(0.1)

    async def owners(self) -> dict[str, int]:
        """Shards by node name."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return {name_of(node): count for node, count in await connection.fetch(OWNERS)}
        finally:
            await connection.close()

    async def fetchval(self, statement: str, *arguments: object) -> object:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    def wire(self) -> audit.Journals:
        return audit.Journals(self._journals)

    async def history(self, *, is_over: bool = True) -> History:
        connection = await asyncpg.connect(self.dsn)
        try:
            history = await audit.read(connection, self.wire(), name_of)
        finally:
            await connection.close()
        history.answered, history.asked = self.load.answered, self.load.asked
        history.minimum_pause, history.is_over = PAUSE, is_over
        return history

    async def left_behind(self) -> str:
        """What the stores keep when everything is at rest: it must not grow with what has died."""
        redis = Redis.from_url(self.valkey.url(), decode_responses=True)
        kinds = Counter([key.partition(":")[0] async for key in redis.scan_iter(count=1000)])
        await redis.aclose()
        nodes = await self.fetchval(COUNT_NODES)
        return f"{nodes} rows of nodes, keys in Redis {dict(sorted(kinds.items()))}"

    def _close_connections(self, name: str, at: float) -> None:
        """A killed process does not write down that its connections ended, but its network saw it."""
        path = self._journals[name].with_name(f"{self._journals[name].name}.connections")
        if not path.exists():
            return
        is_open = {line[0]: line[1] for line in map(json.loads, path.read_text().splitlines())}
        with path.open("a") as file:
            file.writelines(f"{json.dumps([instance, False, at])}\n" for instance, still in is_open.items() if still)


@asynccontextmanager
async def cluster(
    folder: Path, *, instances: int = 20, frontends: int = 2, senders: int = 2, seed: int = 0
) -> AsyncIterator[Cluster]:
    """The stores, the schema with its audit, linked instances and the programs; all stopped at the end."""
    made = Cluster(folder, instances, Random(seed))
    made.processes["postgres"] = await asyncio.to_thread(made.postgres.start)
    made.processes["valkey"] = await asyncio.to_thread(made.valkey.start)
    try:
        await migrate(made.dsn, shards=SHARDS)
        connection = await asyncpg.connect(made.dsn)
        await connection.execute(audit.INSTALL)
        await connection.execute(
            MAKE_INSTANCES,
            [instance for instance, _ in made.instances],
            [shard_of(instance, SHARDS) for instance, _ in made.instances],
            [digest(token) for _, token in made.instances],
        )
        await connection.close()
        names = [f"frontend-{number + 1}" for number in range(frontends)]
        names += [f"sender-{number + 1}" for number in range(senders)]
        await asyncio.gather(*(made.start(name) for name in names))
        yield made
    finally:
        for name in [*made.running("frontend"), *made.running("sender"), "valkey", "postgres"]:
            made.signal(name, "resume")
            made.signal(name, "kill")


def name_of(node: str) -> str:
    """A node's id is its name and a random part."""
    return node.rpartition("-")[0]
