"""Links to the pictures of who wrote: known ones are told, others are asked for slowly and told from then on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from prometheus_client import CollectorRegistry

from common.addresses import Jid
from common.errors import NotConnected
from common.metrics import SenderMetrics
from common.postgres import Pool
from sender.pictures import NOT_SOONER, REST, WAITING, PictureRules, Pictures, end_of
from sender.whatsapp.engine_events import EventCode, Picture
from sender.whatsapp.session import Raw
from tests.builders import insert_instance
from tests.clock import ManualClock
from tests.sender.station import Station
from tests.sender.translation.told import GROUP, LID, MY_PHONE, PHONE, jid, message, row, source, text
from tests.sender.webhooks.office import EVERY
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

LINK = "https://pps.example.net/v/t61/marina.jpg"
PERSON, CHAT = "5511987654321", Jid("5511987654321@s.whatsapp.net")


class People:
    def __init__(self) -> None:
        self.asked: list[Jid] = []
        self.shown: dict[str, str | None] = {}
        self.error: Exception | None = None

    async def picture(self, person: Jid) -> str | None:
        self.asked.append(person)
        if self.error is not None:
            raise self.error
        return self.shown.get(person, LINK)


class Asking:
    def __init__(self, pool: Pool, clock: ManualClock) -> None:
        self.pool = pool
        self.people = People()
        self.session: Any = SimpleNamespace(people=self.people, is_connected=True)
        self.own: list[UUID] = []
        self.instance = uuid4()
        self.pictures = Pictures(
            pool, lambda one: self.session, self._own_changed, clock, SenderMetrics(CollectorRegistry()), PictureRules()
        )

    async def link(self, phone: str = PERSON, jid: Jid = CHAT) -> str | None:
        """What a callback of now would show."""
        found = await self.pictures.of({(self.instance, phone): jid})
        return found.get(self.instance, {}).get(phone)

    async def known(self) -> int:
        count: int = await self.pool.fetchval("SELECT count(*) FROM profile_picture")
        return count

    async def _own_changed(self, instance: UUID) -> None:
        self.own.append(instance)


@pytest.fixture
async def asking(pool: Pool, clock: ManualClock, anyio_backend: str) -> AsyncIterator[Asking]:
    asking = Asking(pool, clock)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(asking.pictures.run())
        await asyncio.sleep(0)
        yield asking
        task.cancel()


async def test_a_picture_is_asked_for_once_and_told_from_then_on(asking: Asking) -> None:
    assert await asking.link() is None
    await eventually(asking.known)
    assert [await asking.link() for _ in range(3)] == [LINK] * 3
    assert asking.people.asked == [CHAT]


async def test_a_flood_of_strangers_is_asked_for_one_after_the_other(asking: Asking, clock: ManualClock) -> None:
    wanted = {(asking.instance, str(10_000 + number)): CHAT for number in range(2 * WAITING)}
    await asking.pictures.of(wanted)
    await asking.pictures.of(wanted)
    for count in range(1, 4):
        await eventually(lambda count=count: len(asking.people.asked) == count)
        await clock.until_asleep()
        clock.move(1)
    await eventually(lambda: len(asking.people.asked) == 4)
    assert clock.wakes_at != []


async def test_a_hidden_picture_is_null_and_not_asked_for_again_for_a_day(asking: Asking, clock: ManualClock) -> None:
    asking.people.shown[CHAT] = None
    await asking.link()
    await eventually(asking.known)
    await clock.until_asleep()
    clock.move(1)
    assert await asking.link() is None
    assert clock.wakes_at == []
    clock.move(timedelta(hours=25).total_seconds())
    asking.people.shown[CHAT] = LINK
    assert await asking.link() is None
    await eventually(lambda: len(asking.people.asked) == 2)


async def test_a_link_that_whatsapp_ends_within_two_days_is_asked_for_again_and_never_told_after_its_end(
    asking: Asking, clock: ManualClock
) -> None:
    ends = clock.now() + timedelta(hours=40)
    short = f"{LINK}?oe={int(ends.timestamp()):X}"
    asking.people.shown[CHAT] = short
    await asking.link()
    await eventually(asking.known)
    await clock.until_asleep()
    clock.move(NOT_SOONER.total_seconds() + 1)
    assert await asking.link() == short
    await eventually(lambda: len(asking.people.asked) == 2)
    await clock.until_asleep()
    clock.move(timedelta(hours=41).total_seconds())
    assert await asking.link() is None


async def test_a_failure_gives_the_instance_a_rest(asking: Asking, clock: ManualClock) -> None:
    asking.people.error = NotConnected()
    await asking.link()
    assert await clock.until_asleep() == REST
    await asking.link()
    assert len(asking.people.asked) == 1
    assert await asking.known() == 0


async def test_a_changed_picture_is_asked_for_again_and_the_own_one_is_somebody_elses_business(
    asking: Asking, clock: ManualClock
) -> None:
    await asking.link()
    await eventually(asking.known)
    await clock.until_asleep()
    clock.move(1)
    await asking.pictures.changed(asking.instance, PERSON, is_own=False)
    asking.people.shown[CHAT] = LINK.replace("marina", "new")
    assert await asking.link() == LINK
    await eventually(lambda: len(asking.people.asked) == 2)
    await asking.pictures.changed(asking.instance, MY_PHONE, is_own=True)
    assert asking.own == [asking.instance]


def test_a_link_says_when_it_ends() -> None:
    assert end_of(f"{LINK}?oh=1&oe=69600000") == datetime.fromtimestamp(0x69600000, UTC)
    for link in (None, LINK, f"{LINK}?oe=soon", f"{LINK}?oe=FFFFFFFFFFFFFFFFFF", "https://[", "://"):
        assert end_of(link) is None


async def test_callbacks_show_the_pictures_of_who_wrote_and_of_the_chat_and_a_group_s_name(station: Station) -> None:
    columns = {**dict.fromkeys(EVERY, "https://hooks.example.com"), "phone": MY_PHONE, "profile_picture": "mine"}
    instance = await insert_instance(station.pool, receive_callback_sent_by_me=True, **columns)
    shard = await station.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
    for phone, link in ((PHONE, "marina"), (f"{GROUP.partition('@')[0]}-group", "group")):
        await station.pool.execute(
            "INSERT INTO profile_picture (instance_id, phone, link, asked_at) VALUES ($1, $2, $3, $4)",
            instance, phone, link, station.clock.now(),
        )  # fmt: skip
    await station.pool.execute("INSERT INTO chat (instance_id, chat, name) VALUES ($1, $2, 'All')", instance, GROUP)
    async with station.running():
        for where in (source(), source(chat=GROUP), source(own=True)):
            told = message(text(), where)
            await station.inbox.hear(shard, instance, Raw(told.code, told.body, station.clock.now()))
        await eventually(lambda: station.pool.fetchval("SELECT count(*) = 3 FROM event"))
    bodies = [orjson.loads(each[0]) for each in await station.pool.fetch("SELECT body FROM event ORDER BY seq")]
    shown = [(body["senderPhoto"], body["photo"]) for body in bodies]
    assert shown == [("marina", "marina"), ("marina", "group"), ("mine", "marina")]
    assert bodies[1]["chatName"] == "All"


async def test_a_picture_that_changed_is_found_by_the_number_also_when_whatsapp_tells_the_lid(station: Station) -> None:
    columns = {**dict.fromkeys(EVERY, "https://hooks.example.com"), "phone": MY_PHONE}
    instance = await insert_instance(station.pool, **columns)
    shard = await station.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
    await station.pool.execute(
        "INSERT INTO profile_picture (instance_id, phone, link, asked_at) VALUES ($1, $2, NULL, $3)",
        instance, PHONE, station.clock.now(),
    )  # fmt: skip
    async with station.running():
        station.engine.numbers[Jid(LID)] = PHONE
        told = row(EventCode.PICTURE, Picture(JID=jid(LID), Author=jid(LID), Timestamp=1, Remove=False))
        await station.inbox.hear(shard, instance, Raw(told.code, told.body, station.clock.now()))
        await eventually(lambda: station.pool.fetchval("SELECT asked_at = 'epoch' FROM profile_picture"))


async def test_nobody_is_asked_for_where_no_webhook_listens(station: Station) -> None:
    instance = await insert_instance(station.pool, phone=MY_PHONE)
    shard = await station.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
    async with station.running():
        told = message(text(), source(sender=LID))
        await station.inbox.hear(shard, instance, Raw(told.code, told.body, station.clock.now()))
        await eventually(lambda: station.pool.fetchval("SELECT count(*) = 0 FROM event_inbox"))
    labels = {"cache": "profile-pictures", "outcome": "miss"}
    assert station.registry.get_sample_value("session_cache_lookups_total", labels) is None
