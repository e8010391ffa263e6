import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from sender.whatsapp.relay.relayed import NotLinked
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.framing import frame
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.relay.ends import PAYLOAD, World, world
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

IQ_HEAD = encode(Node("iq", {"type": "get"}))[:4]
QUESTION = Node("iq", {"to": SERVER, "type": "get", "xmlns": "w:test"}, [Node("what")])


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as relay:
        yield relay


async def test_whatsapp_meets_the_device_itself_and_both_hear_each_other(relay: World) -> None:
    library, whatsapp = await relay.joined()
    assert whatsapp.handshake
    assert (whatsapp.handshake.client_static, whatsapp.handshake.payload) == (relay.device.public, PAYLOAD)
    up, down = encode(Node("presence", {"type": "available"})), encode(Node("success", {"t": 1}))
    await library.say(up)
    await whatsapp.say(down)
    assert (await whatsapp.hear(), await library.hear()) == (up, down)


async def test_the_library_upgrades_in_its_own_words_without_compression(relay: World) -> None:
    await relay.joined()
    asked = relay.whatsapp.asked[-1]
    assert asked.startswith(b"GET /ws/chat HTTP/1.1\r\nHost: web.whatsapp.com\r\nUpgrade: websocket\r\n")
    assert b"Extensions" not in asked


async def test_a_whatsapp_with_another_root_is_not_shown_the_device(tmp_path: Path) -> None:
    async with world(tmp_path, trusted_root=KeyPair().public) as relay:
        end, _ = await relay.upgrade()
        assert await end.is_closed()
        assert relay.whatsapp.arrived.empty()
        await eventually(lambda: relay.problems)
        assert relay.problems[0][0] == "ana:secret"
        assert "root" in relay.problems[0][1]


async def test_a_library_with_another_key_is_not_let_through(relay: World) -> None:
    library = await relay.log_in(KeyPair())
    assert await library.is_closed()
    assert relay.whatsapp.arrived.empty()


async def test_nobody_else_gets_through(relay: World) -> None:
    _, _, answer = await relay.dial(who="ana:wrong")
    assert b" 407 " in answer


async def test_a_dead_network_looks_like_one(relay: World) -> None:
    relay.whatsapp.refuses = True
    _, answer = await relay.upgrade()
    assert b" 502 " in answer


async def test_media_pass_untouched(relay: World) -> None:
    reader, writer, answer = await relay.dial("mmg.whatsapp.net:443")
    assert b" 200 " in answer
    sent = Random(1).randbytes(1 << 20)
    writer.write(sent)
    writer.write_eof()
    assert await reader.read(-1) == sent
    writer.close()


async def test_one_end_gone_takes_the_other_along(relay: World) -> None:
    library, whatsapp = await relay.joined()
    whatsapp.writer.transport.abort()
    assert await library.is_closed()
    library, whatsapp = await relay.joined()
    library.writer.close()
    assert await whatsapp.is_closed()


async def test_what_cannot_be_read_passes_as_it_came(relay: World) -> None:
    library, whatsapp = await relay.joined()
    chance = Random(7)
    asking = asyncio.ensure_future(relay.relayed.query(QUESTION))  # so that the relay does read
    await whatsapp.hear()
    for _ in range(300):
        stanza = IQ_HEAD * chance.randrange(2) + chance.randbytes(chance.randrange(0, 200))
        await whatsapp.say(stanza)
        assert await library.hear() == stanza
    assert relay.relayed.passed["unreadable"] > 100
    asking.cancel()


async def test_a_frame_that_does_not_decrypt_ends_this_connection_only(relay: World) -> None:
    library, whatsapp = await relay.joined()
    whatsapp.socket.send(frame(b"not sealed by anybody"))
    assert await library.is_closed()
    library, whatsapp = await relay.joined()
    await whatsapp.say(b"\0hello")
    assert await library.hear() == b"\0hello"


