"""What a host prints: Go's traces and the library's own chatter, made fit for a log."""

import re
from collections.abc import AsyncGenerator
from typing import Protocol

LONGEST = 2000

_SECRETS = (
    (re.compile(r"(://)[^\s/@]*@"), r"\1[redacted]@"),
    (re.compile(r"(?i)(pair code|code:|password=|noise|secret|token)(\W*)\S+"), r"\1\2[redacted]"),
    (re.compile(r"2@[\w+/=,@-]{20,}"), "[redacted]"),
    (re.compile(r"(?<![\w.])(\d{2})\d{5,}(\d{2})(?![\w])"), r"\1***\2"),
)


def scrubbed(line: str) -> str:
    """Without pairing codes, passwords and full phone numbers; cut to a length that is quickly looked through."""
    line = line[:LONGEST]
    for pattern, replacement in _SECRETS:
        line = pattern.sub(replacement, line)
    return line


class Readable(Protocol):
    async def read(self, n: int = -1) -> bytes: ...


async def lines(stream: Readable) -> AsyncGenerator[str, None]:
    """Scrubbed lines until the end; what is longer than a line has any right to be is cut."""
    rest = b""
    while chunk := await stream.read(65536):
        *complete, rest = (rest + chunk).split(b"\n")
        rest = rest[-65536:]
        for line in complete:
            yield scrubbed(line.decode(errors="replace").rstrip())
    if rest:
        yield scrubbed(rest.decode(errors="replace").rstrip())
