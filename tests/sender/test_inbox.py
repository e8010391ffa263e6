"""The inbox: what the engine tells is safe before it goes on, and becomes events once, in order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from common.postgres import Pool
from common.tables import event_inbox
from sender.whatsapp.session import Raw
from tests.builders import insert_instance
from tests.sender.station import Station
from tests.sender.translation.told import message, source, text
from tests.sender.webhooks.office import EVERY
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def raw(words: str) -> Raw:
    row = message(text(words))
    return Raw(row.code, row.body, NOW)


async def listening(station: Station) -> tuple[UUID, int]:
    """An instance whose webhooks are all set, and its shard."""
    url = "https://hooks.example.com"
    columns = {**dict.fromkeys(EVERY, url), "phone": "5511912345678"}
    instance = await insert_instance(station.pool, **columns)
    return instance, await station.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)


async def told(pool: Pool, instance: UUID) -> list[str]:
    rows = await pool.fetch("SELECT body FROM event WHERE instance_id = $1 ORDER BY seq", instance)
    return [orjson.loads(row[0])["text"]["message"] for row in rows]


async def is_empty(pool: Pool) -> bool:
    return not await pool.fetchval("SELECT count(*) FROM event_inbox")


async def test_events_are_told_once_and_in_their_order(station: Station) -> None:
    async with station.running():
        instance, shard = await listening(station)
        for number in range(30):
            await station.inbox.hear(shard, instance, raw(str(number)))
        await eventually(lambda: instance in station.announced)
        await eventually(lambda: is_empty(station.pool))
        assert await told(station.pool, instance) == [str(number) for number in range(30)]


async def test_operators_can_see_when_the_last_message_came_in_and_own_ones_are_not_it(station: Station) -> None:
    async with station.running():
        instance, shard = await listening(station)
        for words, is_own, minute in (("hi", False, 5), ("late", False, 3), ("mine", True, 9)):
            row = message(text(words), source(own=is_own))
            await station.inbox.hear(shard, instance, Raw(row.code, row.body, NOW + timedelta(minutes=minute)))
        await eventually(lambda: is_empty(station.pool))
        await eventually(lambda: instance in station.announced)
        received_at = await station.pool.fetchval("SELECT received_at FROM instance_reception")
        assert received_at == NOW + timedelta(minutes=5)


async def test_what_was_stored_by_a_node_that_ended_is_translated_by_the_next(station: Station) -> None:
    instance, shard = await listening(station)
    for number in range(3):
        row = message(text(str(number)))
        await station.pool.execute(event_inbox.STORE, [instance], [shard], [row.code], [row.body], [NOW])
    async with station.running():
        station.inbox.look()
        await eventually(lambda: instance in station.announced)
        assert await told(station.pool, instance) == ["0", "1", "2"]


async def test_an_event_that_cannot_be_read_is_kept_and_holds_up_no_other(station: Station) -> None:
    async with station.running():
        instance, shard = await listening(station)
        await station.inbox.hear(shard, instance, Raw(17, b"\xff\xff", NOW))
        await station.inbox.hear(shard, instance, raw("after it"))
        await eventually(lambda: instance in station.announced)
        assert await told(station.pool, instance) == ["after it"]
        kept = await station.pool.fetch("SELECT code, error FROM event_inbox")
    assert [tuple(row) for row in kept] == [(17, "DecodeError")]


async def test_events_that_no_webhook_tells_are_not_kept(station: Station) -> None:
    async with station.running():
        instance, shard = await listening(station)
        await station.inbox.hear(shard, instance, Raw(13, b"history", NOW))
    assert await station.pool.fetchval("SELECT count(*) FROM event_inbox") == 0
