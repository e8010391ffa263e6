"""Requests about chats: their state, their lifetime of messages, their stored messages."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from common.requests.fields import Chat, MessageId

MOST_MESSAGES = 100
EXPIRATIONS = ("24_HOURS", "7_DAYS", "90_DAYS", "OFF")


class ModifyChat(BaseModel):
    model_config = ConfigDict(frozen=True)

    phone: Chat
    action: Literal["read", "unread", "archive", "unarchive", "pin", "unpin", "mute", "unmute", "clear", "delete"]


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class SendChatExpiration(BaseModel):
    """The documentation writes the value in both cases."""

    model_config = ConfigDict(frozen=True)

    phone: Chat
    chatExpiration: Annotated[
        Literal["24_HOURS", "7_DAYS", "90_DAYS", "OFF"],
        BeforeValidator(_upper),
        WithJsonSchema({"type": "string", "enum": [*EXPIRATIONS, *(one.lower() for one in EXPIRATIONS)]}),
    ]


class ChatMessages(BaseModel):
    """Back in time from `lastMessageId`, without it from the newest."""

    model_config = ConfigDict(frozen=True)

    amount: Annotated[int, Field(ge=1, le=MOST_MESSAGES)] = 10
    lastMessageId: MessageId | None = None
