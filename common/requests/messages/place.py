"""Requests that send a place or people: location and contact cards."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from common.requests.fields import ShownText, Text
from common.requests.messages.outgoing import Part, Reply

_WRITTEN = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]*)?", re.ASCII)


def _number(value: Any) -> Any:
    """The contract writes degrees as text."""
    if not isinstance(value, str):
        return value
    if _WRITTEN.fullmatch(value) is None:
        raise ValueError("write decimal degrees, such as -25.4284")
    return float(value)


def _degrees(limit: int, whole: str) -> Any:
    return WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": -limit, "maximum": limit},
                {"type": "string", "pattern": rf"^[+-]?(?:{limit}(?:\.0*)?|(?:{whole})(?:\.[0-9]*)?)$"},
            ],
            "examples": ["-25.4284"],
        }
    )


Latitude = Annotated[
    float,
    Field(strict=True, ge=-90, le=90, allow_inf_nan=False),
    BeforeValidator(_number),
    _degrees(90, "[0-8]?[0-9]"),
]
Longitude = Annotated[
    float,
    Field(strict=True, ge=-180, le=180, allow_inf_nan=False),
    BeforeValidator(_number),
    _degrees(180, "1[0-7][0-9]|[0-9]?[0-9]"),
]

SharedPhone = Annotated[
    str,
    Field(
        pattern=r"^\+?[0-9][0-9 ().-]{1,30}[0-9]$",
        description="The number that is shared, with its country code.",
        examples=["5521977776666"],
    ),
]


class SendLocation(Reply):
    """A fixed place."""

    kind = "location"

    title: Text
    address: ShownText
    latitude: Latitude
    longitude: Longitude


class SendContact(Reply):
    """One contact card. It need not be in the account's address book."""

    kind = "contact"

    contactName: Text
    contactPhone: SharedPhone
    contactBusinessDescription: ShownText | None = None


class ContactCard(Part):
    name: Text
    phones: Annotated[list[SharedPhone], Field(min_length=1)]
    businessDescription: ShownText | None = None


class SendContacts(Reply):
    """Several contact cards in one message."""

    kind = "contacts"

    contacts: Annotated[list[ContactCard], Field(min_length=1)]
