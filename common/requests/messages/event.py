"""Requests about events of a group: announce, change, answer."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from common.requests.fields import Flag, MessageId, ShownText, Text
from common.requests.messages.outgoing import Part, ToChat, ToGroup

_ZONE = re.compile(r"UTC(?:([+-])(0?[0-9]|1[0-4])(?::([0-5][0-9]))?)?", re.ASCII)


def _written_clock(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or len(value) < len("2027-05-03T14:00"):
        raise ValueError("write date and time in ISO 8601, such as 2027-05-03T14:00:00.000Z")
    if not 2000 <= moment.year < 2200:
        raise ValueError("the year must lie between 2000 and 2199")
    return value


ClockTime = Annotated[
    str,
    Field(max_length=40),
    AfterValidator(_written_clock),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^2[01][0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]"
            r"(:[0-5][0-9](\.[0-9]{3})?)?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?$",
            "description": "ISO 8601, from 2000 to 2199.",
            "examples": ["2027-05-03T14:00:00.000Z"],
        }
    ),
]
"""Kept as it was written: what it means depends on the time zone beside it."""

TimeZone = Annotated[
    str, Field(pattern=r"^UTC(?:[+-](?:0?[0-9]|1[0-4])(?::[0-5][0-9])?)?$", examples=["UTC-3", "UTC+5:30"])
]


class Place(Part):
    name: Text


class Event(Part):
    """With `timeZone` the clock time of `dateTime` is read in it; without, its own offset counts (none: UTC)."""

    name: Text
    description: ShownText | None = None
    dateTime: ClockTime
    location: Place | None = None
    callLinkType: Literal["voice", "video"] | None = Field(None, description="Adds a WhatsApp call link.")
    canceled: Flag = False
    timeZone: TimeZone | None = None

    @property
    def starts_at(self) -> datetime:
        moment = datetime.fromisoformat(self.dateTime)
        if self.timeZone is not None:
            return moment.replace(tzinfo=_zone(self.timeZone))
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class SendEvent(ToGroup):
    kind = "event"

    event: Event


class SendEditEvent(ToGroup):
    """The whole event again: what is left out is gone."""

    kind = "event-edit"

    eventMessageId: MessageId
    event: Event


class SendEventResponse(ToChat):
    """An own event cannot be answered: its sender always goes, so nothing is sent then."""

    kind = "event-response"

    eventMessageId: MessageId
    eventResponse: Literal["GOING", "NOT_GOING"]


def _zone(label: str) -> timezone:
    match = _ZONE.fullmatch(label)
    if match is None or match[1] is None:
        return UTC
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-offset if match[1] == "-" else offset)
