"""The micro-batcher: many requests in one commit, in order, and none of them at the mercy of its neighbours."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from common import keys
from common.doorbell import Doorbell, writer
from common.metrics import FrontendMetrics
from common.postgres import Pool
from common.tables.message import NewMessage
from frontend.enqueue import Enqueue, IdempotencyKey, KeyConflict, QueueFull, Ticket
from tests.builders import new_message
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio

IN_ORDER = "SELECT payload->>'message' FROM message_queue WHERE instance_id = $1 ORDER BY id"
INSTANCE, OTHER = UUID(int=2), UUID(int=3)


class Bench:
    """A running Enqueue with what it writes to."""

    def __init__(self, pool: Pool, redis: Redis, *, batch: int = 256) -> None:
        self.registry = CollectorRegistry()
        self.enqueue = Enqueue(pool, Doorbell(redis), FrontendMetrics(self.registry), batch=batch)
        self._pool = pool

    def count(self, series: str, **labels: str) -> float:
        return self.registry.get_sample_value(series, labels) or 0.0

    async def put_all(self, messages: Sequence[NewMessage]) -> list[Ticket | BaseException]:
        return await asyncio.gather(*map(self.enqueue.put, messages), return_exceptions=True)

    async def texts(self, instance: UUID = INSTANCE) -> list[str]:
        return [row[0] for row in await self._pool.fetch(IN_ORDER, instance)]


@asynccontextmanager
async def bench_on(pool: Pool, redis_url: str, *, batch: int = 256) -> AsyncIterator[Bench]:
    redis = writer(redis_url)
    bench = Bench(pool, redis, batch=batch)
    running = asyncio.ensure_future(bench.enqueue.run())
    try:
        yield bench
    finally:
        running.cancel()
        await asyncio.wait([running])
        await redis.aclose()


@pytest.fixture
async def bench(pool: Pool, redis_url: str) -> AsyncIterator[Bench]:
    async with bench_on(pool, redis_url) as bench:
        yield bench


def numbered(count: int, instance: UUID = INSTANCE) -> list[NewMessage]:
    return [new_message(instance, str(number)) for number in range(count)]


@pytest.mark.parametrize("batch", [1, 7, 256])
async def test_parallel_requests_of_an_instance_keep_their_order(pool: Pool, redis_url: str, batch: int) -> None:
    ours, theirs = numbered(100), numbered(100, OTHER)
    async with bench_on(pool, redis_url, batch=batch) as bench:
        await bench.put_all([message for pair in zip(ours, theirs, strict=True) for message in pair])
        assert await bench.texts(INSTANCE) == await bench.texts(OTHER) == [str(number) for number in range(100)]


async def test_what_gathers_during_one_commit_goes_with_the_next(bench: Bench) -> None:
    await bench.put_all(numbered(200))
    flushes = bench.count("message_enqueue_batch_rows_count")
    assert flushes <= 3
    assert bench.count("message_enqueue_batch_rows_sum") == 200


async def test_a_ticket_holds_the_ids_of_its_own_row(bench: Bench, pool: Pool) -> None:
    messages = numbered(50)
    for message, ticket in zip(messages, await bench.put_all(messages), strict=True):
        assert ticket == Ticket(message.zaap_id, message.message_id)
    rows = await pool.fetch("SELECT zaap_id, message_id FROM message_queue ORDER BY id")
    assert [tuple(row) for row in rows] == [(message.zaap_id, message.message_id) for message in messages]


@pytest.mark.parametrize("place", [0, 1, 24, 48, 49])
async def test_a_row_that_postgres_refuses_fails_alone(bench: Bench, place: int) -> None:
    messages = numbered(50)
    messages[place].payload = '{"message":"\\u0000"}'
    answers = await bench.put_all(messages)
    assert [number for number, answer in enumerate(answers) if isinstance(answer, BaseException)] == [place]
    assert await bench.texts() == [str(number) for number in range(50) if number != place]


async def test_several_bad_rows_of_every_kind_fail_alone(bench: Bench) -> None:
    messages = numbered(64)
    messages[3].payload = "no json"
    messages[4].delay_typing = 16
    messages[30].payload = '"\ud83d"'
    messages[31].delay_message = 0
    messages[63].zaap_id = messages[62].zaap_id
    answers = await bench.put_all(messages)
    bad = {number for number, answer in enumerate(answers) if isinstance(answer, BaseException)}
    assert bad == {3, 4, 30, 31, 63}
    assert all(isinstance(answers[number], asyncpg.PostgresError) for number in bad)
    assert await bench.texts() == [str(number) for number in range(64) if number not in bad]


async def test_an_unexpected_error_fails_one_batch_and_not_the_next(bench: Bench, pool: Pool) -> None:
    await pool.execute("ALTER TABLE message_queue RENAME TO away")
    answers = await bench.put_all(numbered(10))
    assert all(isinstance(answer, asyncpg.UndefinedTableError) for answer in answers)
    await pool.execute("ALTER TABLE away RENAME TO message_queue")
    await bench.put_all(numbered(10))
    assert len(await bench.texts()) == 10


async def test_a_caller_who_goes_away_takes_nothing_from_the_others(bench: Bench) -> None:
    puts = [asyncio.ensure_future(bench.enqueue.put(message)) for message in numbered(10)]
    await asyncio.sleep(0)
    puts[4].cancel()
    await asyncio.wait(puts)
    assert [put.cancelled() for put in puts].count(True) == 1
    assert len(await bench.texts()) == 10


async def test_committed_ids_are_in_the_stream_in_order_and_the_bell_has_rung(bench: Bench, redis: Redis) -> None:
    messages = numbered(20)
    await bench.put_all(messages)
    shard = messages[0].shard

    async def entries() -> list[int] | None:
        found = await redis.xrange(keys.stream(shard, INSTANCE))
        return [int(fields[b"id"]) for _, fields in found] if len(found) == 20 else None

    ids = await eventually(entries)
    assert ids == sorted(ids)
    assert await redis.xlen(keys.bell(shard)) >= 1


async def test_without_redis_messages_are_accepted_and_the_loss_is_counted(pool: Pool, unused_port: int) -> None:
    async with bench_on(pool, f"redis://127.0.0.1:{unused_port}/0") as bench:
        answers = await bench.put_all(numbered(10))
        assert all(isinstance(answer, Ticket) for answer in answers)
        await eventually(lambda: bench.count("message_hints_lost_total"))


async def test_accepted_messages_are_counted_by_kind_and_refused_ones_are_not(bench: Bench) -> None:
    messages = numbered(5)
    messages[0].payload = "no json"
    messages[1].kind = "image"
    await bench.put_all(messages)
    key = IdempotencyKey("key", b"fingerprint")
    for _ in range(2):
        await bench.enqueue.put(new_message(INSTANCE), key)
    assert bench.count("messages_queued_total", type="text") == 4
    assert bench.count("messages_queued_total", type="image") == 1


async def test_the_limit_is_exact_under_parallel_requests(bench: Bench) -> None:
    answers = await bench.put_all([new_message(INSTANCE, limit=10) for _ in range(30)])
    assert sum(isinstance(answer, Ticket) for answer in answers) == 10
    assert sum(isinstance(answer, QueueFull) for answer in answers) == 20
    assert len(await bench.texts()) == 10


async def test_the_limit_of_one_instance_is_not_that_of_another(bench: Bench) -> None:
    await bench.put_all([new_message(INSTANCE, limit=3) for _ in range(5)])
    await bench.enqueue.put(new_message(OTHER, limit=3))
    assert len(await bench.texts(OTHER)) == 1


async def test_a_key_holds_its_first_ticket_and_refuses_another_fingerprint(bench: Bench) -> None:
    key = IdempotencyKey("key", b"one")
    first = await bench.enqueue.put(new_message(INSTANCE), key)
    assert await bench.enqueue.put(new_message(INSTANCE), key) == first
    with pytest.raises(KeyConflict):
        await bench.enqueue.put(new_message(INSTANCE), IdempotencyKey("key", b"two"))
    assert len(await bench.texts()) == 1


async def test_a_key_of_a_row_that_postgres_refuses_stays_free(bench: Bench) -> None:
    key = IdempotencyKey("key", b"one")
    with pytest.raises(asyncpg.DataError):
        await bench.enqueue.put(new_message(INSTANCE, payload="no json"), key)
    assert await bench.enqueue.put(new_message(INSTANCE), key)


async def test_stopping_tells_whoever_waits_for_a_commit(pool: Pool, redis_url: str) -> None:
    async with bench_on(pool, redis_url) as bench, pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE message_queue IN EXCLUSIVE MODE")
        put = asyncio.ensure_future(bench.enqueue.put(new_message(INSTANCE)))
        await eventually(lambda: other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        late = asyncio.ensure_future(bench.enqueue.put(new_message(INSTANCE)))
        await asyncio.sleep(0)
    for waiting in (put, late):
        with pytest.raises(OSError, match="stopping"):
            async with asyncio.timeout(PATIENCE):
                await waiting
