"""Members: numbers of a request as addresses WhatsApp takes, and what became of each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from common.addresses import USER, Jid, parse_phone, server_of, to_phone, user_of
from sender.whatsapp.powers.groups import Member
from sender.whatsapp.powers.people import HasPeople

ERRORS: Mapping[int, str] = {
    401: "not-authorized",
    403: "forbidden",
    404: "not-found",
    408: "left-recently",
    409: "already-so",
    419: "group-full",
    500: "failed",
}
"""WhatsApp's numbers in words."""

MISSING = "not-on-whatsapp"
UNANSWERED = "not-answered"


async def resolve(session: object, phones: Sequence[str]) -> dict[str, Jid | None]:
    """The address of each person's account, as WhatsApp spells it; None: there is no account."""
    found: dict[str, Jid | None] = {phone: parse_phone(phone) for phone in phones}
    numbers = [phone for phone, address in found.items() if address is not None and server_of(address) == USER]
    if numbers and isinstance(session, HasPeople):
        known = await session.people.look_up(numbers)
        found |= {each.number: (each.phone or each.lid) if each.exists else None for each in known}
    return found


def outcomes(wanted: Mapping[str, Jid | None], members: Iterable[Member]) -> list[dict[str, Any]]:
    by_address: dict[Jid, Member] = {}
    for member in members:
        for address in (member.address, member.phone, member.other):
            if address is not None:
                by_address[address] = member
    told = []
    for phone, address in wanted.items():
        outcome = None if address is None else by_address.get(address)
        if address is None:
            error: str | None = MISSING
        elif outcome is None:
            error = UNANSWERED
        else:
            error = None if not outcome.error else ERRORS.get(outcome.error, str(outcome.error))
        told.append({"phone": phone, "done": error is None, "invited": False, "error": error})
    return told


def shown(member: Member) -> dict[str, Any]:
    return {
        "phone": to_phone(member.phone or member.address),
        "isAdmin": member.is_admin or member.is_owner,
        "isSuperAdmin": member.is_owner,
    }


def person(address: Jid | None) -> str | None:
    return None if address is None else to_phone(address)


def community_id(address: Jid | None) -> str | None:
    return None if address is None else user_of(address)
