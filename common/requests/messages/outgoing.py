"""What every request that sends has in common: pace, schedule, and the chat that it goes to."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from common.addresses import STATUS, Jid, parse_phone
from common.requests.fields import Delay, GroupPhone, Member, MessageId, Phone, Time, TypingDelay


class InvalidPath(ValueError):
    """The variable part of the path is not valid."""


TEXT: dict[str, Any] = {"type": "string"}


def needs(field: str, *, when: str, equals: str) -> dict[str, Any]:
    """For a JSON schema: `field` is required when another one has some value."""
    return {
        "if": {"required": [when], "properties": {when: {"const": equals}}},
        "then": {"required": [field], "properties": {field: TEXT}},
    }


class Part(BaseModel):
    """A member of a request that is an object itself."""

    model_config = ConfigDict(frozen=True)


class Outgoing(BaseModel):
    """What every send request may carry. `kind` is stored with the row and finds the model and the composer again."""

    model_config = ConfigDict(frozen=True)

    kind: ClassVar[str]

    delayMessage: Delay | None = Field(None, description="Seconds until the next message may go; unset: random.")
    delayTyping: TypingDelay | None = Field(None, description="Seconds that the chat shows `typing...` first.")
    scheduledFor: Time | None = Field(None, description="Not before this time. A time that has passed means now.")
    expiresAt: Time | None = Field(None, description="Given up when it could not be handed to WhatsApp before.")

    @property
    def chat(self) -> Jid:
        """Where it goes. Raises InvalidPhone."""
        raise NotImplementedError

    def at(self, variable: str) -> Self:
        """The same with what the variable part of its path says. Raises InvalidPath."""
        return self


class ToChat(Outgoing):
    """To a person or a group."""

    phone: Phone

    @property
    def chat(self) -> Jid:
        return parse_phone(self.phone)


class Reply(ToChat):
    """What may quote an earlier message of the chat."""

    messageId: MessageId | None = Field(None, description="Reply to this message.")


class ToGroup(Outgoing):
    phone: GroupPhone

    @property
    def chat(self) -> Jid:
        return parse_phone(self.phone)


class ToPerson(Outgoing):
    phone: Member

    @property
    def chat(self) -> Jid:
        return parse_phone(self.phone)


class ToStatus(Outgoing):
    """To everybody who may see the account's status."""

    @property
    def chat(self) -> Jid:
        return STATUS
