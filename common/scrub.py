"""Scrubbing: what leaves in an error report or a traceback never shows a token, a message or a number in full."""

import re
from collections.abc import Collection

HIDDEN = "[redacted]"

_PATH_TOKEN = re.compile(r"(/token/)[^/\s\"']+")
_BEARER = re.compile(r"(?i)(bearer\s+)\S+")
_LOGIN = re.compile(r"(://)[^/\s@]+@")
_DETAIL = re.compile(r"(?m)^(DETAIL|HINT|CONTEXT|QUERY):.*$")  # Postgres prints whole rows there
_QUOTED = re.compile(r"'(?:[^'\\\n]|\\.)+'|\"(?:[^\"\\\n]|\\.)+\"")
_HEX = re.compile(r"\b[0-9A-Fa-f]{24,}\b")
_NUMBER = re.compile(r"\d{8,}")


def scrub(text: str, secrets: Collection[str] = ()) -> str:
    """For messages of errors: also what stands in quotes is hidden, because that is where libraries repeat input."""
    return _QUOTED.sub(HIDDEN, scrub_known(text, secrets))


def scrub_known(text: str, secrets: Collection[str] = ()) -> str:
    """For code and paths: hides the given secrets and whatever has the form of a secret or of a phone number."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    text = _PATH_TOKEN.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1{HIDDEN}", text)
    text = _LOGIN.sub(rf"\1{HIDDEN}@", text)
    text = _DETAIL.sub(rf"\1: {HIDDEN}", text)
    text = _HEX.sub(HIDDEN, text)
    return _NUMBER.sub(lambda match: f"{match[0][:2]}***{match[0][-2:]}", text)
