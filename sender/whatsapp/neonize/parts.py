"""Parts: several byte strings as one, for questions with more than one argument."""

from collections.abc import Iterable

_LENGTH = 4  # bytes


def pack(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(_LENGTH, "big") + part for part in parts)


def unpack(body: bytes) -> list[bytes]:
    return list(_parts(body))


def _parts(body: bytes) -> Iterable[bytes]:
    at = 0
    while at < len(body):
        length = int.from_bytes(body[at : at + _LENGTH], "big")
        at += _LENGTH
        yield body[at : at + length]
        at += length
