"""Questions that clients ask: prekeys, who is on WhatsApp, privacy; and those that nobody answers."""

import pytest

from sender.whatsapp.emulator.prekeys import LOW_WATER
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.jid import LID_SERVER, PHONE_SERVER, Jid
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.emulator.companion import PREKEYS, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, OTHER, PHONE

pytestmark = pytest.mark.anyio


def contact_query(*numbers: str) -> Node:
    query = Node("query", {}, [Node("contact", {"addressing_mode": "lid"}), Node("lid"), Node("status")])
    users = [Node("user", {}, [Node("contact", {}, number)]) for number in numbers]
    return Node("usync", {"sid": "7", "mode": "full"}, [query, Node("list", {}, users)])


async def test_each_prekey_is_handed_out_once(server: Server) -> None:
    companion, friend = await linked(server, PHONE), await linked(server, FRIEND)
    used = 1  # by the phone, when it shared its keys
    handed = [friend.bundle(companion.lid).prekey_id for _ in range(PREKEYS - used)]
    assert sorted(handed) == list(range(1 + used, PREKEYS + 1))
    assert friend.bundle(companion.lid).prekey_id is None


async def test_a_client_is_asked_for_more_prekeys_in_time(server: Server) -> None:
    companion, friend = await linked(server, PHONE), await linked(server, FRIEND)
    for _ in range(PREKEYS - 1 - LOW_WATER):
        friend.bundle(companion.lid)
    asked = companion.connection.last("notification")
    assert (asked.get("type"), asked.child("count").number("value") < 5) == ("encrypt", True)


async def test_an_unknown_device_has_an_error_and_the_others_a_bundle(server: Server) -> None:
    friend = await linked(server, FRIEND)
    wanted = [lid_of(server, PHONE), Jid("999", LID_SERVER, 4)]
    answer = friend.ask("encrypt", Node("key", {}, [Node("user", {"jid": jid}) for jid in wanted]))
    found, unknown = answer.child("list").children
    assert found.child("identity").data == server.directory.by_phone(PHONE).identity.public
    assert unknown.child("error").get("code") == "404"


async def test_who_is_on_whatsapp_is_told_with_the_hidden_id(server: Server) -> None:
    friend = await linked(server, FRIEND)
    answer = friend.ask("usync", contact_query(f"+{PHONE}@c.us", "+5511999999999@c.us"))
    known, unknown = answer.child("usync", "list").children
    assert known.child("contact").get("type") == "in"
    assert (known.jid("jid"), known.jid("pn_jid")) == (lid_of(server, PHONE), Jid(PHONE, PHONE_SERVER))
    assert known.child("contact").data == f"+{PHONE}@c.us".encode()
    assert unknown.child("contact").get("type") == "out"
    assert unknown.jid("jid") == Jid("5511999999999", PHONE_SERVER)


async def test_an_alias_leads_to_the_number_that_whatsapp_knows(server: Server) -> None:
    server.directory.add_alias("551187654321", server.directory.by_phone(OTHER))
    friend = await linked(server, FRIEND)
    (user,) = friend.ask("usync", contact_query("+551187654321@c.us")).child("usync", "list").children
    assert user.child("contact").get("type") == "in"
    assert user.jid("pn_jid") == Jid(OTHER, PHONE_SERVER)


async def test_device_lists_hold_the_phone_and_its_companions(server: Server) -> None:
    await linked(server, PHONE)
    friend = await linked(server, FRIEND)
    assert [jid.device for jid in friend.devices_of(lid_of(server, PHONE))] == [0, 1]
    assert [jid.server for jid in friend.devices_of(Jid(PHONE, PHONE_SERVER))] == [PHONE_SERVER] * 2


async def test_privacy_is_kept_and_unset_categories_have_a_default(server: Server) -> None:
    companion = await linked(server, PHONE)
    change = Node("privacy", {}, [Node("category", {"name": "last", "value": "none"})])
    companion.ask("privacy", change, kind="set")
    answer = companion.ask("privacy", Node("privacy"))
    values = {each.get("name"): each.get("value") for each in answer.child("privacy").children}
    assert (values["last"], values["groupadd"]) == ("none", "all")


async def test_a_blocked_contact_gets_its_ack_and_its_messages_go_nowhere(server: Server) -> None:
    companion, friend = await linked(server, PHONE), await linked(server, FRIEND)
    item = Node("item", {"jid": lid_of(server, FRIEND), "action": "block"})
    companion.ask("blocklist", item, kind="set")
    friend.send(lid_of(server, PHONE), "hello?")
    assert friend.connection.last("ack").get("error") is None
    assert companion.messages() == []


async def test_an_unknown_question_is_refused_and_remembered(server: Server) -> None:
    companion = await linked(server, PHONE)
    answer = companion.ask("w:new:thing", Node("what"))
    assert answer.child("error").get("code") == "501"
    assert list(server.questions.unknown) == ["w:new:thing/what"]


async def test_a_question_that_cannot_be_understood_is_a_bad_request(server: Server) -> None:
    companion = await linked(server, PHONE)
    assert companion.ask("encrypt", Node("key", {}, [Node("user")])).child("error").get("code") == "400"
