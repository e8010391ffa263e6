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
from sender.autopilot import Autopilot
from sender.composers.media import Media
from sender.composing import NO_MEDIA, Composing
from sender.courier import DeliveryPolicy
from sender.couriers import Couriers
from sender.inbox import Inbox
from sender.ledger import Ledger
from sender.numbers import Numbers
from sender.pictures import PictureRules, Pictures
from sender.rescue import Rescue, Schedule
from sender.sessions import Sessions
from sender.translation.families import Translator
from sender.translation.media import NoMedia
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine, SimulatedSession
from tests.builders import insert_instance
from tests.clock import ManualClock
from tests.databases import SHARDS
from tests.waiting import eventually

AT_ONCE = DeliveryPolicy(pause_min=timedelta(0), pause_max=timedelta(0))
ALL = list(range(SHARDS))


class Shards:
    """What the station may act for. A test takes shards away, or the time to send."""

    def __init__(self) -> None:
        self.held: dict[int, int] = {}
        self.is_time_over = False

    def epoch_of(self, shard: int) -> int | None:
        return self.held.get(shard)

    def may_send(self, shard: int) -> bool:
        return shard in self.held and not self.is_time_over

    def may_leave(self, shard: int, epoch: int) -> bool:
        return self.held.get(shard) == epoch and not self.is_time_over


class Station:
    """Holds every shard once it has claimed them. `policy`, `behaviour` and `links` may be changed before it runs."""

    def __init__(self, pool: Pool, *, node: str = "station", clock: ManualClock | None = None) -> None:
        self.pool = pool
        self.node = node
        self.clock = clock or ManualClock()
        self.policy = AT_ONCE
        self.links = True
        self.behaviour = Behaviour(receipts=False)
        self.journal = Journal()
        self.shards = Shards()
        self.registry = CollectorRegistry()
        self.metrics = SenderMetrics(self.registry)
        self.chance = Random(1)
        self.announced: set[UUID] = set()
        """Instances of which it was said that they have events to deliver."""
        self.media: Media = NO_MEDIA
        self.picture_rules = PictureRules()

    @asynccontextmanager
    async def running(self) -> "AsyncIterator[Station]":
        self.engine = SimulatedEngine(self.behaviour, self.journal, seed=1, links=self.links)
        self.ledger = Ledger(self.pool, self.node, self.shards, self.metrics, self.announced.update)
        self.autopilot = Autopilot(
            self.pool, lambda: self.shards.held, lambda one: self.sessions.session_of(one),
            lambda one: self.couriers.wake(one), self.announced.update, self.clock, max_attempts=3,
        )  # fmt: skip
        self.pictures = Pictures(
            self.pool, lambda one: self.sessions.session_of(one), lambda one: self.sessions.look_at_profile(one),
            self.clock, self.metrics, self.picture_rules,
        )  # fmt: skip
        self.inbox = Inbox(
            self.pool, lambda: self.shards.held, self.announced.update, Translator(NoMedia()),
            self.engine, self.metrics, autopilot=self.autopilot, pictures=self.pictures,
        )  # fmt: skip
        self.sessions = Sessions(
            self.engine, self.pool, self.ledger, self.shards.epoch_of, lambda one: self.couriers.wake(one),
            lambda one, chat: self.couriers.settled(one, chat), self.metrics, inbox=self.inbox,
            announce=self.announced.update, clock=self.clock, chance=self.chance,
        )  # fmt: skip
        numbers = Numbers(self.pool, self.clock)
        self.composing = Composing(self.pool, self.clock, numbers, lambda instance, session: self.media)
        self.couriers = Couriers(
            self.pool, self.sessions.get, self.ledger, self.policy, self.clock, self.metrics, self.chance,
            self.composing.compose,
        )  # fmt: skip
        self.rescue = Rescue(
            self.pool, lambda: self.shards.held, self.look, self.couriers.doubt, Schedule(), self.clock, self.metrics,
            self.chance, self.announced.update, longest_pause=self.policy.pause_max,
        )  # fmt: skip
        await self.claim()
        async with self.engine, asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(part.run())
                for part in (self.ledger, self.inbox, self.sessions, self.couriers, numbers)
            ]
            try:
                yield self
            finally:
                await self.couriers.rest(0)  # a session that connects now wakes nobody any more
                for task in running:
                    task.cancel()

    async def look(self, instance: UUID) -> None:
        """What a ring does."""
        await self.sessions.look(instance)
        self.couriers.wake(instance)

    async def claim(self) -> None:
        """Take every shard, whoever has it."""
        await self.pool.execute("UPDATE shard SET lease_until = NULL")
        rows = await self.pool.fetch(shard.CLAIM, ALL, self.node, timedelta(minutes=5))
        self.shards.held.update({row[0]: row[1] for row in rows})

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

    async def row(self, number: int) -> dict[str, object]:
        """A message wherever it is by now: its columns, `place` (queue, history or dead letter) and its status."""
        for place, columns in (
            ("message_queue", "*"), ("message_history", "*"), ("message_dead_letter", "*, 'failed' AS status")
        ):  # fmt: skip
            row = await self.pool.fetchrow(f"SELECT {columns} FROM {place} WHERE id = $1", number)
            if row is not None:
                return {"place": place, **row}
        raise LookupError(number)

    async def status(self, number: int) -> object:
        return (await self.row(number))["status"]

    async def attempts(self, number: int) -> list[tuple[int, str]]:
        """The recorded attempts of a message: their numbers and outcomes."""
        rows = await self.pool.fetch(
            "SELECT attempt, outcome FROM message_attempt WHERE message_id = $1 ORDER BY started_at", number
        )
        return [(row[0], row[1]) for row in rows]
