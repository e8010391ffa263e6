"""Enqueue: the only way a request becomes a row and a stream entry. Accepted means committed."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from redis.exceptions import RedisError

from common import logs
from common.doorbell import Doorbell
from common.metrics import FrontendMetrics
from common.postgres import Pool
from common.tables import message as table
from common.tables.message import NewMessage

log = logs.get(__name__)

GUARDED = 2  # connections for requests that need a transaction of their own
STOPPING = "the frontend is stopping"


class QueueFull(Exception):
    """The queue of a disconnected instance is full."""


class KeyConflict(Exception):
    """This Idempotency-Key was used with another body."""


class KeyForgotten(OSError):
    """The answer of this Idempotency-Key ran out between two looks: asking again is safe."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """`fingerprint` is a digest of what the request asked for: the same key with another one is refused."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the caller is told: the ids under which the message was (or, for a repeated key, had been) accepted."""

    zaap_id: UUID
    message_id: str


class _Lane:
    """Requests waiting for the next flush: it takes what gathered during the one before. No timer, no added wait.

    There is one lane: a flush costs about as much as 20 rows, here and in Postgres, and two at a time are half as full.
    """

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._waiting: list[tuple[NewMessage, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()

    def join(self, message: NewMessage) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((message, future))
        self._arrived.set()
        return future

    async def take(self) -> list[tuple[NewMessage, asyncio.Future[None]]]:
        await self._arrived.wait()
        taken, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
        if not self._waiting:
            self._arrived.clear()
        return taken

    def close(self) -> None:
        """Nobody takes any more: those who wait are told."""
        _fail(self._waiting, OSError(STOPPING))


class Enqueue:
    """Many requests, one INSERT, one commit; then one Redis call for all of them.

    `run` must be running. `put` answers after the commit; Redis is told afterwards and may fail: the owner's sweep
    finds what was not announced.
    """

    def __init__(self, pool: Pool, doorbell: Doorbell, metrics: FrontendMetrics, *, batch: int = 256) -> None:
        self._pool = pool
        self._doorbell = doorbell
        self._metrics = metrics
        self._lane = _Lane(batch)
        self._guard = asyncio.Semaphore(GUARDED)
        self._unannounced: dict[tuple[int, UUID], list[int]] = defaultdict(list)
        self._committed = asyncio.Event()

    async def run(self) -> None:
        """Flush until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._flush_forever())
            tasks.create_task(self._announce_forever())

    async def put(
        self, message: NewMessage, key: IdempotencyKey | None = None, refusal: Exception | None = None
    ) -> Ticket:
        """Accept one message. Raises QueueFull, KeyConflict, or an outage of `common.postgres.OUTAGES`.

        `refusal` is raised as well, unless the key has its answer already: time must not change a repeated one.
        After an outage the row may exist all the same; a caller that must know repeats with an Idempotency-Key.
        """
        if key is not None or message.limit is not None:
            return await self._put_guarded(message, key, refusal)
        if refusal is not None:
            raise refusal
        await self._lane.join(message)
        return Ticket(message.zaap_id, message.message_id)

    # --- the hot path ---

    async def _flush_forever(self) -> None:
        try:
            while True:
                await self._flush(await self._lane.take())
        finally:
            self._lane.close()

    async def _flush(self, taken: Sequence[tuple[NewMessage, asyncio.Future[None]]]) -> None:
        messages = [message for message, _ in taken]
        try:
            ids = await self._pool.fetch(table.ENQUEUE, *table.columns_of(messages))
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            # One row that Postgres cannot take must not fail its neighbours: look for it by halves.
            if len(taken) == 1:
                _fail(taken, error)
                return
            middle = len(taken) // 2
            await self._flush(taken[:middle])
            await self._flush(taken[middle:])
            return
        except Exception as error:
            _fail(taken, error)
            return
        except asyncio.CancelledError:
            _fail(taken, OSError(STOPPING))
            raise
        for (_, future), (number,), message in zip(taken, ids, messages, strict=True):
            self._unannounced[message.shard, message.instance_id].append(number)
            if not future.done():
                future.set_result(None)
        self._committed.set()
        self._metrics.batch.observe(len(taken))
        self._count(messages)

    # --- a transaction of its own: the limit of a disconnected instance, or an Idempotency-Key ---

    async def _put_guarded(self, message: NewMessage, key: IdempotencyKey | None, refusal: Exception | None) -> Ticket:
        async with self._guard, self._pool.acquire() as connection, connection.transaction():
            if key is not None:
                claimed = await connection.fetchval(
                    table.CLAIM_KEY, message.instance_id, key.key, key.fingerprint, message.zaap_id, message.message_id
                )
                if not claimed:
                    known = await connection.fetchrow(table.FIND_KEY, message.instance_id, key.key)
                    if known is None:
                        raise KeyForgotten
                    if known["fingerprint"] != key.fingerprint:
                        raise KeyConflict
                    return Ticket(known["zaap_id"], known["message_id"])
            if refusal is not None:
                raise refusal
            if message.limit is not None:
                await connection.execute(table.LOCK_INSTANCE, message.instance_id)
                waiting = await connection.fetchval(table.COUNT_WAITING, message.instance_id, message.limit)
                if waiting >= message.limit:
                    raise QueueFull
            number = await connection.fetchval(table.ENQUEUE, *table.columns_of([message]))
        self._unannounced[message.shard, message.instance_id].append(number)
        self._committed.set()
        self._count([message])
        return Ticket(message.zaap_id, message.message_id)

    def _count(self, messages: Sequence[NewMessage]) -> None:
        for kind, count in Counter(message.kind for message in messages).items():
            self._metrics.queued.labels(kind).inc(count)

    # --- Redis, after the commit ---

    async def _announce_forever(self) -> None:
        while True:
            await self._committed.wait()
            self._committed.clear()
            batch, self._unannounced = self._unannounced, defaultdict(list)
            try:
                await self._doorbell.append(batch)
            except (RedisError, OSError) as error:
                self._metrics.hints_lost.inc()
                log.warning("streams not reached", error=type(error).__name__, instances=len(batch))


def _fail(taken: Sequence[tuple[NewMessage, asyncio.Future[None]]], error: BaseException) -> None:
    for _, future in taken:
        if not future.done():
            future.set_exception(error)
