"""The delivering half of a node in a test's own process: real parts on real stores, a clock that the test moves, and
the simulated engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from uuid import UUID

from prometheus_client import CollectorRegistry

from common.metrics import SenderMetrics
from common.postgres import Pool
from common.tables import message, shard
from common.tables.message import NewMessage
from sender.courier import DeliveryPolicy
from sender.couriers import Couriers
from sender.ledger import Ledger
from sender.sessions import Sessions
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine, SimulatedSession
from tests.builders import insert_instance
from tests.clock import ManualClock
from tests.databases import SHARDS
from tests.waiting import eventually

AT_ONCE = DeliveryPolicy(pause_min=timedelta(0), pause_max=timedelta(0))
ALL = list(range(SHARDS))


class Station:
    """Holds every shard once it has claimed them. `policy` and `behaviour` may be changed before it runs."""

    def __init__(self, pool: Pool, *, node: str = "station", clock: ManualClock | None = None) -> None:
        self.pool = pool
        self.node = node
        self.clock = clock or ManualClock()
        self.policy = AT_ONCE
        self.behaviour = Behaviour(receipts=False)
        self.journal = Journal()
        self.held: dict[int, int] = {}
        self.registry = CollectorRegistry()
        self.metrics = SenderMetrics(self.registry)

    @asynccontextmanager
    async def running(self) -> "AsyncIterator[Station]":
        self.engine = SimulatedEngine(self.behaviour, self.journal, seed=1)
        self.ledger = Ledger(self.pool, self.node, self.held.get, self.metrics)
        self.sessions = Sessions(
            self.engine, self.pool, self.ledger, self.held.get, lambda one: self.couriers.wake(one), self.metrics
        )
        self.couriers = Couriers(
            self.pool, self.sessions.get, self.ledger, self.policy, self.clock, self.metrics, Random(1)
        )
        await self.claim()
        async with self.engine, asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(part.run()) for part in (self.ledger, self.sessions, self.couriers)]
            try:
                yield self
            finally:
                for task in running:
                    task.cancel()

    async def claim(self) -> None:
        """Take every shard, whoever has it."""
        await self.pool.execute("UPDATE shard SET lease_until = NULL")
        rows = await self.pool.fetch(shard.CLAIM, ALL, self.node, timedelta(minutes=5))
        self.held.update({row[0]: row[1] for row in rows})

    async def instance(self) -> UUID:
        """A linked instance whose session is open and connected."""
        instance = await insert_instance(self.pool)
        await self.sessions.look(instance)
        await eventually(lambda: self.session(instance).is_connected)
        return instance

    def session(self, instance: UUID) -> SimulatedSession:
        return self.engine.sessions[instance.hex]

    async def accept(self, *messages: NewMessage) -> list[int]:
        """Enqueue without ringing; the numbers of the rows."""
        return [row[0] for row in await self.pool.fetch(message.ENQUEUE, *message.columns_of(messages))]

    async def send(self, *messages: NewMessage) -> list[int]:
        """Enqueue and wake their couriers."""
        numbers = await self.accept(*messages)
        for instance in {one.instance_id for one in messages}:
            self.couriers.wake(instance)
        return numbers

    async def rest(self) -> None:
        """Until no courier is at work."""
        await eventually(lambda: not len(self.couriers))

    def texts(self) -> list[str]:
        """What left, in order."""
        return [handed.text for handed in self.journal.handed]
