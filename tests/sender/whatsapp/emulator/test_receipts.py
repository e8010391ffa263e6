"""Receipts: who hears that something was delivered, read or could not be read."""

import pytest

from sender.whatsapp.emulator.contents import write_text
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, PHONE, add_account

pytestmark = pytest.mark.anyio


def receipts(companion: Companion) -> list[Node]:
    """All but those of the own phone, which gets a copy of everything."""
    return [each for each in companion.connection.all("receipt") if each.get("type") != "sender"]


async def test_the_sender_hears_of_the_delivery_after_the_ack(server: Server) -> None:
    companion = await linked(server, PHONE)
    sent = companion.send(lid_of(server, FRIEND), "hello")
    ack, (receipt,) = companion.connection.last("ack"), receipts(companion)
    assert (ack.get("id"), ack.get("error")) == (sent, None)
    assert (receipt.get("id"), receipt.get("type")) == (sent, None)
    assert companion.connection.received.index(ack) < companion.connection.received.index(receipt)
    assert receipt.jid("from") == lid_of(server, FRIEND)


async def test_a_read_receipt_of_one_device_is_told_to_the_author_and_to_the_own_devices(server: Server) -> None:
    author, reader, twin = await linked(server, PHONE), await linked(server, FRIEND), await linked(server, FRIEND)
    sent = author.send(lid_of(server, FRIEND), "hello")
    seen = Node("receipt", {"id": sent, "to": lid_of(server, PHONE), "type": "read"})
    reader.connection.say(seen)
    assert author.connection.last("receipt").get("type") == "read"
    assert author.connection.last("receipt").jid("from") == reader.lid
    told = twin.connection.last("receipt")
    assert (told.get("type"), told.jid("recipient")) == ("read", lid_of(server, PHONE))
    assert reader.connection.last("ack").get("class") == "receipt"


async def test_a_contact_that_reads_says_so(server: Server) -> None:
    add_account(server, "5511900000009", "read")
    companion = await linked(server, PHONE)
    sent = companion.send(lid_of(server, "5511900000009"), "hello")
    assert [(each.get("id"), each.get("type")) for each in receipts(companion)] == [(sent, None), (sent, "read")]


async def test_a_contact_that_is_away_says_nothing(server: Server) -> None:
    add_account(server, "5511900000009", "away")
    companion = await linked(server, PHONE)
    companion.send(lid_of(server, "5511900000009"), "hello")
    assert receipts(companion) == []
    assert [each.text for each in server.inbox.of("5511900000009")] == ["hello"]


async def test_a_contact_that_cannot_read_a_message_asks_for_it_again(server: Server) -> None:
    companion = await linked(server, PHONE)
    companion.send(lid_of(server, FRIEND), "fine")
    server.faults.add("corrupt", to=FRIEND)
    sent = companion.send(lid_of(server, FRIEND), "damaged")
    retry = receipts(companion)[-1]
    assert (retry.get("type"), retry.get("id"), retry.child("retry").get("count")) == ("retry", sent, "1")
    assert [each.text for each in server.inbox.of(FRIEND)] == ["fine"]
    again = companion.encrypt(lid_of(server, FRIEND), b"\x0a\x07damaged")
    companion.connection.say(Node("message", {"to": retry.jid("from"), "id": sent, "type": "text"}, [again]))
    assert [each.text for each in server.inbox.of(FRIEND)] == ["fine", "damaged"]


async def test_a_message_that_comes_twice_is_shown_once_and_acknowledged_twice(server: Server) -> None:
    companion = await linked(server, PHONE)
    friend = lid_of(server, FRIEND)
    sent = companion.send(friend, "hello")
    stanza = Node(
        "message",
        {"to": friend, "id": sent, "type": "text"},
        [Node("participants", {}, [Node("to", {"jid": friend}, [companion.encrypt(friend, b"\x0a\x05hello")])])],
    )
    companion.connection.say(stanza)
    companion.connection.say(stanza)
    assert [each.text for each in server.inbox.of(FRIEND)] == ["hello"]
    assert [(each.get("id"), each.get("type")) for each in receipts(companion)] == [(sent, None)] * 3


async def test_an_echo_answers_with_the_same_and_two_echoes_do_not_talk_for_ever(server: Server) -> None:
    echoes = [add_account(server, phone, "echo") for phone in ("5511900000008", "5511900000009")]
    companion = await linked(server, PHONE)
    companion.send(lid_of(server, echoes[0].phone), "olá")
    assert companion.texts() == ["olá"]
    server.handsets.of(echoes[0]).outgoing.send(echoes[1], write_text("hm"))
    assert [each.text for each in server.inbox.of(echoes[1].phone)] == ["hm"]
    assert [each.text for each in server.inbox.of(echoes[0].phone)] == ["olá"]
