"""Requests that send: what every message has in common, and each kind of message."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import LONGEST_TEXT, Delay, Flag, Member, MessageId, Phone, Time, TypingDelay


class Outgoing(BaseModel):
    """What every send request may carry. `kind` is stored with the row and finds the model and the composer again."""

    model_config = ConfigDict(frozen=True)

    kind: ClassVar[str]

    phone: Phone
    delayMessage: Delay | None = Field(None, description="Seconds until the next message may go; unset: random.")
    delayTyping: TypingDelay | None = Field(None, description="Seconds that the chat shows `typing...` first.")
    scheduledFor: Time | None = Field(None, description="Not before this time. A time that has passed means now.")
    expiresAt: Time | None = Field(None, description="Given up when it could not be handed to WhatsApp before.")


class GroupMention(BaseModel):
    model_config = ConfigDict(frozen=True)

    phone: Annotated[str, Field(pattern=r"^[0-9]{5,24}(?:-[0-9]{9,11}|-group)$")]
    subject: Annotated[str, Field(max_length=1_000)]


class SendText(Outgoing):
    """A text; with `editMessageId` the new text of an earlier one (which wins over `messageId`, a reply)."""

    kind = "text"

    message: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    messageId: MessageId | None = Field(None, description="Reply to this message.")
    editMessageId: MessageId | None = Field(None, description="Edit this text instead of sending one.")
    privateAnswer: Flag | None = Field(None, description="Answer a group message in its author's own chat.")
    mentioned: Annotated[list[Member], Field(max_length=5_000)] | None = Field(None, description="Group members.")
    groupMentioned: Annotated[list[GroupMention], Field(max_length=1_000)] | None = Field(
        None, description="Groups of the same community."
    )


MODELS: dict[str, type[Outgoing]] = {model.kind: model for model in (SendText,)}
"""The model of a stored row, by its kind."""
