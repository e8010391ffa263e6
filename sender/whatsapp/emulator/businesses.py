"""Business profiles as clients ask for and change them (w:biz), and the categories to choose from (fb:thrift_iq)."""

from collections.abc import Mapping
from typing import Any

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import OK, Refused, Reply, forbidden
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.node import Node

CATEGORIES = {
    "629412378414563": "Other Business",
    "1223524174334504": "Automotive Service",
    "133436743388217": "Restaurant",
    "200600219953504": "Shopping & Retail",
}
TEXTS = ("description", "address", "email")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
HOURS, ALWAYS, APPOINTMENT = "specific_hours", "open_24h", "appointment_only"
MOST_WEBSITES, MOST_CATEGORIES = 2, 3
MINUTES = 24 * 60


class Businesses:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def answers(self) -> Mapping[Key, Answer]:
        return {("w:biz", "business_profile"): self.profile, ("fb:thrift_iq", "request"): self.categories}

    def profile(self, device: Device, question: Node) -> Reply:
        wanted = question.child("business_profile")
        if question.get("type") == "set":
            return self._change(device.account, wanted)
        if not wanted.number("v") or not wanted.all("profile"):
            raise MalformedFrame("profiles are asked for by address")
        accounts = [self._directory.by_jid(each.jid("jid")) for each in wanted.all("profile")]
        shown = [_shown(each, each.profile.business) for each in accounts if each and each.profile.business is not None]
        return Reply([Node("business_profile", {}, shown)])

    def categories(self, device: Device, question: Node) -> Reply:
        wanted = question.child("request")
        if (wanted.get("op"), wanted.get("type"), wanted.get("v")) != ("profile_typeahead", "catkit", "1"):
            raise MalformedFrame("not a question for categories")
        text = wanted.child("query").data.decode(errors="replace").lower()
        return Reply([Node("response", {}, [Node("categories", {}, _categories(_found(text)))])])

    def _change(self, account: Account, wanted: Node) -> Reply:
        business = account.profile.business
        if business is None:
            raise forbidden()
        if (wanted.get("v"), wanted.get("mutation_type")) != ("3", "delta") or not wanted.children:
            raise MalformedFrame("a profile is changed by deltas of version 3")
        changed = dict(business)
        websites = [each.data.decode(errors="replace") for each in wanted.all("website")]
        if len(websites) > MOST_WEBSITES:
            raise _not_acceptable()
        for part in wanted.children:
            if part.tag in TEXTS:
                changed[part.tag] = part.data.decode(errors="replace")
            elif part.tag == "website":
                changed["websites"] = [each for each in websites if each]
            elif part.tag == "categories":
                changed["categories"] = _chosen(part)
            elif part.tag == "business_hours":
                changed["hours"] = _hours(part)
            else:
                raise MalformedFrame(f"a profile has no {part.tag}")
        account.profile.business = changed
        self._directory.save(account)
        return OK


def _chosen(part: Node) -> list[str]:
    ids = [each.text("id") for each in part.all("category")]
    if not 0 < len(ids) <= MOST_CATEGORIES or any(each not in CATEGORIES for each in ids):
        raise _not_acceptable()
    return ids


def _hours(part: Node) -> dict[str, Any]:
    days = []
    for each in part.children:
        mode, day = each.text("mode"), each.text("day_of_week")
        times = [each.number("open_time", -1), each.number("close_time", -1)] if mode == HOURS else None
        if day not in DAYS or mode not in (HOURS, ALWAYS, APPOINTMENT):
            raise _not_acceptable()
        if times is not None and not all(0 <= time < MINUTES for time in times):
            raise _not_acceptable()
        days.append([day, mode, times])
    return {"timezone": part.text("timezone"), "days": days}


def _shown(account: Account, business: Mapping[str, Any]) -> Node:
    content = [Node(tag, {}, business[tag]) for tag in TEXTS if business.get(tag)]
    content += [Node("website", {}, each) for each in business.get("websites", ())]
    if chosen := business.get("categories"):
        content.append(Node("categories", {}, _categories({each: CATEGORIES[each] for each in chosen})))
    if hours := business.get("hours"):
        days = []
        for day, mode, times in hours["days"]:
            opens, closes = times or (None, None)
            days.append(
                Node(
                    "business_hours_config",
                    {"day_of_week": day, "mode": mode, "open_time": opens, "close_time": closes},
                )
            )
        content.append(Node("business_hours", {"timezone": hours["timezone"]}, days))
    has_cart = "true" if business.get("cart", True) else "false"
    content.append(Node("profile_options", {}, [Node("cart_enabled", {}, has_cart)]))
    return Node("profile", {"jid": account.phone_jid}, content)


def _found(text: str) -> dict[str, str]:
    return {each: name for each, name in CATEGORIES.items() if text in name.lower()}


def _categories(found: Mapping[str, str]) -> list[Node]:
    return [Node("category", {"id": each}, name) for each, name in found.items()]


def _not_acceptable() -> Refused:
    return Refused(406, "not-acceptable")
