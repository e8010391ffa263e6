"""Contacts and places."""

import re
from typing import Any

from sender.translation.scene import Scene

_WHATSAPP_ID = re.compile(r"^TEL[^:\n]*?;waid=([0-9]+)[;:]", re.MULTILINE | re.IGNORECASE)
_NUMBER = re.compile(r"^(?:item\d+\.)?TEL[^:\n]*:(.+)$", re.MULTILINE | re.IGNORECASE)


def contact(part: Any, scene: Scene) -> dict[str, Any]:
    return {"contact": _card(part)}


def contacts(part: Any, scene: Scene) -> dict[str, Any]:
    """The documentation has no form for several cards: the first under the known key, all of them beside it."""
    cards = [_card(each) for each in part.contacts]
    return {"contact": cards[0], "contacts": cards} if cards else {}


def location(part: Any, scene: Scene) -> dict[str, Any]:
    body = place(part)
    if not body["name"]:
        del body["name"]
    return {"location": body}


def live_location(part: Any, scene: Scene) -> dict[str, Any]:
    return {
        "location": {
            "longitude": part.degreesLongitude,
            "latitude": part.degreesLatitude,
            "address": "",
            "url": "",
        }
    }


def place(part: Any) -> dict[str, Any]:
    return {
        "longitude": part.degreesLongitude,
        "latitude": part.degreesLatitude,
        "name": part.name,
        "address": part.address,
        "url": part.URL,
    }


def _card(part: Any) -> dict[str, Any]:
    card = part.vcard.replace("\r\n", "\n")
    numbers = _WHATSAPP_ID.findall(card) or [re.sub(r"[^0-9]", "", number) for number in _NUMBER.findall(card)]
    return {"displayName": part.displayName, "vCard": card, "phones": [number for number in numbers if number]}


FAMILY = {
    "contactMessage": contact,
    "contactsArrayMessage": contacts,
    "locationMessage": location,
    "liveLocationMessage": live_location,
}
