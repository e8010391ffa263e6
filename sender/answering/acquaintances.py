"""Acquaintances: people that a request names, with both of their addresses."""

from collections.abc import Mapping, Sequence

from common.addresses import LID, parse_phone, server_of
from sender.answers import NoAnswer
from sender.whatsapp.powers.people import Known, People


async def known(people: People, phones: Sequence[str]) -> Mapping[str, Known]:
    """By the names given. Who has no account has neither address; of a hidden address the number stays unknown."""
    addresses = {phone: parse_phone(phone) for phone in phones}
    hidden = {phone for phone, address in addresses.items() if server_of(address) == LID}
    numbers = [phone for phone in addresses if phone not in hidden]
    found = {each.number: each for each in (await people.look_up(numbers) if numbers else ())}
    return {phone: Known("", None, addresses[phone]) if phone in hidden else found[phone] for phone in addresses}


async def somebody(people: People, phone: str) -> Known:
    """Raises NoAnswer where there is no account."""
    found = (await known(people, [phone]))[phone]
    if not found.exists:
        raise NoAnswer(400, "phone: not on WhatsApp")
    return found
