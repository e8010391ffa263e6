"""The real WhatsApp engine: neonize's library in session hosts, never in this process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from common.addresses import Jid, user_of
from common.clock import Clock, SystemClock
from common.errors import NotConnected, NotPaired
from sender.host.fleet import Fleet
from sender.host.options import HostOptions
from sender.host.process import HostLost, HostProcess
from sender.whatsapp.neonize.formats import Formats
from sender.whatsapp.neonize.pairing import Pairing
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.relayed_session import RelayedSession
from sender.whatsapp.neonize.sending import Tap
from sender.whatsapp.neonize.session import NeonizeSession
from sender.whatsapp.neonize.store import Store
from sender.whatsapp.relay.trust import make_trust
from sender.whatsapp.session import (
    Account,
    KeptArrivals,
    Listener,
    Paired,
    PairingCode,
    PairingFailed,
    QrCode,
    Recall,
    Secret,
)

SCHEMA_PATIENCE = 60.0  # seconds


class NeonizeEngine:
    """`store_dsn`: a Postgres database for the library's sessions alone, made when it is missing. `logins` is how many
    sessions log in at the same time, `idle_timeout` how long (seconds) their unused connections to it live."""

    def __init__(
        self,
        store_dsn: str,
        options: HostOptions | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
        chance: Random | None = None,
        logins: int = 8,
        idle_timeout: float = 30.0,
        kept: KeptArrivals | None = None,
        recall: Recall | None = None,
    ) -> None:
        """`kept` lists what came in through the relay and was not told; without it the relay keeps no messages.
        `recall` makes messages anew for receivers who could not read them; without it only the library does."""
        self._options = options or HostOptions()
        self._patience = patience or Patience()
        self._clock = clock or SystemClock()
        self._chance = chance or Random()
        self._store = Store(store_dsn, idle_timeout)
        self._kept = kept
        self._recall = recall
        self._asked: Counter[str] = Counter()
        self._tap = Tap()
        self._logins = asyncio.Semaphore(logins)
        self._sessions: set[NeonizeSession] = set()
        self._pairings: dict[str, Pairing] = {}
        self._relaying: Fleet | None = None
        self._formats = Formats()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._store.open()
            stack.push_async_callback(self._store.close)
            self._tasks = await stack.enter_async_context(asyncio.TaskGroup())
            self._fleet = Fleet(self._options, self._tasks, self._clock, self._chance)
            stack.push_async_callback(self._stop_hosts)
            stack.push_async_callback(self._close_sessions)
            await self._make_schema()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def hosts(self) -> tuple[HostProcess, ...]:
        """The hosts that sessions sit in now."""
        return self._fleet.hosts + (self._relaying.hosts if self._relaying else ())

    async def kept_secret(self, device: Jid, chat: Jid, whatsapp_id: str) -> Secret | None:
        return await self._store.find_secret(device, chat, whatsapp_id)

    @property
    def hosts_alive(self) -> int:
        return len(self.hosts)

    @property
    def hosts_died(self) -> int:
        return self._fleet.deaths + (self._relaying.deaths if self._relaying else 0)

    @property
    def relay_problems(self) -> int:
        return self._relaying.relay_problems if self._relaying else 0

    @property
    def asked_again(self) -> Mapping[str, int]:
        """Requests for messages that the library had forgotten, by what became of them."""
        return self._asked

    async def numbers_of(self, lids: Collection[Jid]) -> Mapping[Jid, str]:
        known = await self._store.other_addresses(list(lids))
        return {lid: user_of(known[lid]) for lid in lids if lid in known}

    async def names_of(self, devices: Collection[Jid]) -> Mapping[Jid, str]:
        return await self._store.names(devices)

    async def open(self, account: Account, listener: Listener) -> NeonizeSession:
        if await self._store.find(account.device) is None:
            raise NotPaired(account.device)
        shared = (self._store, self._tap, self._logins, self._patience, self._clock, self._chance)
        session: NeonizeSession
        if account.wire == "relay":
            account = replace(account, proxy=account.proxy or self._options.proxy)
            session = RelayedSession(
                account,
                listener,
                self._relay_fleet(),
                *shared,
                self._kept,
                formats=self._formats,
                ca_file=self._options.ca_file,
                recall=self._recall,
                asked=self._asked,
            )
        else:
            session = NeonizeSession(account, listener, self._fleet, *shared, self._kept)
        self._sessions.add(session)
        life = self._tasks.create_task(session.live(), name=f"session of {account.instance}")
        life.add_done_callback(lambda _: self._sessions.discard(session))
        return session

    async def pair(self, instance: str, device_name: str) -> AsyncIterator[QrCode | Paired | PairingFailed]:
        with suppress(HostLost, TimeoutError):
            async with self._fleet.throw_away() as host:
                pairing = Pairing(host, instance, self._store.url, device_name, self._clock)
                self._pairings[instance] = pairing
                try:
                    async with aclosing(pairing.steps()) as steps:
                        async for step in steps:
                            yield step
                    return
                finally:
                    del self._pairings[instance]
        yield PairingFailed("engine")

    async def pairing_code(self, instance: str, phone: str) -> PairingCode:
        pairing = self._pairings.get(instance)
        if pairing is None:
            raise NotConnected
        return await pairing.code_for(phone)

    def _relay_fleet(self) -> Fleet:
        """Hosts with a relay in them. The library must trust it, and that is settled when a process starts: so no
        session that goes directly can sit there."""
        if self._relaying is None:
            folder = self._stack.enter_context(TemporaryDirectory(prefix="pombo-relay-"))
            make_trust(Path(folder), self._options.ca_file)
            options = replace(self._options, relay_folder=folder)
            self._relaying = Fleet(options, self._tasks, self._clock, self._chance)
        return self._relaying

    async def _stop_hosts(self) -> None:
        async with asyncio.TaskGroup() as stopping:
            for fleet in (self._fleet, self._relaying):
                if fleet is not None:
                    stopping.create_task(fleet.stop())

    async def _make_schema(self) -> None:
        """Each start of a node: it is also what brings an older database up to a newer library."""
        lock = await self._store.schema_lock()
        try:
            async with self._fleet.throw_away() as host:
                answer = await host.call("schema", {"store": self._store.url}, timeout=SCHEMA_PATIENCE)
            await self._store.make_tables()
        finally:
            await lock.close()
        if error := answer.fields.get("error"):
            raise RuntimeError(f"the session store could not be prepared: {error}")

    async def _close_sessions(self) -> None:
        async with asyncio.TaskGroup() as closing:
            for session in self._sessions:
                closing.create_task(session.close())
