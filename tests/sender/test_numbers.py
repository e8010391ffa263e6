"""Numbers are asked for once, spelled as WhatsApp spells them, and never guessed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from common.addresses import Jid, parse_phone
from common.postgres import Pool
from sender.numbers import KEPT, KEPT_MISSING
from sender.whatsapp.protobuf import Message
from tests.builders import new_message
from tests.sender.station import Station

pytestmark = pytest.mark.anyio

WITH_NINE, WITHOUT = "5571988887777", "557188887777"


@pytest.fixture
async def station(pool: Pool, anyio_backend: str) -> AsyncIterator[Station]:
    station = Station(pool)
    station.behaviour.accounts[WITH_NINE] = parse_phone(WITHOUT)
    async with station.running():
        yield station


async def send(station: Station, instance: UUID, phone: str, text: str = "hi") -> dict[str, object]:
    (number,) = await station.send(new_message(instance, text, phone))
    await station.rest()
    return await station.row(number)


async def test_a_message_goes_where_whatsapp_says_and_its_row_keeps_the_caller_s_number(station: Station) -> None:
    instance = await station.instance()
    row = await send(station, instance, WITH_NINE)
    assert station.journal.handed[0].chat == parse_phone(WITHOUT)
    assert (row["chat"], row["status"]) == (parse_phone(WITH_NINE), "sent")


async def test_a_number_is_asked_for_once_by_all_instances_and_after_a_restart(station: Station, pool: Pool) -> None:
    one, other = await station.instance(), await station.instance()
    for instance in (one, one, other):
        await send(station, instance, WITH_NINE)
    assert (station.session(one).looked_up, station.session(other).looked_up) == ([WITH_NINE], [])
    again = Station(pool, node="again", clock=station.clock)
    async with again.running():
        instance = await again.instance()
        await send(again, instance, WITH_NINE)
        assert again.session(instance).looked_up == []
        assert again.journal.handed[0].chat == parse_phone(WITHOUT)


async def test_groups_lids_and_channels_are_addresses_already(station: Station) -> None:
    instance = await station.instance()
    for phone in ("120363041234567890-group", "81234567890123@lid", "120363012345678901@newsletter"):
        await send(station, instance, phone)
    assert station.session(instance).looked_up == []


async def test_a_number_without_an_account_fails_at_once_and_is_asked_again_later(station: Station) -> None:
    station.behaviour.accounts[WITHOUT] = None
    instance = await station.instance()
    for _ in range(2):
        assert (await send(station, instance, WITHOUT))["error_class"] == "not-on-whatsapp"
    assert station.session(instance).looked_up == [WITHOUT]
    station.behaviour.accounts.clear()
    station.clock.move((KEPT_MISSING + timedelta(seconds=1)).total_seconds())
    assert (await send(station, instance, WITHOUT))["status"] == "sent"


async def test_an_old_answer_is_asked_for_again(station: Station) -> None:
    instance = await station.instance()
    await send(station, instance, WITH_NINE)
    station.clock.move((KEPT + timedelta(seconds=1)).total_seconds())
    await send(station, instance, WITH_NINE)
    assert station.session(instance).looked_up == [WITH_NINE, WITH_NINE]


async def test_what_a_message_says_of_its_chat_is_whatsapp_s_spelling(station: Station) -> None:
    instance = await station.instance()
    reaction = new_message(
        instance,
        phone=WITH_NINE,
        kind="reaction",
        payload=f'{{"phone":"{WITH_NINE}","messageId":"THEIRS","reaction":"x"}}',
    )
    await station.send(reaction)
    await station.rest()
    message = station.journal.handed[0].message or Message()
    assert Jid(message.reactionMessage.key.remoteJID) == parse_phone(WITHOUT)
