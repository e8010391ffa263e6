"""A WhatsApp that means harm: what it says costs its own session at most, and never more memory than the limits."""

import asyncio
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sender.whatsapp.wire.decoder import MAX_INFLATED, decode
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.framing import frame
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.relay.ends import World, world

pytestmark = pytest.mark.anyio

QUESTION = Node("iq", {"to": SERVER, "type": "get", "xmlns": "w:test"}, [Node("what")])
ANSWER = Node("iq", {"from": SERVER, "type": "result"}, [Node("so")])


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as relay:
        yield relay


def answer(own: str) -> bytes:
    return encode(Node("iq", {**ANSWER.attributes, "id": own}, ANSWER.content))


async def test_an_answer_counts_once_and_for_its_own_question_only(relay: World) -> None:
    library, whatsapp = await relay.joined()
    asking = asyncio.ensure_future(relay.relayed.query(QUESTION))
    own = decode(await whatsapp.hear()).text("id")
    for other in (answer("12.34-5"), answer(f"{own}0"), encode(Node("iq", ANSWER.attributes, ANSWER.content))):
        await whatsapp.say(other)
        assert await library.hear() == other
    assert not asking.done()
    await whatsapp.say(answer(own))
    assert (await asking).child("so").tag == "so"
    await whatsapp.say(answer(own))  # once more: nobody waits for it any more, and the library never asked
    assert decode(await library.hear()).text("id") == own


async def test_words_about_messages_that_nobody_sent_pass_as_they_came(relay: World) -> None:
    library, whatsapp = await relay.joined()
    relay.relayed.rename("3EB0LIBRARY", "3EB0OURS")
    for stanza in (
        Node("ack", {"class": "message", "id": "3EB0NOBODY", "from": SERVER}),
        Node("ack", {"class": "message", "id": "3EB0LIBRARY", "from": SERVER}),
        Node("ack", {"class": "message", "from": SERVER}),
        Node("receipt", {"type": "retry", "id": "3EB0NOBODY", "from": SERVER}, [Node("retry", {"id": "3EB0OURS"})]),
        Node("receipt", {"type": "retry", "from": SERVER}),
    ):
        await whatsapp.say(encode(stanza))
        assert await library.hear() == encode(stanza)


@pytest.mark.parametrize("size", [MAX_INFLATED // 2, 8 * MAX_INFLATED])
async def test_what_inflates_without_end_takes_no_more_than_the_limit(relay: World, size: int) -> None:
    library, whatsapp = await relay.joined()
    asking = asyncio.ensure_future(relay.relayed.query(QUESTION))  # so that the relay does read
    await whatsapp.hear()
    bomb = b"\x02" + zlib.compress(bytes(size), 9)
    tracemalloc.start()
    try:
        for _ in range(3):
            await whatsapp.say(bomb)
            assert await library.hear() == bomb
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_INFLATED
    finally:
        tracemalloc.stop()
    asking.cancel()


async def test_a_frame_that_never_ends_holds_up_its_own_direction_only(relay: World) -> None:
    library, whatsapp = await relay.joined()
    assert whatsapp.transport
    whatsapp.socket.send(frame(whatsapp.transport.seal(b"\0" + bytes(1000)))[:500])
    await library.say(b"\0still here")
    assert await whatsapp.hear() == b"\0still here"
    other, far = await relay.joined()
    await far.say(b"\0another connection")
    assert await other.hear() == b"\0another connection"
    whatsapp.writer.transport.abort()
    assert await library.is_closed()
