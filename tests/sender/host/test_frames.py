import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.host.frames import Damaged, Decoder, Frame

frames = st.builds(
    Frame,
    st.sampled_from(["send", "event"]),
    st.integers(0, 2**31),
    st.dictionaries(st.sampled_from(["session", "to"]), st.text(max_size=20)),
    st.binary(max_size=100),
)


@given(st.lists(frames, max_size=5), st.integers(1, 50))
def test_frames_survive_any_cutting_of_the_stream(sent: list[Frame], step: int) -> None:
    stream = b"".join(frame.encode() for frame in sent)
    decoder = Decoder()
    received = [frame for at in range(0, len(stream), step) for frame in decoder.feed(stream[at : at + step])]
    assert received == sent


@pytest.mark.parametrize("stream", [b"\xff\xff\xff\xff\x00\x01", b"\x00\x00\x00\x01\x00\x02"])
def test_what_is_no_frame_is_refused(stream: bytes) -> None:
    with pytest.raises(Damaged):
        list(Decoder().feed(stream))
