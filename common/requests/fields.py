"""The field types that requests share: chat addresses, delays, times, texts and flags, each with its limits."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from common.addresses import PHONE_PATTERN

LONGEST_TEXT = 65_536  # characters; WhatsApp's own limit of a text message
LONGEST_URL = 2_048
LONGEST_LABEL = 1_024

# Every engine of patterns has its own idea of what a space is, so they are all named.
_SPACES = r"\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
URL_PATTERN = rf"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#{_SPACES}][^{_SPACES}]*$"

NUMBER_PATTERN = r"^[1-9][0-9]{4,14}$"
MEMBER_PATTERN = r"^(?:[1-9][0-9]{4,14}|[0-9]{5,20}@lid)$"

_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class NumberAsText:
    """A JSON number is taken for its digits; a boolean is not."""

    longest: int = 64

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.str_schema(coerce_numbers_to_str=True, max_length=self.longest)


def _whole(value: object) -> object:
    """JSON knows one kind of number: `5.0` is the integer 5, in every client's schema too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flag(value: object) -> object:
    """The contract writes booleans as `true` and as `"true"`."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _written_time(value: object) -> object:
    # Pydantic takes numbers, also as text, for Unix times; a caller who wrote milliseconds would be off by centuries.
    # Its strict mode cannot be asked instead: behind a validator of ours it takes no text at all.
    if not isinstance(value, str | datetime) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        raise ValueError("write the time in ISO 8601 with its offset, such as 2027-01-05T10:20:30Z")
    return value


Phone = Annotated[
    str,
    NumberAsText(),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^(?:{PHONE_PATTERN})$"},
                {"type": "integer", "minimum": 10_000, "maximum": 999_999_999_999_999},
            ],
            "examples": ["5511988887777", "120363041234567890-group"],
        }
    ),
]
"""A chat as the API spells it. Only read as text here: `common.addresses.parse_phone` judges its form."""

Member = Annotated[
    str,
    NumberAsText(),
    Field(pattern=MEMBER_PATTERN),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": MEMBER_PATTERN},
                {"type": "integer", "minimum": 10_000, "maximum": 999_999_999_999_999},
            ],
            "examples": ["5511988887777"],
        }
    ),
]
"""A person: digits, as text or as a number, or a LID."""

PhoneNumber = Annotated[
    str,
    NumberAsText(),
    Field(pattern=NUMBER_PATTERN),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": NUMBER_PATTERN},
                {"type": "integer", "minimum": 10_000, "maximum": 999_999_999_999_999},
            ],
            "examples": ["5511966665555"],
        }
    ),
]
"""The number of an account, as text or as a number."""

_CHAT = rf"^(?:{PHONE_PATTERN}|[0-9]{{5,24}}-broadcast)$"

Chat = Annotated[
    str,
    NumberAsText(),
    Field(pattern=_CHAT),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _CHAT},
                {"type": "integer", "minimum": 10_000, "maximum": 999_999_999_999_999},
            ],
            "examples": ["5511988887777", "120363041234567890-group"],
        }
    ),
]
"""An existing chat of any kind, broadcast lists too. It is judged here, unlike a `Phone` that is sent to."""

CommunityId = Annotated[str, Field(pattern=r"^[0-9]{5,24}(?:-group)?$", examples=["120363055512345678"])]
"""A community: digits; the suffix of a group is taken too."""

NewsletterId = Annotated[str, Field(pattern=r"^[0-9]{5,24}@newsletter$", examples=["120363166501234567@newsletter"])]
"""A channel; the suffix is always there."""

GroupPhone = Annotated[
    str,
    Field(pattern=r"^(?:[0-9]{5,24}-group|[1-9][0-9]{4,14}-[0-9]{9,11})$", examples=["120363041234567890-group"]),
]
"""A group and nothing else."""

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
"""A text that must say something."""

ShownText = Annotated[str, Field(max_length=LONGEST_TEXT)]
"""A text that may be empty."""

Label = Annotated[str, Field(min_length=1, max_length=LONGEST_LABEL)]
"""What a button, a list or a card is called."""

OptionalId = Annotated[
    str,
    NumberAsText(LONGEST_LABEL),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": LONGEST_LABEL}, {"type": "number"}]}),
]
"""An id of the caller's own making, text or number; it comes back when somebody taps."""

Url = Annotated[str, Field(pattern=URL_PATTERN, max_length=LONGEST_URL)]

Amount = Annotated[float, Field(strict=True, ge=0, le=1_000_000_000_000, allow_inf_nan=False)]
"""Money, as a JSON number."""

MessageId = Annotated[str, Field(min_length=1, max_length=128)]
"""WhatsApp's id of some message: opaque, and nothing here knows whether it exists."""

Whole = BeforeValidator(_whole)
"""Beside a strict integer."""

Delay = Annotated[int, Field(strict=True, ge=1, le=15), Whole]
"""Whole seconds."""

TypingDelay = Annotated[int, Field(strict=True, ge=0, le=15), Whole]
"""Whole seconds; 0 is none."""

Flag = Annotated[
    bool,
    Field(strict=True),
    BeforeValidator(_flag),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false"]}]}),
]

# The bounds keep times inside what every part that stores or shows them can represent in any offset.
Time = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
    BeforeValidator(_written_time),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2027-01-05T10:20:30Z"]}),
]
"""ISO 8601 with an offset."""
