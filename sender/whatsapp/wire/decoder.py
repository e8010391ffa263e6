"""Binary XML to stanzas. Anything that cannot be read raises MalformedFrame and nothing else."""

import zlib

from sender.whatsapp.wire import marks
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.jid import Jid
from sender.whatsapp.wire.node import Attribute, Content, Node
from sender.whatsapp.wire.tokens import DOUBLE_BYTE, FIRST_DOUBLE, SINGLE_BYTE

MAX_DEPTH = 64  # real stanzas stay below ten; without a limit a hostile frame could exhaust the stack
MAX_INFLATED = 32 << 20

_SERVERS = {domain: server for server, domain in marks.DOMAINS.items()}
_HEX_AS_NIBBLE = str.maketrans("ab", "-.")
_NO_NIBBLES = frozenset("cdef")


def decode(frame: bytes) -> Node:
    """The stanza in a frame's plaintext. Raises MalformedFrame."""
    if not frame:
        raise MalformedFrame("the frame is empty")
    body = _inflate(frame[1:]) if frame[0] & marks.FLAG_COMPRESSED else frame[1:]
    reader = _Reader(body)
    try:
        node = reader.node(0)
    except IndexError as error:
        raise MalformedFrame("the frame ends in the middle of a stanza") from error
    except UnicodeDecodeError as error:
        raise MalformedFrame("text is not UTF-8") from error
    if reader.position != len(body):
        raise MalformedFrame(f"{len(body) - reader.position} bytes follow the stanza")
    return node


def peek_tag(frame: bytes) -> str | None:
    """The tag of the stanza in a frame, without reading the rest. None: it is not among the usual ones."""
    if len(frame) < 5:
        return None
    if frame[0] & marks.FLAG_COMPRESSED:
        try:
            return decode(frame).tag
        except MalformedFrame:
            return None
    at = {marks.LIST_8: 3, marks.LIST_16: 4}.get(frame[1])
    return SINGLE_BYTE[frame[at]] if at is not None and frame[at] < len(SINGLE_BYTE) else None


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(data, MAX_INFLATED)
    except zlib.error as error:
        raise MalformedFrame("the frame does not decompress") from error
    if not inflater.eof:
        raise MalformedFrame("the compressed frame is cut off or too large")
    return body


class _Reader:
    __slots__ = ("_data", "position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def node(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise MalformedFrame("stanzas are nested too deeply")
        size = self._list_size(self._byte())
        if size == 0:
            raise MalformedFrame("a stanza has no tag")
        node = Node(self._text(self._byte()))
        for _ in range((size - 1) // 2):
            name = self._text(self._byte())
            node.attributes[name] = self._attribute(self._byte())
        if size % 2 == 0:
            node.content = self._content(depth)
        return node

    def _content(self, depth: int) -> Content:
        mark = self._byte()
        if mark in (marks.LIST_EMPTY, marks.LIST_8, marks.LIST_16):
            return [self.node(depth + 1) for _ in range(self._list_size(mark))]
        if marks.BINARY_8 <= mark <= marks.BINARY_32:
            return self._bytes(self._binary_length(mark))
        # Clients send some text content as dictionary words.
        return str(self._attribute(mark)).encode()

    def _attribute(self, mark: int) -> Attribute:
        if mark == marks.JID_PAIR:
            user = self._byte()
            return Jid("" if user == marks.LIST_EMPTY else self._text(user), self._text(self._byte()))
        if mark == marks.JID_DEVICE:
            domain, device = self._byte(), self._byte()
            if domain not in _SERVERS:
                raise MalformedFrame(f"an address of the unknown domain {domain}")
            return Jid(self._text(self._byte()), _SERVERS[domain], device)
        if mark == marks.JID_MESSENGER:
            user_name, device = self._text(self._byte()), self._number(2)
            return Jid(user_name, self._text(self._byte()), device)
        if mark == marks.JID_INTEROP:
            user_name, device, integrator = self._text(self._byte()), self._number(2), self._number(2)
            return Jid(user_name, self._text(self._byte()), device, integrator)
        return self._text(mark)

    def _text(self, mark: int) -> str:
        if 0 < mark < len(SINGLE_BYTE):
            return SINGLE_BYTE[mark]
        if FIRST_DOUBLE <= mark < FIRST_DOUBLE + len(DOUBLE_BYTE):
            return DOUBLE_BYTE[mark - FIRST_DOUBLE][self._byte()]
        if marks.BINARY_8 <= mark <= marks.BINARY_32:
            return self._bytes(self._binary_length(mark)).decode()
        if mark in (marks.NIBBLE_8, marks.HEX_8):
            return self._packed(mark)
        raise MalformedFrame(f"mark {mark} at {self.position} is no text")

    def _packed(self, mark: int) -> str:
        head = self._byte()
        digits = self._bytes(head & ~marks.ODD).hex()
        if head & marks.ODD:
            if digits[-1:] != "f":
                raise MalformedFrame("a packed string has no padding where it must")
            digits = digits[:-1]
        if mark == marks.HEX_8:
            return digits.upper()
        if not _NO_NIBBLES.isdisjoint(digits):
            raise MalformedFrame("a packed number holds something else")
        return digits.translate(_HEX_AS_NIBBLE)

    def _list_size(self, mark: int) -> int:
        if mark == marks.LIST_EMPTY:
            return 0
        if mark == marks.LIST_8:
            return self._byte()
        if mark == marks.LIST_16:
            return self._number(2)
        raise MalformedFrame(f"mark {mark} at {self.position} is no list")

    def _binary_length(self, mark: int) -> int:
        if mark == marks.BINARY_8:
            return self._byte()
        return self._number(3) & 0xFFFFF if mark == marks.BINARY_20 else self._number(4)

    def _byte(self) -> int:
        byte = self._data[self.position]
        self.position += 1
        return byte

    def _number(self, length: int) -> int:
        return int.from_bytes(self._bytes(length), "big")

    def _bytes(self, length: int) -> bytes:
        end = self.position + length
        if end > len(self._data):
            raise IndexError
        data = self._data[self.position : end]
        self.position = end
        return data
