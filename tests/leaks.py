"""Leaks: what no log of ours may hold, looked for in the files that our programs wrote."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

OTHERS = frozenset(
    {"postgres.log", "valkey.log", "own_postgres.log", "own_valkey.log", "data.log", "closed.log", "neonize.log"}
)
"""Logs of others: of stores, and of the WhatsApp library where a test runs it by itself."""

SHORTEST = 12  # characters; a shorter secret would be found in innocent words

_FORMS = {
    "a path with its token": re.compile(r"/token/[^{\[]"),
    "a bearer token": re.compile(r"(?i)\bbearer\s+(?!\[redacted])\S"),
    "a token of an instance": re.compile(r"\b[0-9A-F]{24}\b"),
    # Not a group of a UUID, a part of an id, or the digits of a fraction.
    "a phone number": re.compile(r"(?<![0-9A-Za-z.-])[1-9][0-9]{9,14}(?![0-9A-Za-z-])"),
}


def in_text(text: str, secrets: Collection[str] = ()) -> Iterator[str]:
    """Each leak in words, with its line."""
    for line in text.splitlines():
        for what, form in _FORMS.items():
            if form.search(line):
                yield f"{what}: {line[:500]}"
        for secret in secrets:
            if secret in line:
                yield f"a secret ({secret[:4]}...): {line[:500]}"


def in_logs(folder: Path, secrets: Collection[str] = ()) -> list[str]:
    """In every log below the folder; secrets that stacks made there for themselves are looked for as well."""
    known = {*secrets, *_made_below(folder)}
    return [
        f"{log}: {leak}"
        for log in sorted(folder.rglob("*.log"))
        if log.name not in OTHERS
        for leak in in_text(log.read_text(errors="replace"), known)
    ]


def _made_below(folder: Path) -> Iterator[str]:
    for kept in folder.rglob("secrets.json"):
        yield from (value for value in json.loads(kept.read_text()).values() if len(value) >= SHORTEST)
