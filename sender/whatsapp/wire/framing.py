"""Frames in the websocket's byte stream: first the client's connection header, then 3-byte lengths and bodies."""

from collections.abc import Iterator

from sender.whatsapp.wire.errors import MalformedFrame

HEADER = b"WA\x06\x03"  # magic 6, dictionary version 3
MAX_FRAME = (1 << 24) - 1

_ROUTING = b"ED"  # optional preamble before the header: "ED", two bytes, 3-byte length, routing info
_ROUTING_HEAD = 7


def frame(body: bytes) -> bytes:
    if len(body) > MAX_FRAME:
        raise MalformedFrame(f"a frame of {len(body)} bytes does not fit its length field")
    return len(body).to_bytes(3, "big") + body


class FrameReader:
    """Cuts what arrives into frames. A message of the websocket may hold several of them, or part of one.

    `from_client`: the stream must begin with the connection header; a server sends frames only.
    """

    def __init__(self, *, from_client: bool) -> None:
        self._buffer = bytearray()
        self._awaits_header = from_client

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are complete now. Raises MalformedFrame when the stream does not begin as it must."""
        self._buffer += data
        if self._awaits_header and not self._take_header():
            return
        while len(self._buffer) >= 3:
            end = 3 + int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[3:end])
            del self._buffer[:end]
            yield body

    def _take_header(self) -> bool:
        if self._buffer[:2] == _ROUTING:
            end = _ROUTING_HEAD + int.from_bytes(self._buffer[4:7], "big")
            if len(self._buffer) < max(end, _ROUTING_HEAD):
                return False
            del self._buffer[:end]
        if len(self._buffer) < len(HEADER):
            return False
        if self._buffer[: len(HEADER)] != HEADER:
            raise MalformedFrame("the stream does not begin with WhatsApp's connection header")
        del self._buffer[: len(HEADER)]
        self._awaits_header = False
        return True
