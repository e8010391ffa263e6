"""Scrubbing: what leaves in an error report or a traceback never shows a token, a message or a number in full."""

import re
from collections.abc import Collection

HIDDEN = "[redacted]"

_PATH_TOKEN = re.compile(r"(/token/)[^/\s\"']+")
_BEARER = re.compile(r"(?i)(bearer\s+)\S+")
_LOGIN = re.compile(r"(://)[^/\s@]+@")
# Postgres prints whole rows there, with their line breaks; a traceback of a group has bars before each line.
_DETAIL = re.compile(
    r"(?ms)^([ |]*)(DETAIL|HINT|CONTEXT|QUERY):.*?(?=\n[ |]*\n|\n[ |]*(?:DETAIL|HINT|CONTEXT|QUERY):|\Z)"
)
# asyncpg repeats the beginning of what it was given, cut off in the middle of a quotation.
_ARGUMENT = re.compile(r"(?m)(invalid input for query argument \$\d+: ).*$")
# Not the files of a traceback: those are ours and say where to look. An apostrophe inside a word is no quotation mark,
# and a quotation that was cut off reaches to the end of its line.
_QUOTED = re.compile(
    r"""(?m)(?<!File\ )(?<!\w)[bBrRuUfF]{0,2}
        (?: '(?:[^'\\\n]|\\.|(?<=\w)'(?=\w))*(?:'|$)
          | "(?:[^"\\\n]|\\.)*(?:"|$) )""",
    re.VERBOSE,
)
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
    text = _DETAIL.sub(rf"\1\2: {HIDDEN}", text)
    text = _ARGUMENT.sub(rf"\1{HIDDEN}", text)
    text = _HEX.sub(HIDDEN, text)
    return _NUMBER.sub(lambda match: f"{match[0][:2]}***{match[0][-2:]}", text)
