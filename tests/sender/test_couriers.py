"""Couriers: what wakes them, what they fetch, and when they rest."""

from dataclasses import replace

import pytest

from common.addresses import parse_phone
from common.errors import OutcomeUnknown, TemporaryFailure
from common.tables import pause
from sender.courier import DeliveryPolicy
from tests.builders import new_message
from tests.sender.station import Station
from tests.waiting import eventually

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


async def test_what_is_sent_again_goes_before_what_its_chat_has_at_hand(station: Station) -> None:
    station.policy = replace(station.policy, prefetch=4)
    station.behaviour.always = {parse_phone(FAILING): TemporaryFailure}
    station.behaviour.errors = {parse_phone(FINE): [OutcomeUnknown]}
    async with station.running():
        instance = await station.instance()
        numbers = await station.accept(
            *(new_message(instance, f"stuck {number}", FAILING) for number in range(4)),
            *(new_message(instance, str(number), FINE) for number in range(3)),
        )
        station.couriers.wake(instance)
        first = numbers[4]

        async def is_in_doubt() -> bool:
            return await station.status(first) == "uncertain"

        await eventually(is_in_doubt)
        await station.pool.execute(
            "UPDATE message_queue SET status = 'queued', uncertain_since = NULL WHERE id = $1", first
        )
        station.couriers.settled(instance, parse_phone(FINE))
        await station.journal.reached(3)
    assert station.texts() == ["0", "1", "2"]


async def test_a_paused_queue_begins_nothing_and_goes_on_where_it_stopped(station: Station) -> None:
    station.policy = DeliveryPolicy()

    async def is_at_rest() -> bool:
        station.clock.move(1)
        return not len(station.couriers)

    async with station.running():
        instance = await station.instance()
        await station.send(*(new_message(instance, str(number)) for number in range(4)))
        await station.journal.reached(1)
        await station.pool.fetch(pause.SET, instance, True)
        station.couriers.changed(instance)
        await eventually(is_at_rest)
        assert station.texts() == ["0"]
        await station.pool.fetch(pause.SET, instance, False)
        station.couriers.wake(instance)
        await eventually(is_at_rest)
    assert station.texts() == ["0", "1", "2", "3"]
