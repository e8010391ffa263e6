"""What an account shows is kept, and told when it changed: here, on the phone, or while nobody was connected."""

import asyncio
from datetime import timedelta

import orjson
import pytest

from common.addresses import Jid
from common.tables import session as table
from common.tables.session import SessionOwner
from sender.owned import OwnedInstances
from sender.showing import Showing
from sender.whatsapp.session import Profile
from tests.builders import insert_instance
from tests.sender.station import Station
from tests.sender.translation.contract import problems
from tests.sender.translation.told import MY_PHONE
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
OLD, NEW = "https://pps.example.net/v/old.jpg", "https://pps.example.net/v/new.jpg"


class Shown:
    """An instance that tells also what is its own, and what was told of it."""

    def __init__(self, station: Station, owner: SessionOwner) -> None:
        self._station = station
        self.owner = owner
        owned = OwnedInstances(station.pool, station.shards.epoch_of, station.announced.update, keeps_all_events=False)
        self.showing = Showing(owned, station.engine, station.pool, lambda: {owner.id: None}, station.clock, MINUTE)

    async def picture(self, link: str | None) -> None:
        await self.showing.keep(self.owner, Profile(None, None, link))

    async def told(self) -> list[dict[str, object]]:
        rows = await self._station.pool.fetch("SELECT body FROM event WHERE type = 'ReceivedCallback' ORDER BY seq")
        return [orjson.loads(row[0]) for row in rows]


async def shown_by(station: Station) -> Shown:
    instance = await insert_instance(
        station.pool,
        phone=MY_PHONE,
        received_callback_url="https://hooks.example.com",
        receive_callback_sent_by_me=True,
    )
    owner = await table.find(station.pool, instance)
    assert owner is not None
    return Shown(station, owner)


async def test_the_first_picture_is_no_news_and_another_one_is(station: Station) -> None:
    async with station.running():
        shown = await shown_by(station)
        await shown.picture(OLD)
        await shown.picture(f"{OLD}?signed=anew")
        assert await shown.told() == []
        await shown.picture(NEW)
        await shown.picture(None)
        changed, removed = await shown.told()
    assert problems("received-profile-picture-updated", changed) == []
    assert (changed["updatedPhoto"], changed["photo"]) == (NEW, f"{OLD}?signed=anew")
    assert removed["updatedPhoto"] == ""


async def test_the_first_name_is_no_news_and_another_one_is(station: Station) -> None:
    async with station.running():
        shown = await shown_by(station)
        for name in ("Ana", "Ana", "Front desk"):
            await shown.showing.keep_name(shown.owner, name)
        (renamed,) = await shown.told()
    assert problems("received-profile-name-updated", renamed) == []
    assert (renamed["profileName"], renamed["phone"]) == ("Front desk", MY_PHONE)
    assert await station.pool.fetchval("SELECT profile_name FROM instance") == "Front desk"


async def test_a_name_that_was_changed_on_the_phone_is_found_and_told_once(station: Station) -> None:
    async with station.running():
        shown = await shown_by(station)
        await shown.showing.keep_name(shown.owner, "Ana")
        watching = asyncio.create_task(shown.showing.watch_names())
        station.engine.names[Jid(shown.owner.device or "")] = "Front desk"
        for _ in range(2):
            await station.clock.until_asleep()
            station.clock.move(MINUTE.total_seconds())
            await eventually(shown.told)
        assert [body["profileName"] for body in await shown.told()] == ["Front desk"]
        watching.cancel()


async def test_another_account_on_the_same_instance_begins_anew(station: Station) -> None:
    async with station.running():
        shown = await shown_by(station)
        await shown.picture(OLD)
        await shown.showing.keep_name(shown.owner, "Ana")
        linked = ("5511900000002:1@s.whatsapp.net", "5511900000002", None, None)
        epoch = station.shards.epoch_of(shown.owner.shard)
        await station.pool.fetch(table.SET_DEVICE, shown.owner.id, shown.owner.shard, epoch, *linked)
        await shown.picture(NEW)
        await shown.showing.keep_name(shown.owner, "Rui")
        assert await shown.told() == []
