"""Requests that send a file: image, sticker, GIF, sound, film, video note, document."""

import re
from typing import Annotated, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema

from common.requests.fields import Flag, MessageId, ShownText
from common.requests.media_source import MediaSource, Mp4Source
from common.requests.messages.outgoing import TEXT, InvalidPath, Reply

EXTENSION_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,30}[A-Za-z0-9])?$"

Extension = Annotated[str, Field(pattern=EXTENSION_PATTERN)]


class SendImage(Reply):
    kind = "image"

    image: MediaSource
    caption: ShownText | None = None
    viewOnce: Flag | None = None


class SendSticker(Reply):
    """An ordinary image becomes a sticker."""

    kind = "sticker"

    sticker: MediaSource
    stickerAuthor: ShownText | None = None


class SendGif(Reply):
    """A film that plays by itself, over and over: an MP4 file, not image/gif."""

    kind = "gif"

    gif: Mp4Source
    caption: ShownText | None = None


# `async` is a word of Python's, so these fields have an alias: rows know them by it alone. Said here and not at each
# call, because a serializer that is told to look at aliases takes twice as long.
_BY_ALIAS = ConfigDict(serialize_by_alias=True)


class SendAudio(Reply):
    """A voice message. The chat shows `recording audio...` for `delayTyping`."""

    model_config = _BY_ALIAS

    kind = "audio"

    audio: MediaSource
    waveform: Flag | None = Field(None, description="Show the sound as a wave; unset: false.")
    viewOnce: Flag | None = None
    is_async: Flag | None = Field(None, alias="async", description="Answer before the file is looked at.")


RECORDED: frozenset[str] = frozenset({SendAudio.kind})
"""Kinds before which the chat shows `recording audio...` and not `typing...`."""


class SendVideo(Reply):
    model_config = _BY_ALIAS

    kind = "video"

    video: MediaSource
    caption: ShownText | None = None
    viewOnce: Flag | None = None
    is_async: Flag | None = Field(None, alias="async", description="Answer before the file is looked at.")


class SendPtv(Reply):
    """A round video note."""

    kind = "ptv"

    ptv: MediaSource


class SendDocument(Reply):
    """Any file; with `editDocumentMessageId` the new caption of an earlier one, and the file is not needed.

    The last part of the path says what kind of file it is; it is stored as `extension`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [field], "properties": {field: TEXT}} for field in ("document", "editDocumentMessageId")
            ]
        }
    )

    kind = "document"

    editDocumentMessageId: MessageId | None = Field(None, description="Edit the caption of this document.")
    document: MediaSource | None = Field(
        None, validate_default=True, description="Required unless a caption is edited."
    )
    fileName: Annotated[str, Field(max_length=255)] | None = None
    caption: ShownText | None = None
    extension: SkipJsonSchema[Extension | None] = None

    @field_validator("document")
    @classmethod
    def _is_there(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("editDocumentMessageId") is None:
            raise ValueError("field required")
        return value

    def at(self, variable: str) -> Self:
        if re.fullmatch(EXTENSION_PATTERN, variable) is None:
            raise InvalidPath("the path must end with a file extension, such as pdf")
        return self.model_copy(update={"extension": variable})
