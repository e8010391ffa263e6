"""Chat addresses: the API's `phone` forms on one side, WhatsApp's JIDs on the other. No other module spells a JID."""

import re
from typing import NewType

Jid = NewType("Jid", str)
"""An address in WhatsApp's own form, `user[:device]@server`. Opaque outside this module and the engine."""

USER, GROUP, LID, NEWSLETTER, BROADCAST = "s.whatsapp.net", "g.us", "lid", "newsletter", "broadcast"
STATUS = Jid("status@broadcast")

# E.164 allows 15 digits; group ids of today have 18, creator-and-time ids of before 2021 have a dash.
_INDIVIDUAL = re.compile(r"[1-9][0-9]{4,14}", re.ASCII)
_NEW_GROUP = re.compile(r"([0-9]{5,24})-group", re.ASCII)
_OLD_GROUP = re.compile(r"[1-9][0-9]{4,14}-[0-9]{9,11}", re.ASCII)
_LID = re.compile(r"[0-9]{5,20}@lid", re.ASCII)
_NEWSLETTER = re.compile(r"[0-9]{5,24}@newsletter", re.ASCII)

PHONE_PATTERN = "|".join(form.pattern for form in (_INDIVIDUAL, _NEW_GROUP, _OLD_GROUP, _LID, _NEWSLETTER))
"""Every form that `parse_phone` takes, for the documentation of the API."""


class InvalidPhone(ValueError):
    """Invalid phone"""

    def __str__(self) -> str:
        return "Invalid phone"


def parse_phone(phone: str) -> Jid:
    """The chat that an API `phone` names: `5511999999999`, `<digits>-group`, `<creator>-<time>`, `@lid`, `@newsletter`.

    Only the form is checked: eight-digit Brazilian numbers and landlines are real, so nothing is refused by plan.
    """
    if _INDIVIDUAL.fullmatch(phone):
        return Jid(f"{phone}@{USER}")
    if match := _NEW_GROUP.fullmatch(phone):
        return Jid(f"{match[1]}@{GROUP}")
    if _OLD_GROUP.fullmatch(phone):
        return Jid(f"{phone}@{GROUP}")
    if _LID.fullmatch(phone) or _NEWSLETTER.fullmatch(phone):
        return Jid(phone)
    raise InvalidPhone


def chat_address(phone: str) -> Jid:
    """Any chat that the API names: what `parse_phone` takes, and a broadcast list as `<digits>-broadcast`."""
    user, is_list, _ = phone.partition("-broadcast")
    return Jid(f"{user}@{BROADCAST}") if is_list else parse_phone(phone)


def community_address(name: str) -> Jid:
    """A community as the API spells it: digits, with or without the suffix of a group."""
    return Jid(f"{name.removesuffix('-group')}@{GROUP}")


def to_phone(jid: Jid) -> str:
    """The API's form of a chat: the inverse of `parse_phone` (an old group keeps its dash)."""
    user, server = user_of(jid), server_of(jid)
    if server == USER:
        return user
    if server == GROUP:
        return user if "-" in user else f"{user}-group"
    if server == BROADCAST:
        return f"{user}-broadcast"
    return f"{user}@{server}"


def user_of(jid: Jid) -> str:
    """The part before the server, without a device number."""
    return jid.partition("@")[0].partition(":")[0].partition(".")[0]


def device_of(jid: Jid) -> int:
    """The device number, 0 for the phone itself."""
    return int(jid.partition("@")[0].partition(":")[2] or 0)


def server_of(jid: Jid) -> str:
    return jid.partition("@")[2]


def without_device(jid: Jid) -> Jid:
    return Jid(f"{user_of(jid)}@{server_of(jid)}")


def is_group(jid: Jid) -> bool:
    return server_of(jid) == GROUP


def masked(phone_or_jid: str) -> str:
    """For logs: the country code and the last two digits of a number; groups and LIDs are not personal and stay."""
    user, at, server = phone_or_jid.partition("@")
    if (at and server != USER) or "-" in user or len(user) < 6:
        return phone_or_jid
    return f"{user[:2]}***{user[-2:]}{at}{server}"
