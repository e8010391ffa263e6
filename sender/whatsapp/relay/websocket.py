"""Websocket frames (RFC 6455) over a stream, for both ends. Messages are not assembled: what travels in them has frames
of its own, so a payload is handed on in pieces and nothing but a piece is ever held."""

import asyncio
import os
from collections.abc import AsyncIterator

from sender.whatsapp.wire.errors import MalformedFrame

PIECE = 65_536  # bytes

_CONTINUATION, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x2, 0x8, 0x9, 0xA
_FINAL, _RESERVED, _OPCODE = 0x80, 0x70, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_LONGEST_CONTROL = 125


class WebSocket:
    """`is_client`: what we send is masked, what we get is not."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_client: bool) -> None:
        self._reader = reader
        self._writer = writer
        self._is_client = is_client

    async def payload(self) -> AsyncIterator[bytes]:
        """What the messages hold, until the other end closes. Raises MalformedFrame or OSError."""
        try:
            while True:
                first, second = await self._reader.readexactly(2)
                opcode, length = first & _OPCODE, second & _LENGTH
                if first & _RESERVED or bool(second & _MASKED) is self._is_client:
                    raise MalformedFrame("a websocket frame breaks the rules")
                if length > _LONGEST_CONTROL:
                    length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8), "big")
                key = b"" if self._is_client else await self._reader.readexactly(4)
                if opcode in (_BINARY, _CONTINUATION):
                    async for piece in self._pieces(length, key):
                        yield piece
                elif opcode in (_CLOSE, _PING, _PONG) and length <= _LONGEST_CONTROL:
                    told = _mask(await self._reader.readexactly(length), key)
                    if opcode == _CLOSE:
                        self._write(_CLOSE, told)
                        return
                    if opcode == _PING:
                        self._write(_PONG, told)
                else:
                    raise MalformedFrame("a websocket frame of a kind that has no business here")
        except asyncio.IncompleteReadError:
            return

    def send(self, data: bytes) -> None:
        """Queue one message; `drain` afterwards."""
        self._write(_BINARY, data)

    async def drain(self) -> None:
        """Wait while the other end does not read. Raises OSError when it is gone."""
        await self._writer.drain()

    async def _pieces(self, length: int, key: bytes) -> AsyncIterator[bytes]:
        at = 0
        while at < length:
            piece = await self._reader.read(min(PIECE, length - at))
            if not piece:
                raise asyncio.IncompleteReadError(piece, length - at)
            yield _mask(piece, key, at)
            at += len(piece)

    def _write(self, opcode: int, data: bytes) -> None:
        length, masked = len(data), _MASKED if self._is_client else 0
        head = bytearray((_FINAL | opcode,))
        if length <= _LONGEST_CONTROL:
            head.append(masked | length)
        elif length < 1 << 16:
            head.append(masked | 126)
            head += length.to_bytes(2, "big")
        else:
            head.append(masked | 127)
            head += length.to_bytes(8, "big")
        key = os.urandom(4) if self._is_client else b""
        self._writer.write(bytes(head) + key + _mask(data, key))


def _mask(data: bytes, key: bytes, at: int = 0) -> bytes:
    """Mask or unmask what stands at a place of a payload; as one big number, since bytes one by one take too long."""
    if not key:
        return data
    turned = key[at % 4 :] + key[: at % 4]
    pattern = (turned * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pattern, "big")).to_bytes(len(data), "big")
