"""Requests that send a place or people: location and contact cards."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from common.requests.fields import ShownText, Text
from common.requests.messages.outgoing import Part, Reply


def _number(value: Any) -> Any:
    """The contract writes degrees as text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise ValueError("write decimal degrees, such as -25.4284") from None
    return value


def _degrees(limit: int) -> Any:
    return WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": -limit, "maximum": limit},
                {"type": "string", "pattern": r"^-?[0-8]?[0-9](\.[0-9]{1,8})?$"},
            ],
            "examples": ["-25.4284"],
        }
    )


Latitude = Annotated[
    float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False), BeforeValidator(_number), _degrees(90)
]
Longitude = Annotated[
    float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False), BeforeValidator(_number), _degrees(180)
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
