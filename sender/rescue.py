"""Rescue: sweeps that find what Redis lost, let go what is scheduled, and end what has expired."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from common import logs
from common.addresses import Jid
from common.clock import Clock
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import attempt, event_retention, message, retention
from sender.news import News

log = logs.get(__name__)

AGAIN = 0.5  # seconds between two tries while Postgres is away
LATE_COMMITS = 60.0  # seconds: a row's number may be drawn this long before its commit is seen
THOROUGH = 60.0  # seconds: nothing that may go waits longer than this for somebody to look, whatever went wrong


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often each chore runs. Sweeps are jittered by a quarter so that nodes do not march in step."""

    sweep: timedelta = timedelta(seconds=10)
    scheduled: timedelta = timedelta(seconds=1)
    cleanup: timedelta = timedelta(hours=1)
    completed_retention: timedelta = timedelta(hours=24)
    failed_retention: timedelta = timedelta(days=7)
    idempotency_retention: timedelta = timedelta(hours=24)
    event_retention: timedelta = timedelta(hours=24)
    event_failed_retention: timedelta = timedelta(days=7)
    audit_retention: timedelta = timedelta(days=90)


class Rescue:
    """Each chore is one loop; an outage of Postgres is waited out, since the next round does the work."""

    def __init__(
        self,
        pool: Pool,
        held: Callable[[], Mapping[int, int]],
        wake: Callable[[UUID], Awaitable[None]],
        doubt: Callable[[UUID, Jid], None],
        schedule: Schedule,
        clock: Clock,
        metrics: SenderMetrics,
        chance: Random,
        announce: Callable[[Iterable[UUID]], None] = lambda instances: None,
        *,
        longest_pause: timedelta,
        keeps_all_events: bool = False,
    ) -> None:
        """`announce` is told which instances have events to deliver, once those are committed."""
        self._pool = pool
        self._announce = announce
        self._keeps_all_events = keeps_all_events
        self._held = held
        self._wake = wake
        self._doubt = doubt
        self._schedule = schedule
        self._clock = clock
        self._metrics = metrics
        self._chance = chance
        self._longest_pause = longest_pause
        self._marks: list[tuple[float, int]] = []
        self._looked_at = 0.0

    async def run(self) -> None:
        """Do the chores until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forever(self._schedule.sweep, self.sweep), name="sweep")
            tasks.create_task(self._forever(self._schedule.scheduled, self._let_go), name="scheduled")
            tasks.create_task(self._forever(self._schedule.cleanup, self._clean), name="cleanup")

    async def reconcile(self, shards: Mapping[int, int]) -> None:
        """After a claim, before anything is sent: what an earlier owner had in flight is in doubt."""
        rows = await self._decide(attempt.DOUBT_ORPHANS, list(shards), list(shards.values()), self._longest_pause)
        for instance, _, _, chat, _ in rows:
            self._doubt(instance, chat)
        if rows:
            self._metrics.doubted(len(rows))
            log.warning("messages in doubt after a claim", count=len(rows))

    async def look_at_all(self, shards: Iterable[int]) -> None:
        """Wake every instance with work in these shards. Waits out an outage of Postgres."""
        wanted = list(shards)
        while True:
            try:
                for row in await self._pool.fetch(message.SWEEP_ALL, wanted):
                    await self._wake(row["instance_id"])
            except OUTAGES as error:
                log.warning("queues not looked at yet", error=type(error).__name__)
                await asyncio.sleep(AGAIN)
            else:
                return

    async def sweep(self) -> None:
        """Wake the instances of rows accepted since the last look, now and then those of all rows, and end what has
        expired."""
        held = self._held()
        if not held:
            return
        shards, epochs = list(held), list(held.values())
        now = self._clock.elapsed()
        last = await self._pool.fetchval(message.LAST_NUMBER)
        since = next((mark for at, mark in reversed(self._marks) if at <= now - LATE_COMMITS), None)
        if since is None:
            since = self._marks[0][1] if self._marks else last
        is_thorough = now - self._looked_at >= THOROUGH
        sweep = (message.SWEEP_ALL, shards) if is_thorough else (message.SWEEP_RECENT, since, shards)
        for row in await self._pool.fetch(*sweep):
            await self._wake(row["instance_id"])
        if is_thorough:
            self._looked_at = now
        self._marks = [(at, mark) for at, mark in self._marks if at > now - 2 * LATE_COMMITS]
        self._marks.append((now, last))
        expired = await self._decide(message.EXPIRE, shards, epochs)
        if expired:
            self._metrics.expired.inc(len(expired))
        backlog = await self._pool.fetchrow(message.BACKLOG, shards)
        if backlog is not None:
            self._metrics.backlog.set(backlog["messages"])
            self._metrics.oldest.set(float(backlog["age"]))

    async def _decide(self, statement: str, *arguments: object) -> Sequence[Any]:
        """A statement that ends messages without having sent them, with the events of it in its transaction."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(statement, *arguments)
            news = News(self._keeps_all_events)
            news.decided(rows, is_sent=False)
            to_deliver = await news.write(connection)
        self._announce(to_deliver)
        return rows

    async def _let_go(self) -> None:
        if held := self._held():
            for row in await self._pool.fetch(message.RELEASE_SCHEDULED, list(held), list(held.values())):
                await self._wake(row["instance_id"])

    async def _clean(self) -> None:
        await retention.clean(
            self._pool, self._clock.now(), self._schedule.completed_retention, self._schedule.failed_retention,
            self._schedule.idempotency_retention, self._schedule.audit_retention,
        )  # fmt: skip
        await event_retention.clean(
            self._pool, self._clock.now(), self._schedule.event_retention, self._schedule.event_failed_retention
        )

    async def _forever(self, interval: timedelta, chore: Callable[[], Awaitable[None]]) -> None:
        while True:
            started = self._clock.elapsed()
            try:
                await chore()
            except OUTAGES as error:
                log.warning("chore put off", chore=chore.__name__, error=type(error).__name__)
            wait = interval.total_seconds() * self._chance.uniform(0.75, 1.25)
            await self._clock.sleep_until(started + wait)
