"""Presence, typing and calls: passed on at once to those who may see them, and to nobody later."""

import pytest

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.handset.sightings import Sighting
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, OTHER, PHONE

pytestmark = pytest.mark.anyio


@pytest.fixture
async def companion(server: Server) -> Companion:
    return await linked(server, PHONE)


def account(server: Server, phone: str) -> Account:
    found = server.directory.by_phone(phone)
    assert found
    return found


def seen(server: Server, phone: str, kind: str) -> list[Sighting]:
    return server.handsets.of(account(server, phone)).sightings.after(0, kind)


def show(companion: Companion, kind: str, **more: object) -> None:
    companion.connection.say(Node("presence", {"type": kind, **more}))


async def test_who_watches_sees_others_come_and_go(server: Server, companion: Companion) -> None:
    friend = await linked(server, FRIEND)
    show(friend, "subscribe", to=lid_of(server, PHONE))
    assert friend.connection.last("presence").get("type") == "unavailable"
    show(companion, "available", name="Ana")
    assert friend.connection.last("presence").get("type") is None
    assert account(server, PHONE).name == "Ana"
    show(companion, "unavailable")
    gone = friend.connection.last("presence")
    assert (gone.get("type"), gone.number("last") > 0) == ("unavailable", True)


async def test_a_lost_connection_is_no_longer_online(server: Server, companion: Companion) -> None:
    show(companion, "available")
    server.presence.accept(
        server.handsets.of(account(server, FRIEND)).device,
        Node("presence", {"type": "subscribe", "to": lid_of(server, PHONE)}),
    )
    companion.leave()
    server.clients.closed(companion.connection)
    assert [each.details["online"] for each in seen(server, FRIEND, "presence")] == [True, False]


async def test_who_stopped_watching_sees_nothing(server: Server, companion: Companion) -> None:
    friend = await linked(server, FRIEND)
    for kind in ("subscribe", "unsubscribe"):
        show(friend, kind, to=lid_of(server, PHONE))
    before = len(friend.connection.all("presence"))
    show(companion, "available")
    assert len(friend.connection.all("presence")) == before


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (Node("composing"), "typing"),
        (Node("composing", {"media": "audio"}), "recording"),
        (Node("paused"), "paused"),
    ],
)
async def test_a_contact_sees_typing_and_recording(
    server: Server, companion: Companion, state: Node, what: str
) -> None:
    companion.connection.say(Node("chatstate", {"to": lid_of(server, FRIEND)}, [state]))
    (sighting,) = seen(server, FRIEND, "typing")
    assert (sighting.sender, sighting.details) == (PHONE, {"chat": PHONE, "what": what})


async def test_typing_in_a_group_is_seen_by_its_members(server: Server, companion: Companion) -> None:
    group = server.group_changes.create(account(server, PHONE), "Team", [account(server, FRIEND)])
    companion.connection.say(Node("chatstate", {"to": group.jid}, [Node("composing")]))
    (sighting,) = seen(server, FRIEND, "typing")
    assert (sighting.sender, sighting.details["chat"]) == (PHONE, str(group.jid))
    assert seen(server, OTHER, "typing") == []


async def test_typing_is_not_kept_for_a_device_that_is_away(server: Server, companion: Companion) -> None:
    companion.leave()
    server.presence.chat_state(
        server.handsets.of(account(server, FRIEND)).device,
        Node("chatstate", {"to": lid_of(server, PHONE)}, [Node("composing")]),
    )
    companion.log_in()
    assert companion.connection.all("chatstate") == []


async def test_a_call_rings_is_rejected_and_ends(server: Server, companion: Companion) -> None:
    friend = server.handsets.of(account(server, FRIEND)).device
    call_id = server.calls.offer(friend, account(server, PHONE), is_video=True)
    offer = companion.connection.last("call")
    assert (offer.child("offer").get("call-id"), offer.child("offer").find("video") is not None) == (call_id, True)
    reject = Node("reject", {"call-id": call_id, "call-creator": lid_of(server, FRIEND), "count": "0"})
    companion.connection.say(Node("call", {"to": lid_of(server, FRIEND), "id": "c1"}, [reject]))
    (sighting,) = seen(server, FRIEND, "call")
    assert (sighting.sender, sighting.details) == (PHONE, {"id": call_id, "what": "reject"})
    assert companion.connection.last("ack").get("class") == "call"
    server.calls.end(friend, account(server, PHONE), call_id, "timeout")
    assert companion.connection.last("call").child("terminate").get("reason") == "timeout"
