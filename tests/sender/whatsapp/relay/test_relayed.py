"""What a session's relay does with stanzas about its own messages: names, reminders and words nobody waits for."""

import asyncio
from dataclasses import dataclass, field

import pytest

from sender.whatsapp.relay.relayed import MOST_FORGOTTEN, Relayed
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.jid import Jid
from sender.whatsapp.wire.node import Node

pytestmark = pytest.mark.anyio

CONTACT = Jid.parse("5511900000002@s.whatsapp.net")


@dataclass
class Legs:
    """Keeps what the relay says by itself."""

    up: list[Node] = field(default_factory=list)
    down: list[Node] = field(default_factory=list)

    def write_up(self, stanza: bytes) -> None:
        self.up.append(decode(stanza))

    def write_down(self, stanza: bytes) -> None:
        self.down.append(decode(stanza))

    def kept(self, number: int) -> None:
        raise AssertionError


@dataclass
class Told:
    forgotten: list[tuple[int, Node]] = field(default_factory=list)
    late: list[Node] = field(default_factory=list)


@pytest.fixture
def legs() -> Legs:
    return Legs()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def relayed(legs: Legs, told: Told) -> Relayed:
    relayed = Relayed(
        KeyPair(),
        tell_forgotten=lambda number, stanza: told.forgotten.append((number, decode(stanza))),
        tell_late=lambda stanza: told.late.append(decode(stanza)),
    )
    relayed.opened(legs)
    return relayed


def message(id: str, **more: str) -> bytes:
    return encode(Node("message", {"id": id, "to": CONTACT, "type": "text", **more}, [Node("enc", {"v": 2}, b"x")]))


def asks(id: str) -> bytes:
    retry = Node("retry", {"count": 1, "id": id, "t": 1, "v": 1})
    return encode(Node("receipt", {"id": id, "from": CONTACT, "type": "retry"}, [retry]))


def ack(id: str, **more: str) -> bytes:
    return encode(Node("ack", {"class": "message", "id": id, "from": CONTACT, "t": 1, **more}))


def id_of(stanza: bytes | None) -> str | None:
    return decode(stanza).get("id") if stanza is not None else None


async def test_a_reminder_goes_nowhere_and_the_library_believes_that_it_went(relayed: Relayed, legs: Legs) -> None:
    relayed.remind("LIBRARY", "WIRE")
    for _ in range(2):  # the library writes it again after a reconnect
        assert relayed.from_client(message("LIBRARY")) is None
    assert legs.up == []
    assert [(each.get("class"), each.get("id"), each.get("error")) for each in legs.down] == [
        ("message", "LIBRARY", None)
    ] * 2
    answer = relayed.from_client(message("LIBRARY", t="1"))
    assert id_of(answer) == "WIRE"


async def test_who_asks_for_what_is_forgotten_is_heard_after_the_reminder(
    relayed: Relayed, legs: Legs, told: Told
) -> None:
    assert relayed.from_server(asks("WIRE")) is None
    ((number, receipt),) = told.forgotten
    assert receipt.get("id") == "WIRE"
    relayed.remind("LIBRARY", "WIRE")
    await relayed.reminded(number)
    (heard,) = legs.down
    assert (heard.get("id"), heard.child("retry").get("id")) == ("LIBRARY", "LIBRARY")
    assert id_of(relayed.from_server(asks("WIRE"))) == "LIBRARY"
    assert len(told.forgotten) == 1


async def test_who_asks_in_vain_is_heard_as_he_came(relayed: Relayed, legs: Legs, told: Told) -> None:
    relayed.from_server(asks("WIRE"))
    await relayed.reminded(told.forgotten[0][0])
    await relayed.reminded(told.forgotten[0][0])
    assert [each.get("id") for each in legs.down] == ["WIRE"]


async def test_more_askers_than_may_wait_are_let_through(relayed: Relayed, told: Told) -> None:
    answers = [relayed.from_server(asks(f"WIRE {number}")) for number in range(MOST_FORGOTTEN + 1)]
    assert [answer is None for answer in answers] == [True] * MOST_FORGOTTEN + [False]
    assert relayed.passed["unanswered"] == 1


async def test_askers_of_a_connection_that_broke_come_again(relayed: Relayed, legs: Legs, told: Told) -> None:
    relayed.from_server(asks("WIRE"))
    relayed.closed(legs)
    after = Legs()
    relayed.opened(after)
    await relayed.reminded(told.forgotten[0][0])
    assert after.down == []


async def test_what_is_taken_back_never_leaves(relayed: Relayed, legs: Legs) -> None:
    relayed.rename("LIBRARY", "WIRE")
    relayed.take_back("LIBRARY")
    assert relayed.from_client(message("LIBRARY")) is None
    assert id_of(relayed.from_client(message("OTHER"))) == "OTHER"
    relayed.rename("SECOND", "WIRE")
    assert id_of(relayed.from_client(message("SECOND"))) == "WIRE"


async def test_a_word_that_nobody_waits_for_any_more_is_told(relayed: Relayed, legs: Legs, told: Told) -> None:
    relayed.rename("LIBRARY", "WIRE")
    assert id_of(relayed.from_client(message("LIBRARY"))) == "WIRE"
    await relayed.give_up("LIBRARY")
    (word,) = legs.down
    assert (word.get("id"), word.get("error")) == ("LIBRARY", "408")
    # After a reconnect the library would write it once more.
    assert relayed.from_client(message("LIBRARY")) is None
    assert id_of(relayed.from_server(ack("WIRE"))) == "LIBRARY"
    assert [each.get("id") for each in told.late] == ["WIRE"]


async def test_a_word_in_time_is_nobody_else_s(relayed: Relayed, told: Told) -> None:
    relayed.rename("LIBRARY", "WIRE")
    relayed.from_client(message("LIBRARY"))
    assert id_of(relayed.from_server(ack("WIRE"))) == "LIBRARY"
    await asyncio.sleep(0)
    assert told.late == []
