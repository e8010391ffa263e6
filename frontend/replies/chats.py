"""Answers about chats. The contract writes many numbers and flags as text."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel

from frontend.replies.common import Milliseconds


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True)


class Notes(_Reply):
    """On a chat: kept by the gateway, not shown on the phone."""

    id: str
    content: str
    createdAt: Milliseconds
    lastUpdateAt: Milliseconds


class Chat(_Reply):
    """`lastMessageTime` is in seconds; `muteEndTime` in milliseconds, -1 for ever. What is not so is left out."""

    archived: Literal["true", "false"]
    pinned: Literal["true", "false"]
    phone: str
    unread: str
    name: str
    lastMessageTime: str
    muteEndTime: int | None = None
    isMuted: Literal["0", "1"]
    isMarkedSpam: Literal["true", "false"]
    profileThumbnail: str | None
    isGroupAnnouncement: bool
    isGroup: bool
    notes: Notes | None = None
    messagesUnread: int = 0


class Chats(RootModel[list[Chat]]):
    pass


class ChatMetadata(_Reply):
    phone: str
    unread: str
    lastMessageTime: str
    isMuted: Literal["0", "1"]
    isMarkedSpam: Literal["true", "false"]
    profileThumbnail: str | None
    isGroupAnnouncement: bool
    isGroup: bool
    notes: Notes | None = None
    messagesUnread: int = 0
    about: str | None


class StoredMessages(RootModel[list[dict[str, Any]]]):
    """As the webhook of received messages told them."""
