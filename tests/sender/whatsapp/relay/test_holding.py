"""Messages wait in the relay until they are kept, all else keeps its place, and whatever comes breaks nothing."""

import asyncio
from random import Random

import pytest

from sender.whatsapp.relay.holding import Holding
from sender.whatsapp.relay.relayed import Relayed
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.jid import SERVER, Jid
from sender.whatsapp.wire.node import Node

pytestmark = pytest.mark.anyio

BIA = Jid("5511988887777", "s.whatsapp.net")
MESSAGE = encode(Node("message", {"from": BIA, "id": "A"}, [Node("enc", {"type": "msg"}, b"sealed")]))
PEER = encode(Node("message", {"from": BIA, "id": "B", "category": "peer"}, [Node("enc", {"type": "msg"}, b"sealed")]))
RECEIPT = encode(Node("receipt", {"from": BIA, "id": "C"}))
ACK = encode(Node("ack", {"from": SERVER, "id": "D", "class": "message"}))


async def test_what_follows_a_message_waits_with_it_but_answers_do_not() -> None:
    written: list[bytes] = []
    holding = Holding(written.append)
    holding.add(RECEIPT)
    holding.add(MESSAGE, 1)
    for stanza in (RECEIPT, ACK):
        holding.add(stanza)
    assert written == [RECEIPT, ACK]
    holding.add(MESSAGE, 2)
    holding.kept(1)
    assert written == [RECEIPT, ACK, MESSAGE, RECEIPT]
    holding.kept(2)
    assert written[-1] == MESSAGE


async def test_no_more_is_read_while_much_is_held() -> None:
    holding = Holding(lambda stanza: None, most=2)
    holding.add(MESSAGE, 1)
    await holding.room()
    holding.add(MESSAGE, 2)
    waiting = asyncio.ensure_future(holding.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    holding.kept(1)
    await waiting


async def test_each_message_of_somebody_is_told_under_a_number() -> None:
    told: list[tuple[int, bytes]] = []
    relayed = Relayed(KeyPair(), "", lambda number, stanza: told.append((number, stanza)))
    assert [relayed.arriving(each) for each in (MESSAGE, PEER, RECEIPT, MESSAGE)] == [1, 0, 0, 2]
    assert told == [(1, MESSAGE), (2, MESSAGE)]
    assert Relayed(KeyPair()).arriving(MESSAGE) == 0


async def test_whatever_comes_passes_unchanged_or_is_a_stanza() -> None:
    """Cut, changed and made-up frames, in both directions, with names, questions and messages under way."""
    chance = Random(7)
    relayed = Relayed(KeyPair(), "", lambda number, stanza: None)
    relayed.rename("A", "Y")
    for _ in range(3_000):
        frame = bytearray(chance.choice((MESSAGE, PEER, RECEIPT, ACK)))
        for _ in range(chance.randrange(4)):
            frame[chance.randrange(len(frame))] = chance.randrange(256)
        data = bytes(frame[: chance.randrange(len(frame) + 1)]) if chance.random() < 0.3 else bytes(frame)
        relayed.from_server(data)
        relayed.from_client(data)
        relayed.arriving(data)
