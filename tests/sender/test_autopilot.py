"""The autopilot: what comes in is marked as read, calls are rejected, and neither where nobody asked for it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from common.errors import TemporaryFailure
from sender.whatsapp.engine_events import MessageSource
from sender.whatsapp.session import Raw
from tests.builders import insert_instance
from tests.sender.station import Station
from tests.sender.translation.told import GROUP, LID, MY_PHONE, PHONE, call_offer, message, source, text
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
STATUS = "status@broadcast"


async def instance_with(station: Station, **columns: object) -> UUID:
    """A connected instance that is set to do these things by itself."""
    url = "https://hooks.example.com"
    instance = await insert_instance(station.pool, phone=MY_PHONE, message_status_callback_url=url, **columns)
    await station.sessions.look(instance)
    await eventually(lambda: station.session(instance).is_connected)
    return instance


async def hear(station: Station, instance: UUID, code: int, body: bytes, at: datetime = NOW) -> None:
    shard = await station.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
    await station.inbox.hear(shard, instance, Raw(code, body, at))


async def come_in(station: Station, instance: UUID, id: str, where: MessageSource | None = None) -> None:
    row = message(text(), where, id=id)
    await hear(station, instance, row.code, row.body)


async def ring(station: Station, instance: UUID, call: str = "CALL", age: timedelta = timedelta(0)) -> None:
    offer = call_offer(LID, call, int((NOW - age).timestamp()), f"{PHONE}@s.whatsapp.net")
    await hear(station, instance, offer.code, offer.body)


async def is_translated(station: Station) -> bool:
    return not await station.pool.fetchval("SELECT count(*) FROM event_inbox")


async def statuses(station: Station, instance: UUID) -> list[dict[str, Any]]:
    rows = await station.pool.fetch(
        "SELECT body FROM event WHERE instance_id = $1 AND type = 'MessageStatusCallback' ORDER BY seq", instance
    )
    return [orjson.loads(row[0]) for row in rows]


async def test_what_comes_in_is_marked_as_read_and_told(station: Station) -> None:
    async with station.running():
        instance = await instance_with(station, auto_read_message=True)
        await come_in(station, instance, "A")
        await come_in(station, instance, "B", source(chat=GROUP))
        session = station.session(instance)
        await eventually(lambda: len(session.read) == 2)
        assert set(session.read) == {(LID, None, "A"), (GROUP, LID, "B")}

        async def are_told() -> bool:
            return len(await statuses(station, instance)) == 2

        await eventually(are_told)
        told = await statuses(station, instance)
    assert {(one["status"], *one["ids"], one["phone"]) for one in told} == {
        ("READ_BY_ME", "A", PHONE),
        ("READ_BY_ME", "B", f"{GROUP.partition('@')[0]}-group"),
    }


@pytest.mark.parametrize(("with_status", "read"), [(True, [(STATUS, LID, "S")]), (False, [])])
async def test_a_status_is_read_where_that_is_wanted_as_well(
    station: Station, with_status: bool, read: list[tuple[str, str, str]]
) -> None:
    async with station.running():
        instance = await instance_with(station, auto_read_message=True, auto_read_status=with_status)
        await come_in(station, instance, "S", source(chat=STATUS))
        await come_in(station, instance, "A")
        session = station.session(instance)
        await eventually(lambda: (LID, None, "A") in session.read)
        assert [one for one in session.read if one[0] == STATUS] == read


async def test_own_messages_and_those_of_others_without_the_setting_stay_as_they_are(station: Station) -> None:
    async with station.running():
        silent = await instance_with(station, auto_read_status=True)
        reading = await instance_with(station, auto_read_message=True)
        await come_in(station, silent, "A")
        await come_in(station, reading, "B", source(own=True))
        await come_in(station, reading, "C")
        await eventually(lambda: len(station.session(reading).read) == 1)
        await eventually(lambda: is_translated(station))
        assert station.session(silent).read == []
        assert station.session(reading).read == [(LID, None, "C")]


async def test_a_mark_that_fails_is_tried_again(station: Station) -> None:
    async with station.running():
        instance = await instance_with(station, auto_read_message=True)
        session = station.session(instance)
        mark, failures = session.mark_read, [TemporaryFailure(), TemporaryFailure()]

        async def mark_later(*given: Any) -> None:
            if failures:
                raise failures.pop()
            await mark(*given)

        session.mark_read = mark_later  # type: ignore[method-assign]
        await come_in(station, instance, "A")

        def has_slept() -> bool:
            station.clock.move(1)
            return session.read == [(LID, None, "A")]

        await eventually(has_slept)
        assert failures == []


async def test_a_call_is_rejected_and_its_caller_told_why(station: Station) -> None:
    async with station.running():
        instance = await instance_with(station, call_reject_auto=True, call_reject_message="Please write.")
        await ring(station, instance)
        session = station.session(instance)
        await eventually(lambda: session.rejected == [(LID, "CALL")])
        handed = await station.journal.reached(1)
    assert [(one.chat, one.text) for one in handed] == [(f"{PHONE}@s.whatsapp.net", "Please write.")]


@pytest.mark.parametrize("columns", [{"call_reject_message": "Please write."}, {"call_reject_auto": True}])
async def test_nobody_is_told_anything_that_is_not_set(station: Station, columns: dict[str, object]) -> None:
    async with station.running():
        instance = await instance_with(station, **columns)
        await ring(station, instance)
        await eventually(lambda: is_translated(station))
        expected = [(LID, "CALL")] if "call_reject_auto" in columns else []
        await eventually(lambda: station.session(instance).rejected == expected)
        assert await station.pool.fetchval("SELECT count(*) FROM message_queue") == 0
        assert station.journal.handed == []


async def test_a_call_of_long_ago_rings_no_more(station: Station) -> None:
    async with station.running():
        instance = await instance_with(station, call_reject_auto=True, call_reject_message="Please write.")
        await ring(station, instance, "OLD", timedelta(minutes=5))
        await ring(station, instance, "NEW")
        await eventually(lambda: station.session(instance).rejected == [(LID, "NEW")])
        await station.journal.reached(1)
        await station.rest()
        assert len(station.journal.handed) == 1
