"""A whole sender node as one process of a test: it can be killed at any point, frozen, thawed and stopped."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from common.doorbell import Doorbell, writer
from common.metrics import SenderMetrics
from common.postgres import Pool
from sender.autopilot import Autopilot
from sender.composing import NO_MEDIA, Composing
from sender.courier import DeliveryPolicy
from sender.couriers import Couriers
from sender.handoff import Handoff
from sender.inbox import Inbox
from sender.intake import Intake, reader
from sender.leases import Identity, Leases
from sender.ledger import Ledger
from sender.node import Node
from sender.numbers import Numbers
from sender.rescue import Rescue, Schedule
from sender.retries import RetryPolicy
from sender.sessions import Sessions
from sender.stays import Stays
from sender.translation.families import Translator
from sender.translation.media import NoMedia
from sender.uncertain import Uncertain, UncertainPolicy
from sender.whatsapp.session import Account, Listener, Replaced
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine, SimulatedSession
from tests.clock import ManualClock
from tests.property.watched import Life, WatchedPool, WatchedRedis
from tests.sender.silence import silent_pictures

TTL, REFRESH = timedelta(seconds=9), timedelta(seconds=3)
POLICY = DeliveryPolicy(
    pause_min=timedelta(seconds=1),
    pause_max=timedelta(seconds=3),
    uncertain_grace=timedelta(seconds=10),
    retry=RetryPolicy(initial=timedelta(seconds=1), longest=timedelta(seconds=4)),
    prefetch=3,  # so small that windows are full
)
DOUBT = UncertainPolicy(POLICY.uncertain_grace, interval=timedelta(seconds=4))
SCHEDULE = Schedule(sweep=timedelta(seconds=10), scheduled=timedelta(seconds=5))


class Engine(SimulatedEngine):
    """A device is connected once in the whole network: whoever connects later replaces the earlier one."""

    def __init__(self, behaviour: Behaviour, network: "Network") -> None:
        super().__init__(behaviour, Journal())
        self._network = network

    async def open(self, account: Account, listener: Listener) -> SimulatedSession:
        await self._network.replace(account.instance)
        session = await super().open(account, listener)
        self._network.sessions[account.instance] = session
        return session


class Network:
    """Which session of each instance is connected, in whatever process it lives."""

    def __init__(self) -> None:
        self.sessions: dict[str, SimulatedSession] = {}

    async def replace(self, instance: str) -> None:
        if (older := self.sessions.get(instance)) is not None:
            older.cut()
            older.tell(Replaced())


class Process:
    """Everything that `python -m sender` is made of, but for its HTTP port."""

    def __init__(
        self, name: str, host: str, pool: Pool, redis_url: str, clock: ManualClock, behaviour: Behaviour,
        network: Network,
    ) -> None:  # fmt: skip
        self.name = name
        self.life = Life()
        self._clients: list[Redis] = [writer(redis_url), reader(redis_url)]
        redis: Any = WatchedRedis(self._clients[0], self.life)
        self.listening: Any = WatchedRedis(self._clients[1], self.life)
        stores: Any = WatchedPool(pool, self.life)
        self.ledger_pool: Any = WatchedPool(pool, self.life)
        chance = Random(1)
        metrics = SenderMetrics(CollectorRegistry())
        self.leases = Leases(
            stores, redis, Identity(name, host), TTL, REFRESH, clock, metrics, lambda: len(self.sessions)
        )
        ledger = Ledger(self.ledger_pool, name, self.leases, metrics, longest_pause=POLICY.pause_max)
        absent: Any = _Absent()
        autopilot = Autopilot(
            stores, lambda: self.leases.held, lambda one: self.sessions.session_of(one),
            lambda one: self.couriers.wake(one), absent.wake, clock, max_attempts=3,
        )  # fmt: skip
        inbox = Inbox(
            stores, lambda: self.leases.held, absent.wake, Translator(NoMedia()), None, metrics, autopilot=autopilot,
            pictures=silent_pictures(stores, clock),
        )  # fmt: skip
        self.engine = Engine(behaviour, network)
        self.sessions = Sessions(
            self.engine, stores, ledger, self.leases.epoch_of, lambda one: self.couriers.wake(one),
            lambda one, chat: self.couriers.settled(one, chat), metrics, inbox=inbox, announce=absent.wake,
            clock=clock, chance=chance, may_connect=self.leases.may_connect,
        )  # fmt: skip
        self._numbers = numbers = Numbers(stores, clock)
        self.couriers = Couriers(
            stores, self.sessions.get, ledger, POLICY, clock, metrics, chance,
            Composing(stores, clock, numbers, lambda instance, session: NO_MEDIA).compose,
        )  # fmt: skip
        rescue = Rescue(
            stores, lambda: self.leases.held, lambda one: self._node.look(one), self.couriers.doubt, SCHEDULE, clock,
            metrics, chance, longest_pause=POLICY.pause_max,
        )  # fmt: skip
        intake = Intake(
            self.listening, name, lambda: self.leases.held, lambda one: self._node.look(one),
            lambda shards: self._node.look_around(shards), self.leases.hurry, absent.look,
        )  # fmt: skip
        handoff = Handoff(
            self.leases, self.couriers.rest_shards, self.sessions.close_shards, Doorbell(redis), stores, clock, metrics
        )
        uncertain = Uncertain(
            stores, lambda: self.leases.held, self.couriers.hold, self.couriers.settled, DOUBT, clock, metrics
        )
        self._node = Node(
            self.engine, self.leases, ledger, self.sessions, self.couriers, inbox, absent, absent, intake, rescue,
            absent, absent, handoff, Stays(tuple, timedelta(0), clock), uncertain, clock, address=("", 0),
            patience=5.0, event_sweep=timedelta(hours=1),
        )  # fmt: skip
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        numbers = asyncio.create_task(self._numbers.run())
        try:
            await self._node.run(self._stop)
        finally:
            numbers.cancel()
            await asyncio.wait([numbers])
            await self._close()

    async def _close(self) -> None:
        for client in self._clients:
            await client.aclose()

    @property
    def has_ended(self) -> bool:
        return self._task.done()

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    @property
    def is_at_rest(self) -> bool:
        return self.life.under_way == 0

    def freeze(self) -> None:
        """As SIGSTOP does. The clock is frozen by who moves it."""
        self.life.freeze()

    def thaw(self) -> None:
        self.life.thaw()

    async def kill(self) -> None:
        """As SIGKILL does: from this moment on nothing that it does reaches anybody."""
        self.life.die()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._close()  # who was already closing was cut short

    async def stop(self) -> None:
        """As SIGTERM does. Raises what the node raised."""
        self._stop.set()
        await self._task


class _Absent:
    """In the place of the parts that answer questions and probes and deliver webhooks."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def serve(self, *_: object) -> None:
        await asyncio.Event().wait()

    async def sweep_forever(self, *_: object) -> None:
        await asyncio.Event().wait()

    async def rest(self, _: float) -> None: ...

    def wake(self, _: object) -> None: ...

    def look(self, *_: object) -> None: ...

    def claimed(self) -> None: ...
