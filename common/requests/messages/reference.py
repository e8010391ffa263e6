"""Requests about an earlier message: react to it, pin, forward, read or delete it.

No id is checked against what is stored here: most of these messages were never seen by this gateway.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from common.addresses import parse_phone
from common.requests.fields import Flag, MessageId, Phone
from common.requests.messages.outgoing import ToChat, needs


class ForwardMessage(ToChat):
    """`phone` is where it goes, `messagePhone` the chat in which it is.

    An id that nobody knows is accepted and fails when its turn comes: until then the message may still come in, or be
    sent.
    """

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

    model_config = ConfigDict(
        json_schema_extra={"allOf": [needs("pinMessageDuration", when="messageAction", equals="pin")]}
    )

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
    """`owner` is whether the account itself sent it. All of it stands in the query, which has no pace."""

    kind = "delete"

    messageId: MessageId
    owner: Flag
    delayMessage: SkipJsonSchema[None] = None
    delayTyping: SkipJsonSchema[None] = None
    scheduledFor: SkipJsonSchema[None] = None
    expiresAt: SkipJsonSchema[None] = None

    @model_validator(mode="before")
    @classmethod
    def _has_no_pace(cls, value: Any) -> Any:
        return {name: value[name] for name in _OF_DELETION if name in value} if isinstance(value, dict) else value


_OF_DELETION = ("phone", "messageId", "owner")


SILENT: frozenset[str] = frozenset({ReadMessage.kind})
"""Kinds that nobody sees as a message: no pause follows them."""
