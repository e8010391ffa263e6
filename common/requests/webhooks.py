"""Requests about webhooks and the events that they are told."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from common.requests.fields import LONGEST_URL, Flag
from common.requests.queue import Cursor

LARGEST_PAGE = 500
PAGE = 100

ADDRESS = (
    r"^https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
    r"(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?(?:[/?#][!-~]*)?$"
)
"""A host by its name in ASCII or its IPv4 address, perhaps a port, and what follows, without spaces or a login."""

Address = Annotated[
    str,
    Field(max_length=LONGEST_URL),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": ADDRESS, "maxLength": LONGEST_URL},
                {"type": "string", "const": ""},
            ]
        }
    ),
]
"""Where callbacks go; an empty one clears. An installation may take http for hosts that it names."""

Sequence = Annotated[int, Field(ge=0, le=2**53)]


class SetWebhook(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: Address = Field(description="An https URL that gets the POSTs; an empty text takes it away.")


class SetEveryWebhook(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: Address
    notifySentByMe: Flag | None = None


class NotifySentByMe(BaseModel):
    model_config = ConfigDict(frozen=True)

    notifySentByMe: Flag


class ReadEvents(BaseModel):
    model_config = ConfigDict(frozen=True)

    after: Sequence = Field(0, description="Only events with a higher number.")
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = PAGE


class ReadEventDeadLetters(BaseModel):
    model_config = ConfigDict(frozen=True)

    pageSize: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = PAGE
    pagingState: Cursor | None = None


class ReplayEvents(BaseModel):
    """One number, or a range; both ends count. Without any: everything that is meant, the oldest thousand first."""

    model_config = ConfigDict(frozen=True)

    first: Annotated[int, Field(ge=1, le=2**53)] = Field(1, alias="from")
    last: Annotated[int, Field(ge=1, le=2**53)] = Field(2**53, alias="to")
    onlyFailed: Flag = False


class TryWebhook(BaseModel):
    model_config = ConfigDict(frozen=True)

    webhook: Literal["delivery", "received", "message-status", "presence", "connected", "disconnected"] = "received"
