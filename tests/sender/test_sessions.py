import asyncio
from datetime import timedelta

import pytest

from common.addresses import Jid
from common.tables import shard
from sender.comebacks import CONFLICT_FIRST
from sender.whatsapp.session import Banned, LoggedOut, Outdated, Replaced
from tests.builders import new_message
from tests.sender.station import ALL, Station
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


async def state(station: Station, instance: object) -> str:
    found: str = await station.pool.fetchval("SELECT session_state FROM instance WHERE id = $1", instance)
    return found


async def test_a_device_in_use_elsewhere_is_not_fought_but_tried_again_later(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        first = station.session(instance)
        await first.end(Replaced())
        assert await state(station, instance) == "conflict"
        await station.sessions.look(instance)  # a ring opens nothing now
        assert station.session(instance) is first
        assert CONFLICT_FIRST <= await station.clock.until_asleep() <= CONFLICT_FIRST * 1.5
        station.clock.move(CONFLICT_FIRST * 1.5)
        await eventually(lambda: station.session(instance).is_connected)
        assert station.session(instance) is not first


async def test_a_device_that_its_new_owner_connected_is_dropped_quietly(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        await station.pool.execute("UPDATE shard SET lease_until = NULL")
        await station.pool.fetch(shard.CLAIM, ALL, "another", timedelta(minutes=5))
        await station.session(instance).end(Replaced())
        assert station.sessions.get(instance) is None
        assert await state(station, instance) == "connected"


async def test_a_ban_is_shown_and_sat_out(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        await station.session(instance).end(Banned("too many", station.clock.now() + timedelta(hours=1)))
        assert await state(station, instance) == "banned"
        assert await station.clock.until_asleep() > 3600
        station.clock.move(4000)
        await eventually(lambda: station.session(instance).is_connected)


async def test_a_restart_by_hand_is_not_repeated_by_the_comeback(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        await station.session(instance).end(Outdated())
        assert await state(station, instance) == "outdated"
        await station.clock.until_asleep()
        assert await station.sessions.restart(instance)
        await eventually(lambda: station.session(instance).is_connected)
        restarted = station.session(instance)
        station.clock.move(10_000)
        await eventually(lambda: not station.clock.wakes_at)
        assert station.session(instance) is restarted
        assert restarted.is_connected


@pytest.mark.parametrize("is_asked_for", [True, False])
async def test_a_lost_link_is_told_unless_it_was_ended_on_purpose(station: Station, is_asked_for: bool) -> None:
    async with station.running():
        instance = await station.instance()
        await station.pool.execute("UPDATE instance SET disconnected_callback_url = 'https://hooks.example.com'")
        session = station.session(instance)
        if is_asked_for:
            # WhatsApp confirms it with the same words as a logout by the phone.
            session.on_logout = LoggedOut("logged out")
            await station.sessions.unlink(instance)
        else:
            await session.end(LoggedOut("the phone"))
        assert await state(station, instance) == "logged-out"
        told = [row[0] for row in await station.pool.fetch("SELECT type FROM event")]
    assert told == ([] if is_asked_for else ["DisconnectedCallback"])


async def test_a_logged_out_device_is_forgotten(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        await station.session(instance).end(LoggedOut("the phone"))
        assert await state(station, instance) == "logged-out"
        assert station.sessions.get(instance) is None


class Hold:
    """A send that is under way until it is let go."""

    def __init__(self, station: Station) -> None:
        self.began, self.may_end = asyncio.Event(), asyncio.Event()
        station.behaviour.after = self

    async def __call__(self, to: Jid, whatsapp_id: str) -> None:
        self.began.set()
        await self.may_end.wait()


async def test_a_restart_waits_for_what_is_being_sent_and_the_rest_goes_on_the_new_session(station: Station) -> None:
    hold = Hold(station)
    async with station.running():
        instance = await station.instance()
        first = station.session(instance)
        numbers = await station.send(new_message(instance, "0"), new_message(instance, "1"))
        await hold.began.wait()
        restarting = asyncio.create_task(station.sessions.restart(instance))
        again = asyncio.create_task(station.sessions.restart(instance))
        assert await again  # there is something linked; it is being opened already
        await station.look(instance)  # a ring opens no second session meanwhile
        assert station.session(instance) is first
        assert first.is_connected
        hold.may_end.set()
        assert await restarting
        await eventually(lambda: len(station.journal.handed) == 2)
        await station.rest()
        assert station.session(instance) is not first
    assert station.texts() == ["0", "1"]
    assert [await station.status(number) for number in numbers] == ["sent", "sent"]


async def test_a_restart_does_not_wait_for_ever(station: Station) -> None:
    station.restart_wait = 0.05
    hold = Hold(station)
    async with station.running():
        instance = await station.instance()
        first = station.session(instance)
        await station.send(new_message(instance))
        await hold.began.wait()
        assert await station.sessions.restart(instance)
        assert station.session(instance) is not first
        hold.may_end.set()
