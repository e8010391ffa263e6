"""A lane: the events of one instance for one address, in order, one at a time; the head is retried in its place."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from common import logs
from common.clock import Clock
from common.metrics import SenderMetrics
from common.tables.event_outbox import Routes, WaitingEvent
from sender.webhooks.destination import Destination
from sender.webhooks.post import Answer, Failed, Gone, Post, Refused, Taken
from sender.webhooks.reads import Reads
from sender.webhooks.records import Record, Records, record
from sender.webhooks.waits import until

log = logs.get(__name__)

JITTER = 0.2  # of a pause, added at random
UNRECORDED = 32  # delivered events whose record is not committed yet; a crash tells so many again


@dataclass(frozen=True, slots=True)
class RetryDelays:
    """The pause before each attempt; after the last the event is a dead letter."""

    pauses: tuple[timedelta, ...] = tuple(timedelta(seconds=each) for each in (0, 10, 30, 120, 300, 900))

    def again_at(self, made: int, wish: timedelta, now: datetime, chance: Random) -> datetime | None:
        """When to try again after that many attempts; None: not at all."""
        if made >= len(self.pauses):
            return None
        return now + max(self.pauses[made] * (1 + chance.random() * JITTER), wish)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every lane works with."""

    post: Post
    reads: Reads
    records: Records
    room: asyncio.Semaphore
    epoch_of: Callable[[int], int | None]
    delays: RetryDelays
    clock: Clock
    chance: Random
    metrics: SenderMetrics


class Lane:
    """Lives while its address has events. Events that are delivered are recorded while the next one goes."""

    def __init__(
        self, routes: Routes, url: str, events: Sequence[WaitingEvent], destination: Destination, tools: Tools
    ) -> None:
        self._routes = routes
        self._url = url
        self._events = deque(events)
        self._destination = destination
        self._tools = tools
        self._unrecorded: deque[asyncio.Future[None]] = deque()
        self._news = asyncio.Event()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def instance(self) -> UUID:
        return self._routes.instance_id

    @property
    def has_news(self) -> bool:
        return self._news.is_set()

    def look(self) -> None:
        """There is more to send."""
        self._news.set()

    def change(self) -> None:
        """What was read of the instance is no longer true: addresses, secrets, what waits for media or a retry."""
        self._changed.set()
        self._news.set()

    def stop(self) -> None:
        """Begin nothing new. Idempotent."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until nothing is left, or the address or the shard is another's. Raises LostOwnership."""
        while not self._stopping.is_set() and self._tools.epoch_of(self._routes.shard) is not None:
            if not self._events and not await self._fetch():
                if self._news.is_set():
                    continue
                break
            event = self._events[0]
            wait = self._wait_of(event)
            if wait > 0:
                await self._pause(wait)
                continue
            if not await self._attempt(event):
                break
        await self._recorded(0)

    async def _fetch(self) -> bool:
        await self._recorded(0)
        self._news.clear()
        self._changed.clear()
        found = await self._tools.reads.find(self.instance, self._url)
        if found.routes is None:
            return False
        self._routes = found.routes
        self._events.extend(found.events.get(self._url, ()))
        return bool(self._events)

    def _wait_of(self, event: WaitingEvent) -> float:
        """For its media, for its next attempt, for the breaker. 0: the breaker let it in."""
        now = self._tools.clock.now()
        moments = [each for each in (event.media_until, event.next_attempt_at) if each is not None]
        left = max(((each - now).total_seconds() for each in moments), default=0.0)
        return left if left > 0 else self._destination.enter()

    async def _pause(self, seconds: float) -> None:
        """Then read again, since a long time may have passed. More events are no reason to wake."""
        self._events.clear()
        clock = self._tools.clock
        await until(clock, clock.elapsed() + seconds, self._changed, self._stopping, self._destination.changed)

    async def _attempt(self, event: WaitingEvent) -> bool:
        """Whether the lane goes on."""
        tools = self._tools
        answer: Answer | None = None
        try:
            async with self._destination.slots, tools.room:
                started = tools.clock.elapsed()
                now = tools.clock.now()
                if event.attempts == 0 and not event.replayed:
                    tools.metrics.event_latency.observe(max(0.0, (now - event.created_at).total_seconds()))
                answer = await tools.post.send(self._url, event, self._routes.secrets, now)
                took = tools.clock.elapsed() - started
        finally:
            if answer is None:
                self._destination.abandoned()
        tools.metrics.event_duration.observe(took)
        return await self._record(event, answer, took)

    async def _record(self, event: WaitingEvent, answer: Answer, took: float) -> bool:
        tools = self._tools
        now = tools.clock.now()
        match answer:
            case Taken(code):
                self._destination.answered()
                tools.metrics.events_delivered.inc()
                self._events.popleft()
                self._unrecorded.append(self._put(record("delivered", event, self._url, now, took, code)))
                await self._recorded(UNRECORDED)
                return True
            case Failed(code, error_class, detail, wish):
                if self._destination.failed():
                    log.warning("breaker of a webhook opened", instance=self.instance, error_class=error_class)
                again_at = tools.delays.again_at(event.attempts + 1, wish, now, tools.chance)
                if again_at is not None:
                    tools.metrics.event_attempts.labels("retry").inc()
                    await self._put(
                        record("again", event, self._url, now, took, code, detail=detail, again_at=again_at)
                    )
                    self._events.clear()
                    return True
                await self._bury(record(
                    "dead", event, self._url, now, took, code, detail=detail, error_class=error_class
                ))  # fmt: skip
                return True
            case Refused(code, error_class, detail):
                self._destination.answered()
                await self._bury(record(
                    "dead", event, self._url, now, took, code, detail=detail, error_class=error_class
                ))  # fmt: skip
                return True
            case Gone(code, error_class, detail):
                self._destination.answered()
                await self._bury(record(
                    "gone", event, self._url, now, took, code, detail=detail, error_class=error_class,
                    slots=self._routes.slots_of(self._url),
                ))  # fmt: skip
                return False

    async def _bury(self, made: Record) -> None:
        self._tools.metrics.event_attempts.labels("dead").inc()
        self._tools.metrics.event_dead_letters.labels(made.error_class).inc()
        log.warning("event given up", instance=self.instance, seq=made.seq, error_class=made.error_class)
        await self._recorded(0)
        await self._put(made)
        self._events.popleft()

    def _put(self, made: Record) -> asyncio.Future[None]:
        return self._tools.records.put(self._routes.shard, made)

    async def _recorded(self, most: int) -> None:
        """Wait until at most so many delivered events are without their record."""
        while len(self._unrecorded) > most:
            await self._unrecorded.popleft()
