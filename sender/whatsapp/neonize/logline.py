"""Reads the library's log: the only place where it tells the id of a message before the message leaves."""

import re
from dataclasses import dataclass

# LogEntry of neonize's protobuf: 1 message, 2 level, 3 name; short enough to be read without the protobuf runtime.
_MESSAGE, _LEVEL, _NAME = 1, 2, 3

_STANZA = re.compile(r"<message((?: [\w:-]+=\"[^\"]*\")+)")
_ATTRIBUTE = re.compile(r" ([\w:-]+)=\"([^\"]*)\"")


@dataclass(frozen=True, slots=True)
class LogLine:
    level: str
    name: str
    text: str

    @property
    def is_dialing(self) -> bool:
        """Said in the session's own thread: it has written the library's tables and is about to dial."""
        return self.name.endswith("/Socket") and self.text.startswith("Dialing ")

    @property
    def is_dialed(self) -> bool:
        """Said by the reader of a fresh socket: the handshake cannot go on before the callback returns."""
        return self.name.endswith("/Socket") and self.text.startswith("Frame websocket read pump starting")

    @property
    def outgoing_id(self) -> str | None:
        """The id of a new message whose bytes are about to be written; None for every other line.

        Answers to retry receipts carry the old message's time, and messages between own devices a category.
        """
        if self.name != "Client/Send" or not (stanza := _STANZA.match(self.text)):
            return None
        attributes = dict(_ATTRIBUTE.findall(stanza[1]))
        if "t" in attributes or "category" in attributes:
            return None
        return attributes.get("id")


def is_of_interest(entry: bytes) -> bool:
    """A cheap look: most lines are debug noise that nobody should spend time on. The name is an entry's last field."""
    return entry.endswith((b"Client/Send", b"/Socket")) or any(level in entry[-48:] for level in (b"WARN", b"ERROR"))


def read_log_line(entry: bytes) -> LogLine:
    """Raises ValueError for what is no log entry."""
    fields = dict(_fields(entry))
    return LogLine(
        level=fields.get(_LEVEL, b"").decode(errors="replace"),
        name=fields.get(_NAME, b"").decode(errors="replace"),
        text=fields.get(_MESSAGE, b"").decode(errors="replace"),
    )


def _fields(entry: bytes) -> list[tuple[int, bytes]]:
    """The length-delimited fields, which are all that a log entry has."""
    fields: list[tuple[int, bytes]] = []
    at = 0
    while at < len(entry):
        tag, at = _number(entry, at)
        length, at = _number(entry, at)
        if tag & 7 != 2 or at + length > len(entry):
            raise ValueError("not a log entry")
        fields.append((tag >> 3, entry[at : at + length]))
        at += length
    return fields


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    raise ValueError("not a log entry")
