"""Events in their tables: numbers under parallel writers, what costs nothing, what a dropped day still owes."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from common.postgres import Pool
from common.tables import event, event_retention
from common.tables.event import NewEvent
from tests.builders import insert_instance

pytestmark = pytest.mark.anyio

URL = "https://hooks.example.com"


async def happen(pool: Pool, *instances: UUID, keeps_all: bool = False, is_own: bool = False) -> None:
    async with pool.acquire() as connection, connection.transaction():
        events = [NewEvent(each, "received", "ReceivedCallback", b"{}", is_own) for each in instances]
        await event.append(connection, events, keeps_all=keeps_all)


async def numbers(pool: Pool, instance: UUID) -> list[int]:
    rows = await pool.fetch("SELECT seq FROM event WHERE instance_id = $1 ORDER BY seq", instance)
    return [row[0] for row in rows]


async def test_parallel_writers_leave_no_gap_and_do_not_deadlock(pool: Pool) -> None:
    one, other = [await insert_instance(pool, received_callback_url=URL) for _ in range(2)]
    await asyncio.gather(*(happen(pool, *([one, other] if n % 2 else [other, one, one])) for n in range(40)))
    assert await numbers(pool, one) == list(range(1, 61))
    assert await numbers(pool, other) == list(range(1, 41))


async def test_a_transaction_that_fails_takes_its_numbers_with_it(pool: Pool) -> None:
    instance = await insert_instance(pool, received_callback_url=URL)
    with suppress(ZeroDivisionError):
        async with pool.acquire() as connection, connection.transaction():
            await event.append(connection, [NewEvent(instance, "received", "x", b"{}")], keeps_all=False)
            raise ZeroDivisionError
    await happen(pool, instance)
    assert await numbers(pool, instance) == [1]


async def test_an_event_without_a_webhook_costs_no_row_unless_all_are_kept(pool: Pool) -> None:
    instance = await insert_instance(pool)
    await happen(pool, instance)
    assert await pool.fetchval("SELECT count(*) FROM event_sequence") == 0
    await happen(pool, instance, keeps_all=True)
    assert await numbers(pool, instance) == [1]
    assert await pool.fetchval("SELECT count(*) FROM event_outbox") == 0


async def test_own_messages_are_for_those_who_asked(pool: Pool) -> None:
    instance = await insert_instance(pool, received_callback_url=URL)
    await happen(pool, instance, is_own=True)
    assert await numbers(pool, instance) == []
    await pool.execute("UPDATE instance SET receive_callback_sent_by_me = true")
    await happen(pool, instance, is_own=True)
    assert await numbers(pool, instance) == [1]


async def test_a_day_that_is_dropped_leaves_what_it_still_owed_as_dead_letters(pool: Pool) -> None:
    instance = await insert_instance(pool, received_callback_url=URL)
    await happen(pool, instance)
    now = datetime.now(UTC)
    kept = timedelta(hours=24)
    await event_retention.clean(pool, now, kept, timedelta(days=7))
    assert await pool.fetchval("SELECT count(*) FROM event_outbox") == 1
    await event_retention.clean(pool, now + timedelta(days=3), kept, timedelta(days=7))
    assert await numbers(pool, instance) == []
    rows = await pool.fetch("SELECT seq, error_class, body FROM event_dead_letter")
    assert [tuple(row) for row in rows] == [(1, "too-old", b"{}")]
    assert await pool.fetchval("SELECT count(*) FROM event_outbox") == 0
    await event_retention.clean(pool, now + timedelta(days=12), kept, timedelta(days=7))
    assert await pool.fetchval("SELECT count(*) FROM event_dead_letter") == 0
