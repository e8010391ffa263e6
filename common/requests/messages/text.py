"""Requests that send text: plain, as a reply or an edit, with mentions, or with the card of a link."""

from typing import Annotated, Literal

from pydantic import Field

from common.requests.fields import LONGEST_TEXT, Flag, GroupPhone, Member, MessageId, ShownText, Text, Url
from common.requests.media_source import MediaSource
from common.requests.messages.outgoing import Part, Reply


class GroupMention(Part):
    phone: GroupPhone
    subject: Annotated[str, Field(max_length=1_000)]


class SendText(Reply):
    """A text; with `editMessageId` the new text of an earlier one (which wins over `messageId`, a reply)."""

    kind = "text"

    message: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    editMessageId: MessageId | None = Field(None, description="Edit this text instead of sending one.")
    privateAnswer: Flag | None = Field(None, description="Answer a group message in its author's own chat.")
    mentioned: Annotated[list[Member], Field(max_length=5_000)] | None = Field(None, description="Group members.")
    groupMentioned: Annotated[list[GroupMention], Field(max_length=1_000)] | None = Field(
        None, description="Groups of the same community."
    )
    linkPreview: Flag | None = Field(None, description="Look at the first link of the text and show its card.")


class SendLink(Reply):
    """A text with the card of a link. The text should end with the link; a text without it gets it at its end."""

    kind = "link"

    message: Text
    image: MediaSource
    linkUrl: Url
    title: ShownText
    linkDescription: ShownText
    linkType: Literal["SMALL", "MEDIUM", "LARGE"] | None = Field(None, description="Size of the card; unset: SMALL.")
