"""Places and people: location and contact cards."""

import re

from common.requests.messages.place import SendContact, SendContacts, SendLocation
from sender.composers.context import with_context
from sender.composers.earlier import quote
from sender.composers.occasion import Composed, Occasion
from sender.whatsapp.protobuf import ContactMessage, ContactsArrayMessage, ContextInfo, LocationMessage, Message

_SPECIAL = re.compile(r"([\\,;])")


async def compose_location(send: SendLocation, occasion: Occasion) -> Composed:
    location = LocationMessage(
        degreesLatitude=send.latitude, degreesLongitude=send.longitude, name=send.title, address=send.address
    )
    return with_context(Message(locationMessage=location), await _quoted(send.messageId, occasion))


async def compose_contact(send: SendContact, occasion: Occasion) -> Composed:
    card = _card(send.contactName, [send.contactPhone], send.contactBusinessDescription)
    return with_context(Message(contactMessage=card), await _quoted(send.messageId, occasion))


async def compose_contacts(send: SendContacts, occasion: Occasion) -> Composed:
    """One contact is a card of its own: WhatsApp does not show a pile of one."""
    cards = [_card(contact.name, contact.phones, contact.businessDescription) for contact in send.contacts]
    context = await _quoted(send.messageId, occasion)
    if len(cards) == 1:
        return with_context(Message(contactMessage=cards[0]), context)
    shown = f"{len(cards)} contacts"
    return with_context(Message(contactsArrayMessage=ContactsArrayMessage(displayName=shown, contacts=cards)), context)


def vcard(name: str, phones: list[str], description: str | None) -> str:
    """A vCard 3.0 whose numbers WhatsApp links to their accounts."""
    shown = _escaped(name)
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:;{shown};;;", f"FN:{shown}"]
    for phone in phones:
        digits = re.sub(r"[^0-9]", "", phone)
        lines.append(f"TEL;type=CELL;type=VOICE;waid={digits}:+{digits}")
    if description:
        lines += [f"X-WA-BIZ-NAME:{shown}", f"X-WA-BIZ-DESCRIPTION:{_escaped(description)}"]
    return "\n".join([*lines, "END:VCARD"])


def _card(name: str, phones: list[str], description: str | None) -> ContactMessage:
    return ContactMessage(displayName=name, vcard=vcard(name, phones, description))


def _escaped(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", r"\\n", _SPECIAL.sub(r"\\\1", text))


async def _quoted(message_id: str | None, occasion: Occasion) -> ContextInfo | None:
    return None if message_id is None else await quote(occasion, message_id)
