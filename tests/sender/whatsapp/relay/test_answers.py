"""Whatever WhatsApp answers, an inquiry ends in a value or in an error of delivery."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from common.addresses import Jid
from common.errors import DeliveryError
from sender.whatsapp.powers.inquiries import Inquiries
from sender.whatsapp.powers.people import Known
from sender.whatsapp.relay.inquiries import inquiries
from sender.whatsapp.wire import jid as wire
from sender.whatsapp.wire.node import Node

pytestmark = pytest.mark.anyio

GROUP, CHANNEL, PERSON = Jid("120363000000000001@g.us"), Jid("1@newsletter"), Jid("5511900000001@s.whatsapp.net")

ASKED: Mapping[str, Callable[[Inquiries], Awaitable[object]]] = {
    "join requests": lambda ask: ask.groups.join_requests(GROUP),
    "approval": lambda ask: ask.groups.answer_requests(GROUP, [PERSON], is_approved=True),
    "switches": lambda ask: ask.groups.switches(GROUP),
    "change of a channel": lambda ask: ask.newsletters.rename(CHANNEL, "x"),
    "directory": lambda ask: ask.newsletters.list_directory("NEW", [], 1),
    "profile": lambda ask: ask.business.profile(PERSON),
    "categories": lambda ask: ask.business.find_categories(""),
    "page": lambda ask: ask.catalog.page(None, None),
    "product": lambda ask: ask.catalog.find("1"),
    "deletion": lambda ask: ask.catalog.delete("1"),
    "collections": lambda ask: ask.catalog.collections(None),
    "list": lambda ask: ask.privacy.left_out("last"),
    "change of a list": lambda ask: ask.privacy.leave_out("last", [Known("1", PERSON, None)], []),
    "report": lambda ask: ask.reports.report(PERSON),
}

GRAMMAR: Mapping[str, tuple[str, ...]] = {
    "iq": ("membership_approval_requests", "membership_requests_action", "group", "result", "business_profile",
           "response", "product_catalog", "product_catalog_delete", "collections", "privacy"),
    "membership_approval_requests": ("membership_approval_request",),
    "membership_requests_action": ("approve",),
    "approve": ("participant",),
    "group": ("membership_approval_mode", "member_add_mode"),
    "membership_approval_mode": ("group_join",),
    "business_profile": ("profile",),
    "profile": ("business_hours", "categories", "profile_options", "description", "website"),
    "business_hours": ("business_hours_config",),
    "categories": ("category",),
    "profile_options": ("cart_enabled",),
    "response": ("categories",),
    "product_catalog": ("product", "paging"),
    "paging": ("after",),
    "product": ("id", "name", "media", "sale_price"),
    "media": ("image",),
    "image": ("url",),
    "sale_price": ("price",),
    "collections": ("collection",),
    "collection": ("id", "name", "product", "status_info"),
    "status_info": ("status",),
    "privacy": ("list",),
    "list": ("user",),
}  # fmt: skip
"""What stands in what, in an answer as it should be."""
ATTRIBUTES = (
    "error", "request_time", "state", "id", "mode", "day_of_week", "open_time", "deleted_count", "dhash", "query_id",
)  # fmt: skip
VALUES = ("", "x", "-1", "9" * 30, "mon", "specific_hours", "on", wire.Jid.parse(PERSON), wire.SERVER)
JIDS = (wire.Jid.parse(PERSON), wire.Jid.parse("1@lid"), wire.SERVER, "text")
ENDS = (None, True, 0, -1, 10**30, "", "x", "9" * 30, [], {}, {"text": "x"}, {"text": 1}, [{}])
THREAD = ("name", "creation_time", "subscribers_count", "picture", "description", "invite")
TRIES = 400


class Fantasy:
    """Answers of about the right shape, with anything in attributes and at the ends; some parts are missing."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)

    def answer(self, tag: str = "iq") -> Node:
        chance, below = self._chance, GRAMMAR.get(tag, ())
        head = {name: chance.choice(VALUES) for name in ATTRIBUTES if chance.random() < 0.5}
        if chance.random() < 0.9:
            head["jid"] = chance.choice(JIDS)
        if below and chance.random() < 0.95:
            return Node(tag, head, [self.answer(each) for each in below if chance.random() < 0.9])
        return Node(
            tag, head, json.dumps(self._graph()) if tag == "result" else chance.choice((None, b"", b"\xff", b"9"))
        )

    def _graph(self) -> Any:
        chance = self._chance
        thread = {name: self._end({"text": "x"}) for name in THREAD if chance.random() < 0.8}
        listed = [{"id": self._end(CHANNEL), "thread_metadata": self._end(thread)}]
        data = {
            "xwa2_newsletters_directory_list": {"result": self._end(listed)},
            "xwa2_newsletter_update": self._end({}),
        }
        errors = [{"extensions": self._end({"error_code": self._end(404)})}]
        return self._end({"data": self._end(data), **({"errors": self._end(errors)} if chance.random() < 0.2 else {})})

    def _end(self, meant: Any) -> Any:
        return meant if self._chance.random() < 0.7 else self._chance.choice(ENDS)


@pytest.mark.parametrize("name", ASKED)
async def test_an_answer_in_any_form_is_a_value_or_an_error_of_delivery(name: str) -> None:
    fantasy = Fantasy(len(name))

    async def ask(question: Node) -> Node:
        return fantasy.answer()

    async def others(addresses: Sequence[Jid]) -> Mapping[Jid, Jid]:
        return {}

    asked, values = inquiries(ask, PERSON, others, NoUploads()), 0
    for _ in range(TRIES):
        with suppress(DeliveryError):
            await ASKED[name](asked)
            values += 1
    assert values > 0, "the answers are never what they should be"


class NoUploads:
    async def upload(self, picture: bytes) -> str:
        return ""
