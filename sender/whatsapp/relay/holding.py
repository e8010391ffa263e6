"""Holding: what WhatsApp sends waits, in its order, until the message at its head is known to be kept."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sender.whatsapp.wire.decoder import peek_tag

MOST = 500
MOST_BYTES = 4 * 1024 * 1024
"""Beyond these nothing more is read of a connection until something is kept: one session's share of memory."""

# These tell of things that happened one after the other. Answers go past them, or a send would wait for an inbox.
ORDERED = frozenset({"message", "receipt", "notification", "call", "ib"})


@dataclass(slots=True)
class _Held:
    stanza: bytes
    number: int
    is_kept: bool


class Holding:
    """Of one connection: what is still held when it ends was never acknowledged, and WhatsApp sends it again."""

    def __init__(self, write: Callable[[bytes], None], most: int = MOST) -> None:
        self._most = most
        self._write = write
        self._held: deque[_Held] = deque()
        self._bytes = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    def add(self, stanza: bytes, number: int = 0) -> None:
        """`number` names a message that must be kept first; 0: it need not be."""
        if not number and (not self._held or peek_tag(stanza) not in ORDERED):
            self._write(stanza)
            return
        self._held.append(_Held(stanza, number, not number))
        self._bytes += len(stanza)
        self._weigh()

    def kept(self, number: int) -> None:
        """All messages up to this number are safe."""
        for each in self._held:
            each.is_kept = each.is_kept or each.number <= number
        while self._held and self._held[0].is_kept:
            stanza = self._held.popleft().stanza
            self._bytes -= len(stanza)
            self._write(stanza)
        self._weigh()

    async def room(self) -> None:
        """Wait while too much is held."""
        await self._has_room.wait()

    def _weigh(self) -> None:
        if len(self._held) < self._most and self._bytes < MOST_BYTES:
            self._has_room.set()
        else:
            self._has_room.clear()
