"""Requests about an earlier message: react to it, pin, forward, read or delete it.

No id is checked against what is stored here: most of these messages were never seen by this gateway.
"""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from common.addresses import parse_phone
from common.requests.fields import Flag, MessageId, Phone
from common.requests.messages.outgoing import ToChat


class ForwardMessage(ToChat):
    """`phone` is where it goes, `messagePhone` the chat in which it is."""

    kind = "forward"

    messageId: MessageId
    messagePhone: Phone

    @field_validator("messagePhone")
    @classmethod
    def _is_a_chat(cls, value: str) -> str:
        parse_phone(value)
        return value


class SendReaction(ToChat):
    kind = "reaction"

    messageId: MessageId
    reaction: Annotated[str, Field(min_length=1, max_length=64, description="One emoji.", examples=["👍"])]


class SendRemoveReaction(ToChat):
    kind = "reaction-removal"

    messageId: MessageId


class PinMessage(ToChat):
    """How long it stays pinned has to be said of a pin, and means nothing of an unpin."""

    kind = "pin"

    messageId: MessageId
    messageAction: Literal["pin", "unpin"]
    pinMessageDuration: Literal["24_hours", "7_days", "30_days"] | None = Field(None, validate_default=True)

    @field_validator("pinMessageDuration")
    @classmethod
    def _says_how_long(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("messageAction") == "pin":
            raise ValueError("field required to pin")
        return value


class ReadMessage(ToChat):
    """Marks a received message as read."""

    kind = "read"

    messageId: MessageId


class DeleteMessage(ToChat):
    """`owner` is whether the account itself sent it."""

    kind = "delete"

    messageId: MessageId
    owner: Flag


SILENT: frozenset[str] = frozenset({ReadMessage.kind})
"""Kinds that nobody sees as a message: no pause follows them."""
