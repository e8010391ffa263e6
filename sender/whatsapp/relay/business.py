"""Business profiles in questions of w:biz, categories in one of fb:thrift_iq.

Reading has the form of whatsmeow (user.go), changing that of Baileys (Socket/business.ts) and of zapo
(builders/business.ts), from which also come websites, categories and the modes of opening hours. The question for
categories is that of older versions of Cobalt. Whether there is a cart is a profile option (cart_enabled) in the
list of types that whatsmeow carries. Not tried live here.
"""

from collections.abc import Sequence

from common.addresses import Jid
from sender.whatsapp.powers.business import BusinessProfile, Category, Hours, NoBusiness, OpenDay, Opening
from sender.whatsapp.powers.refusals import QuestionRefused
from sender.whatsapp.relay.asking import Ask, ask_in, on_wire, text_of, texts, understood
from sender.whatsapp.wire.node import Node

NAMESPACE, CATEGORIES = "w:biz", "fb:thrift_iq"
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
READ_VERSION, CHANGE_VERSION = "244", "3"


class RelayedBusiness:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def profile(self, person: Jid) -> BusinessProfile:
        wanted = Node("business_profile", {"v": READ_VERSION}, [Node("profile", {"jid": on_wire(person)})])
        try:
            answer = await ask_in(self._ask, NAMESPACE, "get", wanted)
        except QuestionRefused as refusal:
            if refusal.number == 404:
                raise NoBusiness from None
            raise
        with understood():
            shown = answer.child("business_profile").find("profile")
            if shown is None:
                raise NoBusiness
            return _profile(shown)

    async def describe(self, text: str) -> None:
        await self._change(*texts([("description", text)]))

    async def set_address(self, text: str) -> None:
        await self._change(*texts([("address", text)]))

    async def set_email(self, email: str) -> None:
        await self._change(*texts([("email", email)]))

    async def set_websites(self, websites: Sequence[str]) -> None:
        """One without content takes all away."""
        await self._change(*(texts(("website", each) for each in websites) or [Node("website")]))

    async def set_hours(self, hours: Hours) -> None:
        await self._change(Node("business_hours", {"timezone": hours.timezone}, [_config(day) for day in hours.days]))

    async def set_categories(self, ids: Sequence[str]) -> None:
        await self._change(Node("categories", {}, [Node("category", {"id": each}) for each in ids]))

    async def find_categories(self, text: str) -> list[Category]:
        wanted = Node("request", {"op": "profile_typeahead", "type": "catkit", "v": "1"}, [Node("query", {}, text)])
        answer = await ask_in(self._ask, CATEGORIES, "get", wanted)
        with understood():
            return _categories(answer.child("response").find("categories"))

    async def _change(self, *changes: Node) -> None:
        head = {"v": CHANGE_VERSION, "mutation_type": "delta"}
        await ask_in(self._ask, NAMESPACE, "set", Node("business_profile", head, changes))


def _profile(shown: Node) -> BusinessProfile:
    hours = shown.find("business_hours")
    return BusinessProfile(
        description=text_of(shown, "description"),
        address=text_of(shown, "address"),
        email=text_of(shown, "email"),
        websites=tuple(text for each in shown.all("website") if (text := text_of(each))),
        categories=tuple(_categories(shown.find("categories"))),
        hours=None if hours is None else _hours(hours),
        has_cover=shown.find("cover_photo") is not None,
        has_cart=text_of(shown, "profile_options", "cart_enabled") == "true",
    )


def _categories(listed: Node | None) -> list[Category]:
    found = () if listed is None else listed.all("category")
    return [Category(each.text("id"), each.data.decode(errors="replace")) for each in found]


def _hours(shown: Node) -> Hours:
    """Days and modes that are not known here are left out: WhatsApp may add some."""
    modes = {opening.value: opening for opening in Opening}
    days = [
        OpenDay(
            DAYS.index(each.text("day_of_week")),
            modes[each.text("mode")],
            each.number("open_time") if each.get("open_time") else None,
            each.number("close_time") if each.get("close_time") else None,
        )
        for each in shown.all("business_hours_config")
        if each.get("day_of_week") in DAYS and each.get("mode") in modes
    ]
    return Hours(shown.get("timezone") or "", tuple(days))


def _config(day: OpenDay) -> Node:
    head: dict[str, str | int | None] = {"day_of_week": DAYS[day.day], "mode": day.opening.value}
    if day.opening is Opening.HOURS:
        head |= {"open_time": day.opens, "close_time": day.closes}
    return Node("business_hours_config", head)
