"""Couriers: what wakes them, what they fetch, and when they rest."""

from dataclasses import replace

import pytest

from common.addresses import parse_phone
from common.errors import TemporaryFailure
from tests.builders import new_message
from tests.sender.station import Station

pytestmark = pytest.mark.anyio

FAILING, FINE = "5511900000001", "5511900000002"


async def test_a_ring_amid_a_long_backlog_leaves_nothing_behind(station: Station) -> None:
    station.policy = replace(station.policy, prefetch=5)
    async with station.running():
        instance = await station.instance()
        await station.send(*(new_message(instance, str(number)) for number in range(20)))
        await station.journal.reached(2)
        station.couriers.wake(instance)
        await station.rest()
    assert station.texts() == [str(number) for number in range(20)]


async def test_chats_behind_a_full_window_of_a_held_chat_go_on(station: Station) -> None:
    station.policy = replace(station.policy, prefetch=4)
    station.behaviour.always = {parse_phone(FAILING): TemporaryFailure}
    async with station.running():
        instance = await station.instance()
        await station.send(
            *(new_message(instance, f"stuck {number}", FAILING) for number in range(10)),
            *(new_message(instance, str(number), FINE) for number in range(10)),
        )
        await station.journal.reached(10)
    assert station.texts() == [str(number) for number in range(10)]
