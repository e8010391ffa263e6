"""Locations and contact cards on the wire."""

import pytest

from sender.whatsapp.protobuf import ContactMessage, ContactsArrayMessage, LocationMessage, Message
from tests.sender.composers.desk import MESSAGE, Desk

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("latitude", "longitude"), [("-25.4284", "-49.2733"), (-25.4284, -49.2733)])
async def test_a_location_is_in_degrees(desk: Desk, latitude: object, longitude: object) -> None:
    composed = await desk.compose("location", title="Depot", address="Rua C, 3", latitude=latitude, longitude=longitude)
    assert composed == Message(
        locationMessage=LocationMessage(
            degreesLatitude=-25.4284, degreesLongitude=-49.2733, name="Depot", address="Rua C, 3"
        )
    )


CARD = """BEGIN:VCARD
VERSION:3.0
N:;Rita;;;
FN:Rita
TEL;type=CELL;type=VOICE;waid=5521977776666:+5521977776666
END:VCARD"""


async def test_a_contact_is_a_card_that_whatsapp_links_to_its_account(desk: Desk) -> None:
    composed = await desk.compose("contact", contactName="Rita", contactPhone="+55 (21) 97777-6666")
    assert composed == Message(contactMessage=ContactMessage(displayName="Rita", vcard=CARD))


async def test_a_card_escapes_what_a_vcard_gives_a_meaning(desk: Desk) -> None:
    composed = await desk.compose(
        "contact", contactName="Silva; Rita, R\\", contactPhone="5521977776666", contactBusinessDescription="a\nb"
    )
    assert composed.contactMessage.displayName == "Silva; Rita, R\\"
    lines = composed.contactMessage.vcard.split("\n")
    assert lines[2:4] == [r"N:;Silva\; Rita\, R\\;;;", r"FN:Silva\; Rita\, R\\"]
    assert lines[5:7] == [r"X-WA-BIZ-NAME:Silva\; Rita\, R\\", r"X-WA-BIZ-DESCRIPTION:a\nb"]


async def test_several_contacts_are_one_message(desk: Desk) -> None:
    composed = await desk.compose(
        "contacts",
        contacts=[
            {"name": "Rita", "phones": ["5521977776666"]},
            {"name": "Davi", "phones": ["5531966665555", "553133334444"], "businessDescription": "Repairs"},
        ],
    )
    rita, davi = composed.contactsArrayMessage.contacts
    assert composed == Message(
        contactsArrayMessage=ContactsArrayMessage(displayName="2 contacts", contacts=[rita, davi])
    )
    assert rita == ContactMessage(displayName="Rita", vcard=CARD)
    assert davi.vcard.count("TEL;") == 2
    assert "waid=553133334444:+553133334444" in davi.vcard
    assert "X-WA-BIZ-DESCRIPTION:Repairs" in davi.vcard


async def test_one_contact_of_several_is_a_card_alone(desk: Desk) -> None:
    composed = await desk.compose("contacts", contacts=[{"name": "Rita", "phones": ["5521977776666"]}])
    assert composed == Message(contactMessage=ContactMessage(displayName="Rita", vcard=CARD))


BODIES = {
    "location": {"title": "Depot", "address": "", "latitude": 1, "longitude": 2},
    "contact": {"contactName": "Rita", "contactPhone": "5521977776666"},
    "contacts": {"contacts": [{"name": "Rita", "phones": ["552197777"]}, {"name": "Davi", "phones": ["553196666"]}]},
}


@pytest.mark.parametrize("kind", BODIES)
async def test_each_may_be_a_reply(desk: Desk, kind: str) -> None:
    composed = await desk.compose(kind, messageId=MESSAGE, **BODIES[kind])
    ((_, content),) = composed.ListFields()
    assert content.contextInfo.stanzaID == MESSAGE
