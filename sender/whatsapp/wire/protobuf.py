"""Protobuf without a schema: fields by number, enough to speak WhatsApp's handshake, pairing and messages.

Used where generated classes must not come in (the emulator imports no WhatsApp library) and where the bytes of others
have to be kept as they are.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from sender.whatsapp.wire.errors import MalformedProtobuf

Value: TypeAlias = "int | str | bytes | Iterable[tuple[int, Value]] | None"
Field: TypeAlias = tuple[int, Value]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MASK64 = (1 << 64) - 1


def encode(fields: Iterable[Field]) -> bytes:
    """Numbers and booleans become varints, text and bytes length-delimited, a list of fields a sub-message.

    None is left out. Order is kept, so a repeated field is written by repeating its number.
    """
    out = bytearray()
    for number, value in fields:
        if value is None:
            continue
        if isinstance(value, int):
            out += _varint(number << 3)
            out += _varint(value)
            continue
        body = value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else encode(value)
        out += _varint(number << 3 | _BYTES)
        out += _varint(len(body))
        out += body
    return bytes(out)


class Fields:
    """A decoded message. A path of numbers walks into sub-messages; of a repeated field the last one counts."""

    __slots__ = ("_values",)

    def __init__(self, data: bytes) -> None:
        self._values: dict[int, list[int | bytes]] = {}
        for number, value in _read(data):
            self._values.setdefault(number, []).append(value)

    def __contains__(self, number: int) -> bool:
        return number in self._values

    def __iter__(self) -> Iterator[int]:
        """The numbers that are present, in the order of their first appearance."""
        return iter(self._values)

    def all(self, number: int) -> list[int | bytes]:
        return self._values.get(number, [])

    def find(self, *path: int) -> int | bytes | None:
        """The value at a path, None when any part of it is absent. Raises MalformedProtobuf."""
        fields = self
        for number in path[:-1]:
            inner = fields._last(number)
            if inner is None:
                return None
            if isinstance(inner, int):
                raise MalformedProtobuf(f"field {number} is a number, not a message")
            fields = Fields(inner)
        return fields._last(path[-1])

    def integer(self, *path: int, default: int = 0) -> int:
        value = self.find(*path)
        if value is None:
            return default
        if isinstance(value, bytes):
            raise MalformedProtobuf(f"field {path} is not a number")
        return value

    def data(self, *path: int, default: bytes | None = None) -> bytes:
        """The bytes at a path; without a default an absent field raises MalformedProtobuf."""
        value = self.find(*path)
        if value is None:
            value = default
        if not isinstance(value, bytes):
            raise MalformedProtobuf(f"field {path} is {'missing' if value is None else 'a number'}")
        return value

    def text(self, *path: int, default: str | None = None) -> str:
        try:
            return self.data(*path, default=None if default is None else default.encode()).decode()
        except UnicodeDecodeError as error:
            raise MalformedProtobuf(f"field {path} is not text") from error

    def message(self, *path: int) -> "Fields":
        """The sub-message at a path; an absent one is empty."""
        return Fields(self.data(*path, default=b""))

    def _last(self, number: int) -> int | bytes | None:
        values = self._values.get(number)
        return values[-1] if values else None


def _varint(number: int) -> bytes:
    number &= _MASK64
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position, end = 0, len(data)
    while position < end:
        key, position = _read_varint(data, position)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise MalformedProtobuf("field number 0")
        if kind == _VARINT:
            value, position = _read_varint(data, position)
            yield number, value
            continue
        if kind == _BYTES:
            length, position = _read_varint(data, position)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise MalformedProtobuf(f"wire type {kind} of field {number}")
        stop = position + length
        if stop > end:
            raise MalformedProtobuf(f"field {number} is cut off")
        body = bytes(data[position:stop])
        yield number, body if kind == _BYTES else int.from_bytes(body, "little")
        position = stop


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70 and position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK64, position
        shift += 7
    raise MalformedProtobuf("a number is cut off or too long")