@pytest.mark.parametrize(
    "said", [b"\xff" * 64, b"\x82\xff" + b"\xff" * 8, b"\x81\x02hi", b"\x89\x7e\x01\x00" + b"x" * 256]
)
async def test_bytes_that_are_no_websocket_end_the_connection(relay: World, said: bytes) -> None:
    library, whatsapp = await relay.joined()
    whatsapp.writer.write(said)
    assert await library.is_closed()


async def test_a_library_that_does_not_read_holds_up_whatsapp(relay: World) -> None:
    library, whatsapp = await relay.joined()
    taken, stanza = 0, bytes(1 << 20)
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            while taken < 200:
                await whatsapp.say(stanza)
                taken += 1
    assert taken < 40
    for _ in range(taken):
        assert len(await library.hear()) == len(stanza)


async def test_an_own_question_is_answered_and_the_library_hears_nothing(relay: World) -> None:
    library, whatsapp = await relay.joined()
    asking = asyncio.ensure_future(relay.relayed.query(QUESTION))
    asked = decode(await whatsapp.hear())
    assert (asked.get("xmlns"), asked.child("what").tag) == ("w:test", "what")
    await whatsapp.say(encode(Node("iq", {"from": SERVER, "type": "result", "id": asked.get("id")}, [Node("so")])))
    assert (await asking).child("so").tag == "so"
    await whatsapp.say(b"\0next")
    assert await library.hear() == b"\0next"


async def test_a_message_bears_our_id_on_the_wire_and_its_own_in_the_library(relay: World) -> None:
    library, whatsapp = await relay.joined()
    relay.relayed.rename("3EB0LIBRARY", "3EB0OURS")
    content = [Node("reporting"), Node("enc")]
    for _ in range(2):  # also when the library writes it again
        await library.say(encode(Node("message", {"id": "3EB0LIBRARY", "to": SERVER}, content)))
        sent = decode(await whatsapp.hear())
        assert (sent.get("id"), [child.tag for child in sent.children]) == ("3EB0OURS", ["enc"])
    await whatsapp.say(encode(Node("ack", {"class": "message", "id": "3EB0OURS", "from": SERVER, "error": 479})))
    refused = decode(await library.hear())
    assert (refused.get("id"), refused.get("error")) == ("3EB0LIBRARY", "479")
    retry = [Node("retry", {"count": 1, "id": "3EB0OURS"})]
    await whatsapp.say(encode(Node("receipt", {"type": "retry", "id": "3EB0OURS", "from": SERVER}, retry)))
    asked = decode(await library.hear())
    assert (asked.get("id"), asked.child("retry").get("id")) == ("3EB0LIBRARY", "3EB0LIBRARY")
    await whatsapp.say(encode(Node("receipt", {"type": "read", "id": "3EB0OURS", "from": SERVER})))
    assert decode(await library.hear()).get("id") == "3EB0OURS"


async def test_other_messages_keep_their_ids(relay: World) -> None:
    library, whatsapp = await relay.joined()
    relay.relayed.rename("3EB0LIBRARY", "3EB0OURS")
    other = encode(Node("message", {"id": "3EB0OTHER", "to": SERVER, "category": "peer"}, [Node("enc")]))
    await library.say(other)
    assert await whatsapp.hear() == other
    ack = encode(Node("ack", {"class": "message", "id": "3EB0OTHER", "from": SERVER}))
    await whatsapp.say(ack)
    assert await library.hear() == ack


async def test_a_question_ends_with_its_connection(relay: World) -> None:
    _, whatsapp = await relay.joined()
    asking = asyncio.ensure_future(relay.relayed.query(QUESTION))
    await whatsapp.hear()
    whatsapp.writer.transport.abort()
    with pytest.raises(NotLinked):
        await asking
    with pytest.raises(NotLinked):
        await relay.relayed.query(QUESTION)


async def test_an_own_notification_is_acknowledged_to_us_only(relay: World) -> None:
    library, whatsapp = await relay.joined()
    relay.relayed.notify(Node("notification", {"from": SERVER, "type": "server_sync"}))
    told = decode(await library.hear())
    await library.say(encode(Node("ack", {"class": "notification", "id": told.get("id"), "to": SERVER})))
    await library.say(b"\0next")
    assert await whatsapp.hear() == b"\0next"
