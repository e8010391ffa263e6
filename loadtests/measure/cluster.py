"""A cluster for fault runs: stores of its own, any number of frontends and senders, load, and the history of it all.

Every program reaches every store by a link of its own, so that a fault may break one way and no other.
"""

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Literal
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

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
from loadtests.history.events import History
from loadtests.measure import leftovers
from loadtests.measure.clients import CHATS, Caller, Clients, Question
from loadtests.measure.leftovers import Alive, Kept
from loadtests.measure.link import Link
from loadtests.measure.receiver import Receiver, receiver
from loadtests.measure.stack import SHARDS, VAULT_KEY
from loadtests.measure.whatsapp import WhatsApp

Engine = Literal["simulated", "emulated"]
Server = Literal["postgres", "valkey", "whatsapp"]

TTL = 3.0  # seconds of a lease
REFRESH = 0.5
PAUSES: dict[Engine, float] = {"simulated": 0.02, "emulated": 0.2}
"""Seconds between two messages of an instance, at least."""
UNLINKED = 3  # instances beside the others, whose codes are asked for
LISTENING = 3  # every third instance has its webhooks called
AGAIN = {"direct": "resend", "relay": "resend-same-id"}
"""How messages in doubt are sent again: only the relay can give one the id that it had."""
START_PATIENCE = 60.0
REST_PATIENCE = 90.0
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGTERM, "suspend": signal.SIGSTOP, "resume": signal.SIGCONT}

MAKE_INSTANCES = """
    INSERT INTO instance (id, shard, name, token_hash, token_cipher, due, subscribed_at, device, session_state,
        uncertain_policy, wire, delivery_callback_url, message_status_callback_url)
    SELECT id, shard, 'Chaos ' || place, token_hash, '', now() + interval '1 year', now(), device,
           CASE WHEN device IS NULL THEN 'unpaired' ELSE 'connected' END, policy,
           CASE policy WHEN 'resend-same-id' THEN 'relay' END, url, url
    FROM unnest($1::uuid[], $2::integer[], $3::bytea[], $4::text[], $5::text[], $6::text[])
        WITH ORDINALITY AS made (id, shard, token_hash, device, policy, url, place)"""
WAITING = """
    SELECT count(*)
    FROM message_queue
    JOIN instance ON instance.id = instance_id
    WHERE status <> 'uncertain' OR uncertain_policy <> 'hold'"""
OWNERS = """
    SELECT node, count(*) FROM shard WHERE lease_until > now() GROUP BY node"""


