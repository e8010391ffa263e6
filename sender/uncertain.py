"""Uncertain: settle sends whose outcome was lost, once no receipt came in the grace time, as their instance wishes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, Self
from uuid import UUID

from common import logs
from common.addresses import Jid
from common.clock import Clock
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Connection, Pool
from common.tables import uncertain as table
from common.tables.uncertain import Settled

log = logs.get(__name__)

AHEAD = 3.0  # rounds for which a chat is held anew: longer than a slow round takes

_DECISIONS = (
    ("assume-sent", "sent", table.ASSUME_SENT),
    ("resend", "queued", table.RESEND),
    ("resend", "failed", table.GIVE_UP),
    ("resend-same-id", "queued", table.RESEND_SAME_ID),
    ("resend-same-id", "failed", table.GIVE_UP_SAME_ID),
)


class Witness(Protocol):
    """Who wants to know. Called inside the transaction that decides, so that what is written there is as durable."""

    async def settled(self, connection: Connection, outcome: str, messages: Sequence[Settled]) -> None:
        """`outcome` is sent, queued (it will be sent again) or failed."""
        ...


class Nobody:
    async def settled(self, connection: Connection, outcome: str, messages: Sequence[Settled]) -> None:
        return


@dataclass(frozen=True)
class UncertainPolicy:
    grace: timedelta = timedelta(seconds=90)
    interval: timedelta = timedelta(seconds=2)
    retention: timedelta = timedelta(days=7)

    @classmethod
    def of(cls, grace: timedelta, retention: timedelta) -> Self:
        """Looks often enough for the grace time to mean something."""
        return cls(grace, min(cls.interval, max(grace / 4, timedelta(seconds=0.1))), retention)


class Uncertain:
    """`hold` is told which chats wait for a decision and for how long at least, `settled` those that need not wait."""

    def __init__(
        self,
        pool: Pool,
        held: Callable[[], Mapping[int, int]],
        hold: Callable[[UUID, Jid, float], None],
        settled: Callable[[UUID, Jid], None],
        policy: UncertainPolicy,
        clock: Clock,
        metrics: SenderMetrics,
        witness: Witness | None = None,
    ) -> None:
        self._pool = pool
        self._held = held
        self._hold = hold
        self._settled = settled
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._witness = witness or Nobody()

    async def run(self) -> None:
        """Decide until cancelled; an outage of Postgres is waited out."""
        step = self._policy.interval.total_seconds()
        while True:
            started = self._clock.elapsed()
            try:
                await self.look()
            except OUTAGES as error:
                log.warning("messages in doubt not looked at", error=type(error).__name__)
            await self._clock.sleep_until(started + step)

    async def look(self) -> None:
        """Hold what waits and decide what is due. One cheap query while nothing is in doubt."""
        held = dict(self._held())
        in_doubt = await self._pool.fetchval(table.COUNT, list(held))
        self._metrics.in_doubt.set(in_doubt)
        if in_doubt:
            await self.hold_waiting(held)
            await self.decide()

    async def hold_waiting(self, shards: Mapping[int, int]) -> None:
        """Hold every chat of these shards that waits for a decision, also those that an earlier owner left so."""
        seconds = self._policy.interval.total_seconds() * AHEAD
        for instance, chat in await self._pool.fetch(table.LIST_WAITING, list(shards), self._policy.grace):
            self._hold(instance, chat, seconds)

    async def decide(self) -> None:
        """Apply the policies to what has been in doubt for long enough."""
        held = dict(self._held())
        if not held:
            return
        for by, outcome, statement in _DECISIONS:
            await self._settle(by, outcome, statement, held, self._policy.grace)
        await self._settle("retention", "failed", table.FORGET_HELD, held, self._policy.retention)

    async def _settle(self, by: str, outcome: str, statement: str, held: Mapping[int, int], age: timedelta) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(statement, list(held), list(held.values()), age)
            messages = [Settled(*row) for row in rows]
            if messages:
                await self._witness.settled(connection, outcome, messages)
        if not messages:
            return
        self._metrics.settled.labels(by, outcome).inc(len(messages))
        log.info("messages in doubt settled", by=by, outcome=outcome, count=len(messages))
        for message in messages:
            self._settled(message.instance_id, message.chat)
