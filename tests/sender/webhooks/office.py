"""A node's delivery of events alone: lanes on a real database, with short delays, and events to give them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from random import Random
from uuid import UUID

from prometheus_client import CollectorRegistry

from common.clock import SystemClock
from common.metrics import SenderMetrics
from common.outbound import Outbound
from common.postgres import Pool
from common.tables import event, shard
from common.tables.event import NewEvent
from common.vault import Vault
from sender.webhooks.destination import BreakerPolicy
from sender.webhooks.dispatcher import Webhooks
from sender.webhooks.lane import RetryDelays, Tools
from sender.webhooks.post import Post
from sender.webhooks.reads import Reads
from sender.webhooks.records import Records
from tests.builders import SHARDS, insert_instance
from tests.waiting import PATIENCE

QUICK = tuple(timedelta(milliseconds=each) for each in (0, 10, 20, 30))
CALM = BreakerPolicy(failures=1000, cooldown=timedelta(milliseconds=50))
ENCRYPTION_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
LOOPBACK = "127.0.0.0/8"
EVERY = (
    "delivery_callback_url", "received_callback_url", "message_status_callback_url", "presence_chat_callback_url",
    "connected_callback_url", "disconnected_callback_url",
)  # fmt: skip


class Office:
    """Owns every shard from `open` on. Its settings may be changed before."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.delays: Sequence[timedelta] = QUICK
        self.breaker = CALM
        self.patience = timedelta(minutes=1)
        self.allowed = LOOPBACK
        self.hosts = frozenset({"127.0.0.1"})
        self.room = 200
        self.vault = Vault(ENCRYPTION_KEY)
        self.held: dict[int, int] = {}
        self.registry = CollectorRegistry()

    @asynccontextmanager
    async def open(self) -> "AsyncIterator[Office]":
        await self.pool.execute("UPDATE shard SET lease_until = NULL")
        rows = await self.pool.fetch(shard.CLAIM, list(range(SHARDS)), "office", timedelta(minutes=5))
        self.held = {row[0]: row[1] for row in rows}
        networks = [ip_network(self.allowed)] if self.allowed else []
        async with Outbound(networks) as outbound:
            tools = Tools(
                Post(outbound, self.patience, self.hosts),
                Reads(self.pool, self.vault),
                Records(self.pool, "office", self.held.get),
                asyncio.Semaphore(self.room),
                self.held.get,
                RetryDelays(tuple(self.delays)),
                SystemClock(),
                Random(1),
                SenderMetrics(self.registry),
            )
            self.webhooks = Webhooks(self.pool, tools, self.breaker)
            running = asyncio.create_task(self.webhooks.run())
            try:
                yield self
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    async def instance(self, url: str | None, **columns: object) -> UUID:
        """An instance whose webhooks all go to one address, but for those named."""
        return await insert_instance(self.pool, **{**dict.fromkeys(EVERY, url), **columns})

    async def happen(self, instance: UUID, count: int = 1, slot: event.Slot = "received") -> None:
        """So many events, one transaction each, as their causes are."""
        for number in range(count):
            body = b'{"type":"ReceivedCallback","number":%d}' % number
            async with self.pool.acquire() as connection, connection.transaction():
                new = [NewEvent(instance, slot, "ReceivedCallback", body)]
                told = await event.append(connection, new, keeps_all=False)
            self.webhooks.wake(told)

    async def letters(self, instance: UUID) -> list[tuple[int, str]]:
        rows = await self.pool.fetch(
            "SELECT seq, error_class FROM event_dead_letter WHERE instance_id = $1 ORDER BY seq", instance
        )
        return [(row[0], row[1]) for row in rows]

    async def waiting(self, instance: UUID) -> int:
        count: int = await self.pool.fetchval("SELECT count(*) FROM event_outbox WHERE instance_id = $1", instance)
        return count

    async def until(self, is_true: Callable[[], object], patience: float = PATIENCE) -> None:
        async with asyncio.timeout(patience):
            while not await is_true():  # type: ignore[misc]  # noqa: ASYNC110 - rows tell nobody
                await asyncio.sleep(0.01)

    async def settled(self, instance: UUID) -> None:
        """Wait until nothing of the instance waits any more."""

        async def is_settled() -> bool:
            return await self.waiting(instance) == 0

        await self.until(is_settled)
