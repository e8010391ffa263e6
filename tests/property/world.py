"""The world of one example: frontends, senders that come and go, WhatsApp, and time; and what must hold in it."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from common import keys
from common.addresses import Jid
from common.doorbell import Doorbell, writer
from common.errors import DeliveryError, NotConnected, NotOnWhatsApp, OutcomeUnknown, TemporaryFailure
from common.metrics import FrontendMetrics
from common.postgres import Pool, open_pool
from common.tables import dead_letter, message
from common.tables.message import NewMessage
from frontend.enqueue import Enqueue, IdempotencyKey, Ticket
from sender.whatsapp.session import Disconnected, Receipts
from sender.whatsapp.simulated import Behaviour
from tests.builders import insert_instance, new_message
from tests.property.process import POLICY, TTL, Network, Process
from tests.property.virtual_time import VirtualTime
from tests.property.watched import Life, WatchedPool, WatchedRedis
from tests.waiting import PATIENCE

SHARDS = 2
PHONES = ("5511900000001", "5511900000002")
SURE: dict[str, type[DeliveryError]] = {
    "temporary": TemporaryFailure,
    "refused": NotOnWhatsApp,
    "not-connected": NotConnected,
}
FATES = ("sent", "temporary", "temporary", "refused", "not-connected", "surprise", "lost before", "lost after")
HANGS = ("hang before", "hang after")
POLICIES = ("hold", "resend", "assume-sent")
TURNS = 25  # turns of the loop without anything under way: longer than any chain of callbacks
A_MOMENT = 0.001  # seconds past the moment that somebody sleeps for: sums of floats are not exact

EMPTY = """
    DELETE FROM message_queue; DELETE FROM message_history; DELETE FROM message_dead_letter;
    DELETE FROM message_attempt; DELETE FROM instance_pace; DELETE FROM idempotency; DELETE FROM instance;
    DELETE FROM node;
    UPDATE shard SET node = NULL, lease_until = NULL"""

ROWS = """
    SELECT zaap_id, id, 'queue' AS place, status, node, attempts, max_attempts FROM message_queue
    UNION ALL SELECT zaap_id, id, 'history', status, node, attempts, max_attempts FROM message_history
    UNION ALL SELECT zaap_id, id, 'dead letter', 'failed', node, attempts, max_attempts FROM message_dead_letter"""

TAKEN = """
    SELECT id FROM shard WHERE node <> $1 AND lease_until > now()"""

_OF = {
    "instance": "id = ANY($1)",
    "message_attempt": """message_id IN (
        SELECT id FROM message_queue WHERE instance_id = ANY($1)
        UNION ALL SELECT id FROM message_history WHERE instance_id = ANY($1)
        UNION ALL SELECT id FROM message_dead_letter WHERE instance_id = ANY($1))""",
    **dict.fromkeys(
        ("message_queue", "message_history", "message_dead_letter", "instance_pace"), "instance_id = ANY($1)"
    ),
}
OWNED = {name: f"SELECT {name}::text FROM {name} WHERE {which} ORDER BY 1" for name, which in _OF.items()}


@dataclass(slots=True)
class Accepted:
    """A message that a caller was told is accepted. `turn` is its place in the order of acceptance, `policy` what its
    instance wishes when nobody knows whether it left."""

    new: NewMessage
    turn: int
    policy: str
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """A message on the wire, and when it left."""

    message: Accepted
    at: float


@dataclass(frozen=True, slots=True)
class Row:
    zaap_id: UUID
    id: int
    place: str
    status: str
    node: str | None
    attempts: int
    max_attempts: int


@dataclass(slots=True)
class Hanging:
    """A send that WhatsApp neither takes nor refuses until it is told to."""

    process: str
    fate: asyncio.Future[str]


@dataclass(slots=True)
class World:
    pool: Pool
    redis: Redis
    redis_url: str
    time: VirtualTime
    enqueue: Enqueue
    life: Life
    instances: list[UUID]
    policies: tuple[str, ...]
    running: list[asyncio.Task[None]]
    network: Network = field(default_factory=Network)
    processes: dict[str, Process] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    accepted: dict[UUID, Accepted] = field(default_factory=dict)
    by_wire: dict[str, Accepted] = field(default_factory=dict)
    fates: dict[str, list[str]] = field(default_factory=dict)
    hanging: dict[str, Hanging] = field(default_factory=dict)
    wire: list[Left] = field(default_factory=list)
    keys: dict[tuple[UUID, str], tuple[str, Ticket]] = field(default_factory=dict)
    turns: int = 0
    named: int = 0
    host: str = ""
    has_rung: bool = False

    # --- a world begins and ends ---

    @classmethod
    async def begin(cls, dsn: str, redis_url: str, policies: tuple[str, ...]) -> "World":
        """One instance for each policy."""
        pool, redis = await open_pool(dsn, 8, "world"), writer(redis_url)
        await redis.flushall()
        await pool.execute(EMPTY)
        time = VirtualTime(pool)
        await time.begin()
        life = Life()
        watched_pool: Any = WatchedPool(pool, life)
        watched_redis: Any = WatchedRedis(redis, life)
        enqueue = Enqueue(watched_pool, Doorbell(watched_redis), FrontendMetrics(CollectorRegistry()))
        instances = [
            await insert_instance(pool, shard=number % SHARDS, uncertain_policy=policy)
            for number, policy in enumerate(policies)
        ]
        running = [asyncio.create_task(enqueue.run())]
        return cls(pool, redis, redis_url, time, enqueue, life, instances, policies, running)

    async def end(self) -> None:
        for process in self.processes.values():
            await process.kill()
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        await self.redis.aclose()
        await self.pool.close()

    # --- what callers do ---

    async def accept(
        self, instance: int, phone: int, fates: list[str], key: IdempotencyKey | None = None, **fields: Any
    ) -> Ticket:
        new = new_message(self.instances[instance], str(self.turns), PHONES[phone], shard=instance % SHARDS, **fields)
        self.fates[new.message_id] = fates
        ticket = await self.enqueue.put(new, key)
        self.has_rung = True
        if ticket.zaap_id == new.zaap_id:
            accepted = Accepted(new, self.turns, self.policies[instance])
            self.accepted[new.zaap_id] = self.by_wire[new.message_id] = accepted
            self.turns += 1
        return ticket

    async def cancel(self, instance: int, zaap_id: UUID | None = None) -> None:
        if zaap_id is None:
            await self.pool.fetch(message.CANCEL_ALL, self.instances[instance])
        else:
            await self.pool.fetch(message.CANCEL_ONE, self.instances[instance], zaap_id)
        await self._ring(instance)

    async def replay(self, instance: int) -> int:
        """All dead letters of an instance, in their old order, accepted anew."""
        letters = [row for row in await self.rows() if row.place == "dead letter"]
        back = await dead_letter.replay_all(self.pool, self.instances[instance], 100)
        for row in sorted(letters, key=lambda row: row.id):
            accepted = self.accepted[row.zaap_id]
            if accepted.new.instance_id == self.instances[instance]:
                accepted.turn, accepted.tries, self.turns = self.turns, 0, self.turns + 1
        await self._ring(instance)
        return len(back)

    async def _ring(self, instance: int) -> None:
        await Doorbell(self.redis).ring(instance % SHARDS, [self.instances[instance]])
        self.has_rung = True

    # --- what WhatsApp does ---

    def _behaviour(self, process: str) -> Behaviour:
        return Behaviour(receipts=False, before=partial(self._before, process), after=partial(self._after, process))

    async def _before(self, process: str, chat: Jid, wire: str) -> None:
        self.by_wire[wire].tries += 1
        fates = self.fates[wire]
        fate = fates[0] if fates else "sent"
        if fate == "hang before":
            fate = await self._hang(process, wire)
        if fate in SURE:
            fates[:1] = []
            self.by_wire[wire].tries -= fate == "not-connected"
            raise SURE[fate]
        if fate in ("surprise", "lost before"):
            fates[:1] = []
            raise OutcomeUnknown if fate == "lost before" else RuntimeError("a surprise of the engine")

    async def _after(self, process: str, chat: Jid, wire: str) -> None:
        self.wire.append(Left(self.by_wire[wire], self.time.elapsed))
        fate = (self.fates[wire][:1] or ["sent"])[0]
        self.fates[wire][:1] = []
        if fate == "hang after":
            fate = await self._hang(process, wire)
        if fate in ("lost before", "lost after"):
            raise OutcomeUnknown

    async def _hang(self, process: str, wire: str) -> str:
        hanging = self.hanging[wire] = Hanging(process, asyncio.get_running_loop().create_future())
        try:
            return await hanging.fate
        finally:
            if self.hanging.get(wire) is hanging:
                del self.hanging[wire]

    def let_go(self, fate: str) -> None:
        """The oldest hanging send of a process that runs gets its fate."""
        for hanging in self.hanging.values():
            if hanging.process not in self.frozen and not hanging.fate.done():
                hanging.fate.set_result(fate)
                return

    async def receipt(self, which: int, kind: str) -> None:
        """One of the messages that left is delivered, read or played."""
        if not self.wire:
            return
        accepted = self.wire[which % len(self.wire)].message
        session = self.network.sessions.get(accepted.new.instance_id.hex)
        if session is not None and session.is_connected:
            chat = accepted.new.chat
            session.tell(Receipts((accepted.new.message_id,), chat, chat, kind, self.time.now()))
            await self.settle()

    async def break_connection(self, instance: int) -> None:
        if (session := self.network.sessions.get(self.instances[instance].hex)) is not None and session.is_connected:
            session.cut()
            session.tell(Disconnected("simulated"))
            await self.settle()

    async def restore_connection(self, instance: int) -> None:
        session = self.network.sessions.get(self.instances[instance].hex)
        if session is not None and not session.is_connected:
            await session.restore()
            await self.settle()

    # --- senders ---

    @property
    def alive(self) -> list[str]:
        return [name for name in self.processes if name not in self.frozen]

    async def start(self, host: str | None = None) -> None:
        """A new process, on a new host unless one is named."""
        self.named += 1
        name = f"node-{self.named}"
        self.host = host or f"host of {name}"
        clock = self.time.clock(name)
        self.processes[name] = Process(
            name, self.host, self.pool, self.redis_url, clock, self._behaviour(name), self.network
        )
        self.has_rung = True  # it calls itself when it has claimed
        await self.settle()

    async def succeed(self, who: str) -> None:
        """Where nobody is alive, somebody takes the place of who was: on the same host or on another."""
        if not self.alive and who != "nobody":
            await self.start(self.host if who == "the same" else None)

    async def kill(self, name: str) -> None:
        """The connections of a dead process break, and its leases in Redis run out."""
        process = self.processes.pop(name)
        self.frozen.discard(name)
        await process.kill()
        self.time.forget(name)
        await self._forget_leases(name)
        await self.settle()

    async def stop(self, name: str) -> bool:
        """Whether it ended in order: it may die on the way. WhatsApp answers what is in flight."""
        process = self.processes[name]
        stopping = asyncio.create_task(process.stop())
        while not stopping.done():
            self.let_go("sent")
            await self.pass_time(1)
        if process.life.is_dead:
            await asyncio.gather(stopping, return_exceptions=True)
            return False
        await stopping
        del self.processes[name]
        self.time.forget(name)
        return True

    async def freeze(self, name: str) -> None:
        self.processes[name].freeze()
        self.frozen.add(name)
        await self._forget_leases(name)

    async def thaw(self, name: str) -> None:
        self.frozen.discard(name)
        self.processes[name].thaw()
        self.time.catch_up(name)
        await self.settle()

    async def go_on(self, name: str, fate: str) -> None:
        """A frozen process is thawed, and what hung there gets its fate. Of what others have taken over meanwhile it
        writes nothing at all."""
        await self.settle()
        taken = [row[0] for row in await self.pool.fetch(TAKEN, name)]
        instances = [instance for number, instance in enumerate(self.instances) if number % SHARDS in taken]
        others = self.alive
        for other in others:
            self.processes[other].freeze()
            self.frozen.add(other)
        before = await self.owned(instances)
        await self.thaw(name)
        while any(hanging.process == name and not hanging.fate.done() for hanging in self.hanging.values()):
            self.let_go(fate)
            await self.settle()
        assert await self.owned(instances) == before, "an owner of an earlier epoch writes nothing"
        for other in others:
            await self.thaw(other)

    async def _forget_leases(self, name: str) -> None:
        # Postgres knows the time that is left; the virtual one does not move the leases in Redis.
        for shard in range(SHARDS):
            if await self.redis.get(keys.lease(shard)) == name.encode():
                await self.redis.delete(keys.lease(shard))

    # --- time ---

    async def pass_time(self, seconds: float) -> None:
        """Everybody who is woken meanwhile does what there is to do, at its own moment."""
        left = seconds
        await self.settle()
        while (wake := self.time.next_wake(self.alive)) is not None and wake + A_MOMENT <= left:
            await self.time.move(wake + A_MOMENT, self.alive)
            left -= wake + A_MOMENT
            await self.settle()
        await self.time.move(left, self.alive)
        await self.settle()

    async def settle(self) -> None:
        """Until all that run wait for time, for WhatsApp or for a ring."""
        async with asyncio.timeout(PATIENCE):
            quiet = 0
            while quiet < TURNS:
                quiet = quiet + 1 if self._is_quiet() else 0
                await asyncio.sleep(0 if quiet else 0.0002)
                if quiet == TURNS and self.has_rung:
                    self.has_rung = not await self._has_heard_all()
                    quiet = 0
        for name, process in list(self.processes.items()):
            if process.life.is_dead:
                await self.kill(name)
            else:
                assert process.is_stopping or not process.has_ended, f"{name} ended by itself"

    def _is_quiet(self) -> bool:
        return self.life.under_way == 0 and all(self.processes[name].is_at_rest for name in self.alive)

    async def _has_heard_all(self) -> bool:
        """Whether the rings so far have reached those who listen."""
        for name in self.alive:
            process = self.processes[name]
            if process.life.is_dead or process.has_ended:
                continue
            since = process.listening.since
            if since is None or any(keys.bell(shard) not in since for shard in process.leases.held):
                return False
            for bell, heard in since.items():
                last = await self.redis.xrevrange(bell, count=1)
                if last and _number(last[0][0].decode()) > _number(heard):
                    return False
        return True

    # --- what must hold ---

    async def rows(self) -> list[Row]:
        return [Row(*row) for row in await self.pool.fetch(ROWS)]

    async def check(self) -> None:
        """Looked at while nothing moves."""
        await self.settle()
        rows = await self.rows()
        self._nothing_is_lost(rows)
        self._nothing_leaves_twice(rows)
        self._chats_keep_their_order()
        self._attempts_are_bounded(rows)
        self._pauses_are_kept()

    def _nothing_is_lost(self, rows: list[Row]) -> None:
        found = Counter(row.zaap_id for row in rows)
        assert found == Counter(self.accepted.keys()), "each accepted message is in exactly one place"

    def _nothing_leaves_twice(self, rows: list[Row]) -> None:
        times = Counter(left.message.new.zaap_id for left in self.wire)
        for row in rows:
            accepted = self.accepted[row.zaap_id]
            if accepted.policy != "resend":
                assert times[row.zaap_id] <= 1, "a message leaves once"
                if row.status in ("queued", "canceled", "expired", "failed"):
                    assert not times[row.zaap_id], f"a message that left is {row.status}"
            if row.status in ("sent", "delivered", "read", "played") and accepted.policy != "assume-sent":
                assert times[row.zaap_id], f"a message that never left is {row.status}"
            assert times[row.zaap_id] <= accepted.tries, "what leaves was tried"

    def _chats_keep_their_order(self) -> None:
        turns: dict[tuple[UUID, Jid], list[int]] = defaultdict(list)
        for left in self.wire:
            if left.message.new.scheduled_at is None:
                turns[left.message.new.instance_id, left.message.new.chat].append(left.message.turn)
        for chat in turns.values():
            assert chat == sorted(chat), "a chat's messages leave in the order of their acceptance"

    def _attempts_are_bounded(self, rows: list[Row]) -> None:
        assert all(row.attempts <= row.max_attempts for row in rows)
        assert all(accepted.tries <= accepted.new.max_attempts for accepted in self.accepted.values())

    def _pauses_are_kept(self) -> None:
        last: dict[UUID, Left] = {}
        for left in self.wire:
            instance = left.message.new.instance_id
            if (before := last.get(instance)) is not None:
                least = before.message.new.delay_message or POLICY.pause_min.total_seconds()
                assert left.at - before.at >= least - A_MOMENT, "an instance keeps its pauses"
            last[instance] = left

    async def owned(self, instances: list[UUID]) -> dict[str, list[str]]:
        """Every row of these instances that an owner may write."""
        return {name: [row[0] for row in await self.pool.fetch(query, instances)] for name, query in OWNED.items()}

    async def finish(self) -> None:
        """Left alone, with nothing in its way, all that was accepted comes to an end."""
        for name in list(self.frozen):
            await self.kill(name)
        self.fates = {wire: [fate for fate in fates if fate not in HANGS] for wire, fates in self.fates.items()}
        for _ in range(200):
            await self.settle()
            while any(not hanging.fate.done() for hanging in self.hanging.values()):
                self.let_go("sent")
                await self.settle()
            if not self.alive:
                await self.start()
            for instance in range(SHARDS):
                await self.restore_connection(instance)
            if not any(row.status in ("queued", "sending") for row in await self.rows()):
                return
            await self.pass_time(TTL.total_seconds())
        left = [row for row in await self.rows() if row.status in ("queued", "sending")]
        raise AssertionError(f"never delivered: {left}")


def _number(entry: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry.partition("-")
    return int(milliseconds), int(sequence or 0)
