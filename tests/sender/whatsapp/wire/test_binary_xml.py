import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.whatsapp.wire.decoder import MAX_DEPTH, decode
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.jid import SERVER, Jid
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.tokens import DOUBLE_BYTE, SINGLE_BYTE


def word_of_dictionary(index: int) -> str:
    """Any of the words; drawn by number, because hypothesis would print a list of them."""
    dictionary, place = divmod(index, 256)
    return SINGLE_BYTE[1 + place % 235] if dictionary == len(DOUBLE_BYTE) else DOUBLE_BYTE[dictionary][place]


WORDS = st.integers(0, 5 * 256 - 1).map(word_of_dictionary)
TEXT = st.one_of(
    WORDS,
    st.text(min_size=1, max_size=300),
    st.text("0123456789.-", min_size=1, max_size=130),
    st.text("0123456789ABCDEF", min_size=1, max_size=130),
)
NONE, BYTE, SHORT = st.just(0), st.integers(0, 255), st.integers(0, 65535)
JIDS = st.one_of(
    st.builds(Jid, TEXT, st.sampled_from(["s.whatsapp.net", "lid", "hosted", "hosted.lid"]), BYTE, NONE),
    st.builds(Jid, TEXT, st.sampled_from(["g.us", "broadcast", "newsletter"]), NONE, NONE),
    st.builds(Jid, TEXT, st.just("msgr"), SHORT, NONE),
    st.builds(Jid, TEXT, st.just("interop"), SHORT, SHORT),
    st.just(SERVER),
)
ATTRIBUTES = st.dictionaries(TEXT, TEXT | JIDS, max_size=6)
LEAVES = st.builds(Node, TEXT, ATTRIBUTES, st.none() | st.binary(max_size=400))
NODES = st.recursive(
    LEAVES, lambda inner: st.builds(Node, TEXT, ATTRIBUTES, st.lists(inner, max_size=5)), max_leaves=12
)


@given(NODES)
def test_what_was_encoded_is_decoded_again(node: Node) -> None:
    assert decode(encode(node)) == node


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_malformed_frame(data: bytes) -> None:
    with contextlib.suppress(MalformedFrame):
        decode(data)


@given(NODES, st.data())
def test_a_damaged_stanza_is_read_or_refused_cleanly(node: Node, data: st.DataObject) -> None:
    frame = bytearray(encode(node))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(MalformedFrame):
        decode(bytes(frame))


def test_an_iq_looks_like_the_one_of_the_official_dictionary() -> None:
    iq = Node("iq", {"from": SERVER, "type": "result", "id": "12-3"})
    assert encode(iq).hex() == "00f80719" + "06fa0003" + "0414" + "08ff0212a3"
    assert (SINGLE_BYTE[0x19], SINGLE_BYTE[6], SINGLE_BYTE[3], SINGLE_BYTE[4]) == ("iq", "from", SERVER.server, "type")


def test_a_device_address_is_written_in_its_short_form() -> None:
    encoded = encode(Node("x", {"jid": Jid("5511999", "lid", 3)}))
    assert bytes((247, 1, 3)) in encoded
    assert decode(encoded).jid("jid") == Jid("5511999", "lid", 3)


def test_content_goes_out_raw_even_when_it_is_a_dictionary_word() -> None:
    assert encode(Node("ref", {}, "android")).endswith(bytes((252, 7)) + b"android")


def test_content_that_came_as_a_dictionary_word_is_bytes_all_the_same() -> None:
    word = SINGLE_BYTE.index("android")
    assert decode(bytes((0, 248, 2, 3, word))).data == b"android"


def test_large_content_takes_the_longer_length_fields() -> None:
    for length in (255, 256, (1 << 20) - 1, 1 << 20):
        assert len(decode(encode(Node("enc", {}, bytes(length)))).data) == length


def test_a_compressed_frame_is_inflated() -> None:
    plain = encode(Node("iq", {"type": "get"}, [Node("ping")]))
    assert decode(b"\x02" + zlib.compress(plain[1:])) == decode(plain)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        bytes((0, 248, 0)),  # a stanza without a tag
        bytes((0, 248, 1, 0)),  # an empty tag
        bytes((0, 248, 2, 3, 252, 9, 1)),  # content cut off
        bytes((0, 248, 1, 3, 3)),  # something behind the stanza
        bytes((0, 248, 1, 255, 1, 0xCC)),  # no digits in a packed number
        bytes((0, 248, 1, 252, 1, 0xFF)),  # no UTF-8
        bytes((0, 248, 3, 3, 3, 247, 77, 1, 3)),  # unknown address domain
        b"\x02not zlib",
    ],
)
def test_broken_frames_are_refused(frame: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode(frame)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(MalformedFrame, match="nested"):
        decode(b"\x00" + bytes((248, 2, 3, 248, 1)) * (MAX_DEPTH + 2))


def test_a_frame_that_inflates_without_end_is_refused() -> None:
    with pytest.raises(MalformedFrame, match="too large"):
        decode(b"\x02" + zlib.compress(bytes(40 << 20)))


def test_attributes_that_must_be_there_say_which_one_is_missing() -> None:
    node = Node("message", {"id": "A", "to": "plain text"})
    with pytest.raises(MalformedFrame, match="no type"):
        node.text("type")
    with pytest.raises(MalformedFrame, match="no address in to"):
        node.jid("to")
    with pytest.raises(MalformedFrame, match="participants/to"):
        node.child("participants", "to")


def test_empty_attributes_are_left_out_and_numbers_become_text() -> None:
    node = Node("a", {"empty": "", "none": None, "number": 5, "flag": True})
    assert node.attributes == {"number": "5", "flag": "true"}
