"""A message that was sent is made anew from its row, while there is one, it is ours and young enough."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from common.tables.message import NewMessage
from sender.recalling import Recalling
from sender.whatsapp.session import Recalled
from tests.builders import new_message
from tests.sender.station import Station
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

AGE = timedelta(days=7)


@pytest.fixture
async def running(station: Station, anyio_backend: str) -> AsyncIterator[Station]:
    async with station.running():
        yield station


async def sent(station: Station, **fields: object) -> tuple[UUID, NewMessage]:
    instance = await station.instance()
    message = new_message(instance, "hello", **fields)
    await station.accept(message)
    await station.look(instance)
    await eventually(lambda: station.pool.fetchval("SELECT count(*) = 1 FROM message_history"))
    return instance, message


async def recall(station: Station, instance: UUID, whatsapp_id: str, age: timedelta = AGE) -> Recalled | None:
    recalling = Recalling(station.pool, station.shards, station.composing.compose, age, timedelta(seconds=5))
    return await recalling.recall(instance.hex, whatsapp_id, station.session(instance))


async def wire_id(station: Station) -> str:
    found: str = await station.pool.fetchval("SELECT whatsapp_id FROM message_history")
    return found


async def test_what_was_sent_is_made_anew_and_no_row_changes(running: Station) -> None:
    instance, message = await sent(running)
    rows = "SELECT to_jsonb(message_history) FROM message_history"
    before = await running.pool.fetch(rows)
    recalled = await recall(running, instance, await wire_id(running))
    assert recalled is not None
    assert (recalled.chat, recalled.message.conversation) == (message.chat, "hello")
    assert await running.pool.fetch(rows) == before
    assert await running.pool.fetchval("SELECT count(*) FROM message_queue") == 0


async def test_a_message_in_doubt_is_made_anew_too(running: Station) -> None:
    instance = await running.instance()
    message = new_message(instance, "perhaps", phone="5511977776666")
    await running.accept(message)
    await running.pool.execute(
        "UPDATE message_queue SET status = 'uncertain', uncertain_since = now(), whatsapp_id = message_id,"
        " started_at = now(), epoch = 1, node = 'gone', attempts = 1, error = 'lost', error_class = 'unknown'"
    )
    recalled = await recall(running, instance, message.message_id)
    assert recalled is not None
    assert recalled.message.conversation == "perhaps"


async def test_what_only_waits_to_be_sent_is_not_given_to_anybody(running: Station) -> None:
    instance = await running.instance()
    message = new_message(instance)
    await running.accept(message)
    await running.pool.execute("UPDATE message_queue SET whatsapp_id = message_id")
    assert await recall(running, instance, message.message_id) is None


async def test_what_is_too_old_or_forgotten_or_another_s_is_not_made_anew(running: Station) -> None:
    instance, _ = await sent(running)
    whatsapp_id = await wire_id(running)
    other = await running.instance()
    assert await recall(running, other, whatsapp_id) is None
    await running.pool.execute("UPDATE message_history SET finished_at = now() - interval '3 hours'")
    assert await recall(running, instance, whatsapp_id, timedelta(hours=2)) is None
    assert await recall(running, instance, whatsapp_id) is not None
    await running.pool.execute("DELETE FROM message_history")
    assert await recall(running, instance, whatsapp_id) is None


async def test_only_the_owner_may_let_it_leave(running: Station) -> None:
    instance, message = await sent(running)
    whatsapp_id = await wire_id(running)
    recalled = await recall(running, instance, whatsapp_id)
    assert recalled is not None
    assert recalled.may_leave()
    running.shards.held[message.shard] += 1  # taken by another node and had again since
    assert not recalled.may_leave()
    del running.shards.held[message.shard]
    assert not recalled.may_leave()
    assert await recall(running, instance, whatsapp_id) is None
