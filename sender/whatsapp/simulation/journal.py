"""The journal: what the simulated engine was handed, so that tests assert on what left."""

import asyncio
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from common.addresses import Jid
from sender.whatsapp.protobuf import Message


@dataclass(frozen=True, slots=True)
class Handed:
    """One message that the engine was handed, in order of hand-over."""

    instance: str
    chat: Jid
    whatsapp_id: str
    text: str
    at: float
    message: Message | None = None
    """The whole of it, where the journal has no file: what runs for long would fill its memory."""


class Journal:
    """Hand-overs, and optionally a file that survives a kill -9: one appended line is one write."""

    def __init__(self, path: Path | None = None) -> None:
        self.handed: list[Handed] = []
        self.keeps_messages = path is None
        self._file = _open(path) if path else None
        self._connections = _open(path.with_name(f"{path.name}.connections")) if path else None
        self._grown = asyncio.Event()

    def record(self, handed: Handed) -> None:
        if self._file is not None:
            line = json.dumps([handed.instance, handed.chat, handed.whatsapp_id, handed.text, handed.at])
            os.write(self._file, line.encode() + b"\n")
        self.handed.append(handed)
        self._grown.set()

    def connection(self, instance: str, is_open: bool) -> None:
        """A session connected or disconnected; kept in a second file, since it is no hand-over."""
        if self._connections is not None:
            os.write(self._connections, json.dumps([instance, is_open, time.time()]).encode() + b"\n")

    async def reached(self, count: int) -> list[Handed]:
        """Wait until that many messages were handed over."""
        while len(self.handed) < count:
            self._grown.clear()
            await self._grown.wait()
        return self.handed


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
