import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.framing import HEADER, FrameReader, frame


@given(st.lists(st.binary(max_size=50), max_size=6), st.integers(1, 40), st.booleans())
def test_frames_survive_any_cutting_of_the_stream(bodies: list[bytes], step: int, routed: bool) -> None:
    preamble = b"ED\x00\x01\x00\x00\x05route" if routed else b""
    stream = preamble + HEADER + b"".join(map(frame, bodies))
    reader = FrameReader(from_client=True)
    read = [body for start in range(0, len(stream), step) for body in reader.feed(stream[start : start + step])]
    assert read == bodies


def test_a_server_sends_no_header() -> None:
    assert list(FrameReader(from_client=False).feed(frame(b"a") + frame(b""))) == [b"a", b""]


def test_a_stream_of_something_else_is_refused() -> None:
    with pytest.raises(MalformedFrame):
        list(FrameReader(from_client=True).feed(b"GET / HTTP/1.1"))


def test_a_body_too_long_for_a_frame_is_refused() -> None:
    with pytest.raises(MalformedFrame):
        frame(bytes(1 << 24))
