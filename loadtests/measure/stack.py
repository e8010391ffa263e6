"""A stack for one benchmark: stores with the settings of `./pombo up`, and our programs on them."""

import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGTERM
from typing import Self
from uuid import UUID, uuid4

import asyncpg

from common.local.http import answers
from common.local.postgres import Postgres
from common.local.processes import Process, await_ready, free_port, launch, stop_all
from common.local.programs import ROOT
from common.local.valkey import Valkey
from common.schema import migrate
from common.tables.instance import shard_of
from frontend.tokens import digest, new_token

START_PATIENCE = 120.0
STOP_PATIENCE = 60.0
SHARDS = 256
VAULT_KEY = "A" * 43

MAKE_INSTANCES = """
    INSERT INTO instance (id, shard, name, token_hash, token_cipher, due, subscribed_at, device, session_state)
    SELECT id, shard, 'Bench ' || place, token_hash, '', now() + interval '1 year', now(),
           (5511900000000 + place) || ':1@s.whatsapp.net', 'connected'
    FROM unnest($1::uuid[], $2::integer[], $3::bytea[]) WITH ORDINALITY AS made (id, shard, token_hash, place)"""


@dataclass(slots=True)
class BenchStack:
    folder: Path
    dsn: str
    redis_url: str
    client_token: str
    processes: dict[str, Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self.processes.items()}

    def start(self, name: str, module: str, port_variable: str, ready: str, **settings: str) -> int:
        """One of our programs as a process; its port, once it is ready. One that starts again keeps its port."""
        return self.start_command(name, [sys.executable, "-m", module], port_variable, ready, **settings)

    def start_command(
        self, name: str, command: Sequence[str | Path], port_variable: str, ready: str, **settings: str
    ) -> int:
        port = self.ports.get(name) or free_port()
        environment = {
            **os.environ,
            "POSTGRES_DSN": self.dsn,
            "REDIS_URL": self.redis_url,
            "CLIENT_AUTH_TOKEN": self.client_token,
            "TOKEN_ENCRYPTION_KEY": VAULT_KEY,
            "LOG_LEVEL": "WARNING",
            "MEDIA_LOCAL_STORAGE_PATH": str(self.folder / "media"),
            port_variable: f"127.0.0.1:{port}",
            **settings,
        }
        log = self.folder / f"{name}.log"
        process = launch(name, command, log=log, cwd=ROOT, environment=environment)
        self.processes[name], self.ports[name] = process, port
        await_ready(process, lambda: answers(f"http://127.0.0.1:{port}{ready}"), log=log, patience=START_PATIENCE)
        return port

    def start_frontend(self, name: str = "frontend", **settings: str) -> int:
        return self.start(name, "frontend", "HTTP_ADDR", "/ready", **settings)

    def beside(self, database: str) -> Self:
        """The same stores and processes, with another database."""
        return replace(self, dsn=self.dsn.rpartition("/")[0] + f"/{database}")

    def start_sender(self, name: str = "sender", **settings: str) -> int:
        quick = {"WHATSAPP_ENGINE": "simulated", "MESSAGE_DELAY_MIN": "0", "MESSAGE_DELAY_MAX": "0"}
        return self.start(name, "sender", "SENDER_HTTP_ADDR", "/ready", **{**quick, **settings})

    def stop(self, name: str) -> None:
        stop_all([self.processes.pop(name)], SIGTERM, STOP_PATIENCE)


@contextmanager
def bench_stack(folder: Path, postgres_settings: Mapping[str, str] | None = None) -> Iterator[BenchStack]:
    """Postgres (synchronous commits) and Valkey (append-only file) under `folder`, gone afterwards."""
    postgres = Postgres(folder / "postgres", settings=postgres_settings or {})
    valkey = Valkey(folder / "valkey")
    with postgres.running() as database, valkey.running() as redis:
        stack = BenchStack(folder, postgres.dsn("pombo"), valkey.url(), secrets.token_urlsafe(24))
        stack.processes |= {"postgres": database, "valkey": redis}
        try:
            yield stack
        finally:
            ours = [process for name, process in stack.processes.items() if name not in ("postgres", "valkey")]
            stop_all(ours, SIGTERM, STOP_PATIENCE)


@dataclass(frozen=True, slots=True)
class BenchInstance:
    id: UUID
    token: str

    @property
    def path(self) -> str:
        return f"/instances/{self.id.hex.upper()}/token/{self.token}"


async def prepare(stack: BenchStack, instances: int, shards: int = SHARDS) -> list[BenchInstance]:
    """The schema, and linked, subscribed instances that count as connected."""
    await migrate(stack.dsn, shards=shards)
    made = [BenchInstance(uuid4(), new_token()) for _ in range(instances)]
    connection = await asyncpg.connect(stack.dsn)
    await connection.execute(
        MAKE_INSTANCES,
        [one.id for one in made],
        [shard_of(one.id, shards) for one in made],
        [digest(one.token) for one in made],
    )
    await connection.execute("VACUUM ANALYZE instance")
    await connection.close()
    return made
