"""Leases: claim, renew and release shards in both stores. What they allow, and until when, `ownership.py` says."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import resources
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common import keys, logs
from common.clock import Clock
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import node as node_table
from common.tables import shard as table
from sender.assignment import Holding, Member, assign, moves
from sender.ownership import Ownership

log = logs.get(__name__)

_LEASE = resources.files("common").joinpath("scripts/lease.lua").read_text(encoding="utf-8")
_UNLEASE = resources.files("common").joinpath("scripts/unlease.lua").read_text(encoding="utf-8")

PATIENCE = 0.25  # of a lease's life, for one call to a store: a store that hangs must not use up the other's promise
COUNT_EVERY = 12  # rounds between two counts of the sessions of all shards
FORGET_AFTER = 20  # lives of a lease after which a dead node is forgotten
SOON = 0.02  # seconds after a foreign lease has run out


class Duties(Protocol):
    """What a change of ownership asks of the node. Nothing may take long but `reconcile`: renewals wait for it."""

    async def reconcile(self, shards: Mapping[int, int]) -> None:
        """Before these shards, claimed at these epochs, count as held. When it raises they are claimed again."""
        ...

    async def claimed(self, shards: Mapping[int, int]) -> None:
        """They are held now."""
        ...

    async def lost(self, shards: set[int]) -> None:
        """Another node has them, or will."""
        ...

    async def resumed(self, shards: Mapping[int, int]) -> None:
        """Time had run out, so nothing was sent; nobody took over meanwhile and these are ours again."""
        ...

    async def given(self, targets: Mapping[int, str | None]) -> None:
        """These should be other nodes': begin to hand them on."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """`id` is this process alone: another one of the same name must wait for our leases to run out like any other."""

    id: str
    name: str
    version: str = ""
    address: str = ""
    capacity: int = 100


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What Postgres shows of the other nodes, and how many sessions each shard has."""

    members: tuple[Member, ...]
    shards: tuple[table.Shard, ...]
    sessions: Mapping[int, int]

    def holdings(self) -> list[Holding]:
        alive = {member.id for member in self.members}
        return [
            Holding(
                shard.id,
                None if shard.is_free else shard.node,
                shard.handed_to if shard.handed_to in alive else None,
                self.sessions.get(shard.id, 0),
            )
            for shard in self.shards
        ]


class Leases:
    """Claiming takes both stores. Sending goes on while Postgres renews; while neither does, everything is lost.

    `keep` must be running.
    """

    def __init__(
        self,
        pool: Pool,
        redis: Redis,
        identity: Identity,
        ttl: timedelta,
        refresh: timedelta,
        clock: Clock,
        metrics: SenderMetrics,
        sessions: Callable[[], int] = lambda: 0,
    ) -> None:
        self._pool = pool
        self._redis = redis
        self._identity = identity
        self._ttl = ttl
        self._refresh = refresh
        self._clock = clock
        self._metrics = metrics
        self._sessions = sessions
        self._take = redis.register_script(_LEASE)
        self._give = redis.register_script(_UNLEASE)
        self._ownership = Ownership(ttl.total_seconds())
        self._hurry = asyncio.Event()
        self._retired = False
        self._redis_answers = True
        self._round = 0
        self._counts: dict[int, int] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self.deadline: float | None = None
        """When everything must have stopped, for the watchdog's thread."""
        self.has_looked = asyncio.Event()

    # --- rights ---

    @property
    def node(self) -> str:
        return self._identity.id

    @property
    def held(self) -> Mapping[int, int]:
        """Epoch by shard."""
        return self._ownership.epochs

    def epoch_of(self, shard: int) -> int | None:
        return self._ownership.epoch_of(shard)

    def may_connect(self, shard: int) -> bool:
        return self._ownership.may_connect(shard)

    def may_send(self, shard: int) -> bool:
        """Whether a send may begin now."""
        return self._ownership.may_begin(shard, self._clock.elapsed())

    def may_leave(self, shard: int, epoch: int) -> bool:
        """Whether a send that was begun at this epoch may go on the wire now."""
        return self._ownership.may_leave(shard, epoch, self._clock.elapsed())

    # --- what the node tells ---

    def giving(self, shards: Iterable[int]) -> None:
        """These are being handed on: begin nothing new."""
        self._ownership.giving(shards)

    def retire(self) -> None:
        """Claim nothing any more; others see us as leaving from the next renewal on."""
        self._retired = True

    def hurry(self) -> None:
        """Something has changed: do not wait for the next round."""
        self._hurry.set()

    # --- rounds ---

    async def keep(self, duties: Duties) -> None:
        """Renew, claim and give until cancelled. A round that fails is tried again in the next."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._expire_forever(duties), name="expiry")
                while True:
                    started = self._clock.elapsed()
                    self._hurry.clear()
                    await self._wait(started + await self._round_of(duties))
        finally:
            self._tasks = None

    async def release(self, targets: Mapping[int, str | None]) -> None:
        """Give these shards back, sessions already closed; `targets` says for whom. What cannot be given back runs
        out by itself."""
        held = {shard: epoch for shard, epoch in self.held.items() if shard in targets}
        # First ours no more, then free: nothing of ours may happen once another node can claim.
        self._ownership.released(held)
        self._note()
        if not held:
            return
        for_whom = [targets[shard] for shard in held]
        for give in (
            partial(self._pool.fetch, table.RELEASE, list(held), list(held.values()), self.node, for_whom),
            partial(self._unlease, list(held)),
        ):
            try:
                await self._within(give())
            except (*OUTAGES, RedisError) as error:
                log.warning("leases not given back", error=type(error).__name__, shards=len(held))

    async def look(self, *, recount: bool = False) -> Surroundings:
        """The other nodes and all shards, as Postgres has them now; sessions are counted now and then, or on demand."""
        counts = self._counts
        if counts is None or recount or self._round % COUNT_EVERY == 0:
            counts = self._counts = await self._within(table.count_sessions(self._pool))
        nodes = await self._within(node_table.list_nodes(self._pool, self._ttl))
        shards = await self._within(table.list_shards_of(self._pool))
        leaving = {each.id for each in nodes if each.is_draining} | ({self.node} if self._retired else set())
        members = tuple(
            Member(each.id, each.name or each.id, each.capacity, each.id in leaving) for each in nodes if each.is_alive
        )
        return Surroundings(members, tuple(shards), counts)

    async def _round_of(self, duties: Duties) -> float:
        """One round; how many seconds after its beginning the next one should begin."""
        pause = self._refresh.total_seconds()
        try:
            await self._renew(duties)
            pause = min(pause, await self._look_and_act(duties))
            self.has_looked.set()
        except (*OUTAGES, RedisError) as error:
            log.warning("leases not kept", error=type(error).__name__, held=len(self._ownership))
        self._note()
        return pause

    async def _renew(self, duties: Duties) -> None:
        """Both stores at once, so that one that hangs does not use up the time of the other."""
        asked, asked_at = self.held, self._clock.elapsed()
        async with asyncio.TaskGroup() as tasks:
            redis = tasks.create_task(self._renew_in_redis(asked))
            postgres = tasks.create_task(_caught(self._within(self._renew_in_postgres(asked))))
        self._redis_answers = redis.result() is not None
        self._ownership.leased(asked, redis.result() or (), asked_at)
        granted = postgres.result()
        if isinstance(granted, BaseException):
            raise granted
        lapsed = self._ownership.lapsed(self._clock.elapsed())
        lost = self._ownership.renewed(asked, granted, asked_at)
        self._note()
        if lost:
            self._metrics.leases_lost.inc(len(lost))
            log.error("shards lost", shards=sorted(lost))
            await duties.lost(lost)
        if back := {shard: epoch for shard, epoch in self.held.items() if shard in lapsed and shard in granted}:
            log.warning("leases had run out and are ours again", held=len(back))
            await duties.resumed(back)

    async def _renew_in_postgres(self, asked: Mapping[int, int]) -> set[int]:
        own = self._identity
        rows = await self._pool.fetch(
            table.RENEW, list(asked), list(asked.values()), own.id, self._ttl, own.name, own.version, own.address,
            own.capacity, self._sessions(), self._retired,
        )  # fmt: skip
        return {row[0] for row in rows}

    async def _renew_in_redis(self, asked: Mapping[int, int]) -> list[int] | None:
        """The shards whose lease is ours. After a FLUSHALL this puts the leases back. None: Redis is away."""
        shards = list(asked)
        if not shards:
            return []
        try:
            places = await self._within(self._lease(shards))
        except (RedisError, OSError) as error:
            log.warning("leases not renewed in Redis", error=type(error).__name__)
            return None
        return [shards[place - 1] for place in places]

    async def _look_and_act(self, duties: Duties) -> float:
        """Claim what should be ours and is free, give what should be another's. Seconds until the next look."""
        around = await self.look()
        self._round += 1
        if self._round % COUNT_EVERY == 0:
            await self._within(self._pool.execute(node_table.FORGET_DEAD, self._ttl * FORGET_AFTER))
        if self._retired or not self._redis_answers:
            return self._refresh.total_seconds()
        holdings = around.holdings()
        assigned = assign(around.members, holdings)
        free = [
            each.shard
            for each in holdings
            if assigned.get(each.shard) == self.node and each.holder in (None, self.node)
            and self.epoch_of(each.shard) is None
        ]  # fmt: skip
        if free:
            await self._claim(free, duties)
        leaving = moves(self.node, assigned, holdings)
        going = {shard: target for shard, target in leaving.items() if self.may_connect(shard)}
        if going and len(going) == len(leaving):  # what an earlier round gives away has left first
            await duties.given(going)
        return self._until_next_expiry(around)

    async def _claim(self, free: list[int], duties: Duties) -> None:
        asked_at = self._clock.elapsed()
        places = await self._within(self._lease(free))
        leased = [free[place - 1] for place in places]
        if not leased:
            return
        rows = await self._within(self._pool.fetch(table.CLAIM, leased, self.node, self._ttl))
        claimed = {row[0]: row[1] for row in rows}
        if refused := [shard for shard in leased if shard not in claimed]:
            await self._within(self._unlease(refused))
        if not claimed:
            return
        await self._within(duties.reconcile(claimed))
        self._ownership.claimed(claimed, asked_at)
        self._ownership.reconciled(claimed)
        self._note()
        log.info("shards claimed", count=len(claimed))
        await duties.claimed(claimed)

    def _until_next_expiry(self, around: Surroundings) -> float:
        """Who renews has more than one refresh left; whoever has less is probably dead, so look when it runs out."""
        refresh = self._refresh.total_seconds()
        left = [
            shard.left.total_seconds()
            for shard in around.shards
            if shard.left is not None and not shard.is_free and shard.node != self.node
        ]
        return min((seconds + SOON for seconds in left if seconds < refresh), default=refresh)

    async def _expire_forever(self, duties: Duties) -> None:
        """Self-stop: what no store has promised any longer is lost, whatever the rounds are waiting for."""
        while True:
            deadline = self._ownership.holds_until
            now = self._clock.elapsed()
            if deadline is None or deadline > now:
                step = self._refresh.total_seconds()
                await self._clock.sleep_until(now + step if deadline is None else min(deadline, now + step))
                continue
            gone = self._ownership.overdue(now)
            self._note()
            self._metrics.leases_lost.inc(len(gone))
            log.error("shards given up: no store renewed their leases in time", count=len(gone))
            await duties.lost(gone)

    async def _wait(self, until: float) -> None:
        """Until the moment, or until somebody is in a hurry."""
        async with asyncio.TaskGroup() as tasks:
            waits = [tasks.create_task(self._clock.sleep_until(until)), tasks.create_task(_set(self._hurry))]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def _within(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result, or TimeoutError in time: a cancelled query may wait for a server that hangs, so it is left."""
        patience = self._ttl.total_seconds() * PATIENCE
        if self._tasks is None:
            async with asyncio.timeout(patience):
                return await work
        task = self._tasks.create_task(_caught(work))
        done, _ = await asyncio.wait([task], timeout=patience)
        if not done:
            task.cancel()
            raise TimeoutError
        result = task.result()
        if isinstance(result, Exception):
            raise result
        return result

    async def _lease(self, shards: list[int]) -> list[int]:
        """Take or renew in Redis; the places, from one, of what is ours."""
        milliseconds = int(self._ttl.total_seconds() * 1000)
        places: list[int] = await self._take(
            keys=[keys.lease(shard) for shard in shards], args=[self.node, milliseconds]
        )
        return places

    async def _unlease(self, shards: list[int]) -> None:
        await self._give(keys=[keys.lease(shard) for shard in shards], args=[self.node])

    def _note(self) -> None:
        self.deadline = self._ownership.holds_until
        self._metrics.shards.set(len(self._ownership))


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def _caught(work: Coroutine[Any, Any, Any]) -> Any:
    """The result, or the outage as one: raised in a task of the group it would end the group."""
    try:
        return await work
    except (*OUTAGES, RedisError) as error:
        return error
