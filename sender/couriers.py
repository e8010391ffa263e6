"""Couriers: one for each instance that has messages to send and a session to send them; none for an idle one."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random
from uuid import UUID

from common import logs
from common.addresses import Jid
from common.clock import Clock
from common.errors import LostOwnership
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import message as table
from sender.courier import Compose, Courier, DeliveryPolicy
from sender.lanes import Lanes
from sender.ledger import Ledger
from sender.preparing import is_slow
from sender.sessions import Held

log = logs.get(__name__)

FETCH_INSTANCES = 128  # instances whose rows are fetched in one query
AGAIN = 0.5  # seconds between two tries while Postgres is away
NO_TIME = timedelta(0)


class Couriers:
    """`wake` is cheap and may be called for anything; `run` must be running."""

    def __init__(
        self,
        pool: Pool,
        session_of: Callable[[UUID], Held | None],
        ledger: Ledger,
        policy: DeliveryPolicy,
        clock: Clock,
        metrics: SenderMetrics,
        chance: Random,
        compose: Compose,
    ) -> None:
        self._pool = pool
        self._session_of = session_of
        self._ledger = ledger
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._chance = chance
        self._compose = compose
        self._active: dict[UUID, Courier] = {}
        self._shards: dict[UUID, int] = {}
        self._paces: dict[UUID, tuple[int, float]] = {}  # the epoch, and when the instance may send again
        self._doubts: dict[UUID, dict[Jid, float]] = {}  # chats that wait for the grace time, and until when
        self._asking: list[tuple[UUID, Lanes, asyncio.Future[bool]]] = []
        self._asked = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._closing = False
        self._rested = asyncio.Event()

    def __len__(self) -> int:
        return len(self._active)

    async def run(self) -> None:
        """Run the couriers until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            try:
                await self._fetch_forever()
            finally:
                self._closing = True  # a session that connects now must not start a courier in a group that ends

    def wake(self, instance: UUID) -> None:
        """There may be something to send for this instance."""
        if courier := self._active.get(instance):
            courier.look()
            return
        held = self._session_of(instance)
        if held is None or not held.session.is_connected or self._closing or self._tasks is None:
            return  # it is woken again when it connects
        if not self._ledger.may_begin(held.shard):
            return  # it is woken again when the shard is ours (again)
        courier = Courier(
            instance, held.session, Lanes(is_slow), self._fetch, self.doubt, self._ledger, self._policy, self._clock,
            self._chance, self._metrics, self._compose,
        )  # fmt: skip
        for chat, until in self._doubts.get(instance, {}).items():
            courier.lanes.hold(chat, until)
        self._active[instance] = courier
        self._shards[instance] = held.shard
        self._tasks.create_task(self._run(instance, held.epoch, courier), name=f"courier {instance}")

    def doubt(self, instance: UUID, chat: Jid) -> None:
        """A message of this chat is in doubt: the chat waits for the grace time, whatever courier comes and goes."""
        now = self._clock.elapsed()
        until = now + self._policy.uncertain_grace.total_seconds()
        others = {other: end for other, end in self._doubts.get(instance, {}).items() if end > now}
        self._doubts[instance] = {**others, chat: until}
        if courier := self._active.get(instance):
            courier.lanes.hold(chat, until)

    def settled(self, instance: UUID, chat: Jid) -> None:
        """A message of this chat is not in doubt any more: the chat need not wait for that any longer. Where it is to
        be sent again it goes before those of its chat that a courier has at hand."""
        until = self._doubts.get(instance, {}).pop(chat, None)
        if courier := self._active.get(instance):
            courier.lanes.changed(chat)
            if until is not None:
                courier.lanes.release(chat, until)
        self.wake(instance)

    def hold(self, instance: UUID, chat: Jid, seconds: float) -> None:
        """A message of this chat waits for a decision: nothing of the chat goes before that, for now."""
        doubts = self._doubts.setdefault(instance, {})
        doubts[chat] = until = max(doubts.get(chat, 0.0), self._clock.elapsed() + seconds)
        if courier := self._active.get(instance):
            courier.lanes.hold(chat, until)

    def changed(self, instance: UUID) -> None:
        """Something else than a new message: the queue may be paused, or a message put back. What is at hand is fetched
        anew before anything goes."""
        if courier := self._active.get(instance):
            courier.lanes.all_changed()
            courier.look()

    def all_changed(self) -> None:
        """Rings may have been lost."""
        for instance in self._active:
            self.changed(instance)

    def stop_shards(self, shards: Iterable[int]) -> list[Courier]:
        """Begin nothing more for these shards. Their couriers, which end with what is in flight."""
        gone = set(shards)
        going = [self._active[instance] for instance, shard in self._shards.items() if shard in gone]
        for courier in going:
            courier.stop()
        return going

    async def rest_shards(self, shards: Iterable[int], patience: float) -> None:
        """Stop these shards' couriers and wait until what is in flight has ended, at most that many seconds.

        They may begin nothing any more, else they would be woken again.
        """
        resting = set(shards)
        try:
            async with asyncio.timeout(patience):
                while self.stop_shards(resting):
                    self._rested.clear()
                    await self._rested.wait()
        except TimeoutError:
            log.warning("sends left in flight", couriers=len(self.stop_shards(resting)))

    async def rest_instance(self, instance: UUID, patience: float) -> None:
        """Like `rest_shards`, of one instance. Its session must not be found any more, else it would be woken again."""
        try:
            async with asyncio.timeout(patience):
                while courier := self._active.get(instance):
                    courier.stop()
                    self._rested.clear()
                    await self._rested.wait()
        except TimeoutError:
            log.warning("send left in flight", instance=instance)

    async def rest(self, patience: float) -> None:
        """Start nothing new and wait until what is in flight has ended, at most that many seconds."""
        self._closing = True
        for courier in self._active.values():
            courier.stop()
        try:
            async with asyncio.timeout(patience):
                while self._active:
                    self._rested.clear()
                    await self._rested.wait()
        except TimeoutError:
            log.warning("sends still in flight at the end of patience", couriers=len(self._active))

    async def _run(self, instance: UUID, epoch: int, courier: Courier) -> None:
        try:
            courier.send_after = await self._pace_of(instance, epoch)
            try:
                await courier.run()
            finally:
                self._paces[instance] = (epoch, courier.send_after)
        except LostOwnership:
            log.info("courier stops: its shard is lost", instance=instance)
        except OUTAGES as error:
            log.warning("courier rests: Postgres is away", instance=instance, error=type(error).__name__)
        except Exception:
            log.exception("courier ended by an error", instance=instance)
        finally:
            del self._active[instance]
            del self._shards[instance]
            self._rested.set()
        if courier.has_news:
            self.wake(instance)

    async def _pace_of(self, instance: UUID, epoch: int) -> float:
        """When the instance may send again, also when another owner sent last. Waits out an outage of Postgres."""
        known_at, send_after = self._paces.get(instance, (None, 0.0))
        if known_at == epoch:
            return send_after
        while True:
            try:
                pace = await table.read_pace(self._pool, [instance])
                break
            except OUTAGES:
                if self._closing:
                    raise
                await asyncio.sleep(AGAIN)
        left = pace[instance].total_seconds() if instance in pace else 0.0
        return self._clock.elapsed() + left if left > 0 else 0.0

    # --- rows, for many instances in one query ---

    def _fetch(self, instance: UUID, lanes: Lanes) -> asyncio.Future[bool]:
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asking.append((instance, lanes, done))
        self._asked.set()
        return done

    async def _fetch_forever(self) -> None:
        while True:
            await self._asked.wait()
            batch, self._asking = self._asking[:FETCH_INSTANCES], self._asking[FETCH_INSTANCES:]
            if not self._asking:
                self._asked.clear()
            try:
                await self._fetch_batch(batch)
            except OUTAGES as error:
                log.warning("rows not fetched: Postgres is away", error=type(error).__name__, instances=len(batch))
                await self._ask_again(batch)
            except Exception as error:
                for _, _, done in batch:
                    if not done.done():
                        done.set_exception(error)

    async def _ask_again(self, batch: list[tuple[UUID, Lanes, asyncio.Future[bool]]]) -> None:
        """Whoever asked goes on waiting: a courier that ended here would leave its rows to the next thorough sweep."""
        await asyncio.sleep(AGAIN)
        waiting = [asked for asked in batch if not asked[2].done()]
        if self._closing:
            for _, _, done in waiting:
                done.set_result(False)
            return
        self._asking = waiting + self._asking
        self._asked.set()

    async def _fetch_batch(self, batch: list[tuple[UUID, Lanes, asyncio.Future[bool]]]) -> None:
        limit = self._policy.prefetch
        for _, lanes, _ in batch:
            lanes.fetching()
        async with self._pool.acquire() as connection:
            rows = await table.fetch_ready(connection, [instance for instance, _, _ in batch], limit)
            by_instance: dict[UUID, list[table.QueuedMessage]] = {instance: [] for instance, _, _ in batch}
            for row in rows:
                by_instance[row.instance_id].append(row)
            for instance, lanes, done in batch:
                found = by_instance[instance]
                self._take_in(lanes, found)
                if len(found) == limit and not lanes.next(self._clock.elapsed()):
                    # The whole window waits: look past the chats that are held.
                    held = lanes.held(self._clock.elapsed())
                    self._take_in(lanes, await table.fetch_more(connection, instance, lanes.known, held, limit))
                if not done.done():
                    done.set_result(len(found) == limit)

    def _take_in(self, lanes: Lanes, rows: list[table.QueuedMessage]) -> None:
        elapsed = self._clock.elapsed()
        known = set(lanes.known)
        for row in rows:
            if row.waits is not None and row.waits > NO_TIME and row.id not in known:
                lanes.hold(row.chat, elapsed + row.waits.total_seconds())
        lanes.add(rows)