class Cluster:
    """Processes are known by name: `sender-1`, `frontend-1`. A sender's name is also its NODE_ID."""

    def __init__(self, folder: Path, instances: int, chance: Random, engine: Engine, hook: Receiver, wire: str) -> None:
        self._wire = wire
        self._folder = folder
        self._chance = chance
        self.engine: Engine = engine
        self.postgres = Postgres(folder / "postgres", port=free_port())
        self.valkey = Valkey(folder / "valkey", port=free_port())
        self.whatsapp = WhatsApp(folder)
        self.receiver = hook
        policies = ("hold", AGAIN[wire], "assume-sent")
        self.callers = [
            Caller(uuid4(), new_token(), policies[place % len(policies)], f"55119{place:08d}")
            for place in range(instances)
        ]
        # Codes of the real engine cost a process each; those of the simulated one name their instance.
        unlinked = UNLINKED if engine == "simulated" else 0
        self.unlinked = [Caller(uuid4(), new_token()) for _ in range(unlinked)]
        self.contacts = [f"551198888{number:04d}" for number in range(CHATS)]
        self.processes: dict[str, Process] = {}
        self.known: set[Violation] = set()
        self._ports: dict[str, int] = {}
        self._links: dict[tuple[str, Server], Link] = {}
        self._node_of: dict[int, str] = {}
        self._token, self._partner_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._journals: dict[str, Path] = {}
        self.clients = Clients(self.callers, self._questions(), self.contacts, self._token, self.base, chance)

    @property
    def dsn(self) -> str:
        return self.postgres.dsn("pombo")

    def running(self, kind: str) -> list[str]:
        return sorted(name for name in self.processes if name.startswith(kind))

    def base(self) -> str:
        """The address of some frontend."""
        name = self._chance.choice(self.running("frontend") or ["frontend-1"])
        return f"http://127.0.0.1:{self._ports[name]}"

    def link(self, name: str, server: Server) -> Link:
        return self._links[name, server]

    def _questions(self) -> list[Question]:
        """Codes name the instance that is asked; of linked ones each is asked for the phone of another."""
        codes = [Question(caller, "/qr-code", caller.id.hex) for caller in self.unlinked]
        if self.engine == "simulated":
            return codes
        others = zip(self.callers, self.callers[1:] + self.callers[:1], strict=True)
        return [Question(caller, f"/phone-exists/{other.phone}", other.phone) for caller, other in others]

    def skew(self, name: str, seconds: float) -> None:
        """Step the wall clock of a program."""
        self._clock_of(name).write_text(str(seconds))

    # --- processes ---

    async def prepare(self) -> None:
        """The schema with its audit, and the instances."""
        await migrate(self.dsn, shards=SHARDS)
        everybody = [*self.callers, *self.unlinked]
        is_linked = self.engine == "simulated"
        connection = await asyncpg.connect(self.dsn)
        await connection.execute(audit.INSTALL)
        await connection.execute(
            MAKE_INSTANCES,
            [caller.id for caller in everybody],
            [shard_of(caller.id, SHARDS) for caller in everybody],
            [digest(caller.token) for caller in everybody],
            [f"{caller.phone}:1@s.whatsapp.net" if is_linked and caller.phone else None for caller in everybody],
            [caller.policy for caller in everybody],
            [self.receiver.url if place % LISTENING == 0 else None for place in range(len(everybody))],
        )
        await connection.close()

    async def link_phones(self) -> None:
        await self.balance()
        await self.whatsapp.register([*self.contacts, *(caller.phone for caller in self.callers)])
        for caller in self.callers:
            await self.whatsapp.link(self.base(), caller.path, self._token, caller.phone)

    async def balance(self) -> None:
        """Wait until every sender holds shards and none move any more: a pairing does not move with its shard."""
        before: dict[str, int] = {}
        async with asyncio.timeout(START_PATIENCE):
            while len(before) < len(self.running("sender")) or before != await self.owners():
                before = await self.owners()
                await asyncio.sleep(4 * REFRESH)

    async def start(self, name: str) -> None:
        """Start a program and wait until it is ready."""
        port = self._ports.get(name) or self._ports.setdefault(name, free_port())
        environment = {**os.environ, **await self._settings(name, port)}
        log = self.log_of(name)
        command = ["-m", "loadtests.measure.skewed", name.partition("-")[0], str(self._clock_of(name))]
        process = launch(name, [sys.executable, *command], log=log, cwd=ROOT, environment=environment)
        self.processes[name] = process
        url = f"http://127.0.0.1:{port}/ready"
        await asyncio.to_thread(await_ready, process, lambda: answers(url), log=log, patience=START_PATIENCE)

    async def _settings(self, name: str, port: int) -> dict[str, str]:
        settings = {
            "POSTGRES_DSN": await self._by_link(name, "postgres", self.dsn),
            "REDIS_URL": await self._by_link(name, "valkey", self.valkey.url()),
            "CLIENT_AUTH_TOKEN": self._token,
            "PARTNER_AUTH_TOKEN": self._partner_token,
            "TOKEN_ENCRYPTION_KEY": VAULT_KEY,
            "LOG_LEVEL": "INFO",
            "NODE_ID": name,
            "MESSAGE_DELAY_MIN": f"{PAUSES[self.engine]}s",
            "MESSAGE_DELAY_MAX": f"{PAUSES[self.engine] * 2}s",
            "UNCERTAIN_GRACE": "1s",
            "SWEEP_INTERVAL": "2s",
            "PAIRING_HANDOFF_WAIT": "1s",
            "REDIS_LOCK_TTL": f"{TTL}s",
            "REDIS_LOCK_REFRESH_INTERVAL": f"{REFRESH}s",
            "ASK_TIMEOUT": "4s",
            "EVENTS_KEEP_ALL": "true",
            "EVENT_RETRY_DELAYS": "0s,500ms,1s,2s,4s,8s,8s,8s",
            "EVENT_SWEEP_INTERVAL": "5s",
            "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEBHOOK_HTTP_HOSTS": "127.0.0.1",
            "MEDIA_LOCAL_STORAGE_PATH": str(self._folder / "media"),
            "HTTP_ADDR": f"127.0.0.1:{port}",
            "SENDER_HTTP_ADDR": f"127.0.0.1:{port}",
        }
        if not name.startswith("sender"):
            return settings
        if self.engine == "emulated":
            address = await self._by_link(name, "whatsapp", f"http://127.0.0.1:{self.whatsapp.port}")
            own = await self.whatsapp.settings(urlsplit(address).port or 0)
            own |= {"HOST_SESSIONS": "3", "WHATSAPP_WIRE": self._wire}
            return {**settings, **own, "WAMEOW_POSTGRES_DSN": self.postgres.dsn("pombo_whatsapp")}
        journal = self._journals[name] = self._folder / f"journal-{name}"
        own = {
            "WHATSAPP_ENGINE": "simulated",
            "SIMULATED_LATENCY": "10ms",
            "SIMULATED_JOURNAL": str(journal),
            "SIMULATED_PAIRING": "never",
        }
        return {**settings, **own}

    async def _by_link(self, name: str, server: Server, address: str) -> str:
        """The address of a server as this program is told it."""
        parts = urlsplit(address)
        assert parts.port is not None
        link = self._links.get((name, server))
        if link is None:
            link = self._links[name, server] = Link(parts.port, lambda port: self._node_of.__setitem__(port, name))
            await link.open()
        login, _, _ = parts.netloc.rpartition(":")
        return urlunsplit(parts._replace(netloc=f"{login}:{link.port}"))

    async def close_links(self) -> None:
        for link in self._links.values():
            await link.close()

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

    # --- what became of it ---

    async def rest(self, patience: float = REST_PATIENCE) -> None:
        """Wait until everything accepted is final, or in doubt where that is the policy. Raises TimeoutError."""
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

    def wire(self) -> audit.Wire:
        if self.engine == "simulated":
            return audit.Journals(self._journals)
        phones = {caller.phone: caller.id.hex for caller in self.callers}
        return audit.WireLog(self.whatsapp.log, phones, self._node_of)

    async def history(self, *, is_over: bool = True) -> History:
        connection = await asyncpg.connect(self.dsn)
        try:
            history = await audit.read(connection, self.wire(), name_of)
        finally:
            await connection.close()
        load = self.clients.load
        history.answered, history.asked, history.called = load.answered, load.asked, self.receiver.called
        history.minimum_pause, history.is_over = PAUSES[self.engine], is_over
        history.holds = frozenset(caller.id.hex for caller in self.callers if caller.policy == "hold")
        history.resend = frozenset(caller.id.hex for caller in self.callers if caller.policy == AGAIN[self._wire])
        history.keeps_ids = self._wire == "relay"
        history.tells = frozenset(caller.id.hex for caller in self.callers)
        return history

    async def left_behind(self) -> list[Kept]:
        """What the stores keep once everything is at rest."""
        instances = len(self.callers) + len(self.unlinked)
        alive = Alive(instances, SHARDS, len(self.running("frontend")), len(self.running("sender")), CHATS)
        return await leftovers.settle(self.dsn, self.valkey.url(), alive)

    def _clock_of(self, name: str) -> Path:
        return self._folder / f"clock-{name}"

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
    folder: Path,
    *,
    instances: int = 20,
    frontends: int = 2,
    senders: int = 2,
    seed: int = 0,
    engine: Engine = "simulated",
    wire: str = "direct",
) -> AsyncIterator[Cluster]:
    """The stores, linked instances and the programs; all stopped at the end."""
    async with AsyncExitStack() as ending:
        hook = await ending.enter_async_context(receiver())
        made = Cluster(folder, instances, Random(seed), engine, hook, wire)
        ending.push_async_callback(made.close_links)
        ending.callback(_kill_all, made)
        made.processes["postgres"] = await asyncio.to_thread(made.postgres.start)
        made.processes["valkey"] = await asyncio.to_thread(made.valkey.start)
        if engine == "emulated":
            made.processes["whatsapp"] = await asyncio.to_thread(made.whatsapp.start)
        await made.prepare()
        names = [f"frontend-{number + 1}" for number in range(frontends)]
        names += [f"sender-{number + 1}" for number in range(senders)]
        await asyncio.gather(*(made.start(name) for name in names))
        if engine == "emulated":
            await made.link_phones()
        yield made


def _kill_all(made: Cluster) -> None:
    stores = [name for name in ("whatsapp", "valkey", "postgres") if name in made.processes]
    for name in [*made.running("frontend"), *made.running("sender"), *stores]:
        made.processes[name].send(signal.SIGCONT)
        made.processes[name].send(signal.SIGKILL)


def name_of(node: str) -> str:
    """A node's id is its name and a random part."""
    return node.rpartition("-")[0]
