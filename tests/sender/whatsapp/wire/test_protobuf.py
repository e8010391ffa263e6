import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.whatsapp.wire.errors import MalformedProtobuf
from sender.whatsapp.wire.protobuf import Fields, encode

NUMBERS = st.integers(1, (1 << 29) - 1)


def test_encoding_matches_the_protobuf_manual() -> None:
    assert encode([(1, 150)]).hex() == "089601"
    assert encode([(2, "testing")]).hex() == "120774657374696e67"
    assert encode([(3, [(1, 150)])]).hex() == "1a03089601"
    assert encode([(1, -1)]).hex() == "08ffffffffffffffffff01"


@given(st.lists(st.tuples(NUMBERS, st.integers(0, (1 << 64) - 1) | st.binary(max_size=300)), max_size=10))
def test_fields_are_read_back(fields: list[tuple[int, int | bytes]]) -> None:
    message = Fields(encode(fields))
    for number in {number for number, _ in fields}:
        assert message.all(number) == [value for other, value in fields if other == number]


@given(st.binary(max_size=100))
def test_no_bytes_do_worse_than_malformed_protobuf(data: bytes) -> None:
    with contextlib.suppress(MalformedProtobuf):
        Fields(data)


def test_a_path_walks_into_sub_messages() -> None:
    message = Fields(encode([(6, [(1, "text"), (17, [(1, "id")])]), (9, None)]))
    assert message.text(6, 17, 1) == "id"
    assert message.find(6, 18, 1) is None
    assert message.message(6).text(1) == "text"
    assert 9 not in message
    assert message.integer(7, default=3) == 3


def test_a_field_of_the_wrong_kind_is_refused() -> None:
    message = Fields(encode([(1, 5), (2, b"\xff")]))
    for read in (lambda: message.data(1), lambda: message.integer(2), lambda: message.text(2), lambda: message.data(8)):
        with pytest.raises(MalformedProtobuf):
            read()
    with pytest.raises(MalformedProtobuf):
        message.find(1, 2)


def test_fixed_size_numbers_are_read() -> None:
    message = Fields(bytes.fromhex("0d01000000" + "110200000000000000"))
    assert (message.integer(1), message.integer(2)) == (1, 2)
