"""Requests that post a status or answer somebody's."""

from typing import Annotated

from common.requests.fields import MessageId, ShownText, Text
from common.requests.media_source import MediaField, MediaSource, Mp4Source
from common.requests.messages.outgoing import ToPerson, ToStatus

LARGEST_STATUS_VIDEO = 10 * 1024 * 1024


class SendTextStatus(ToStatus):
    kind = "status-text"

    message: Text


class SendImageStatus(ToStatus):
    kind = "status-image"

    image: MediaSource
    caption: ShownText | None = None


class SendVideoStatus(ToStatus):
    """At most 10 MB."""

    kind = "status-video"

    video: Annotated[str, MediaField(largest=LARGEST_STATUS_VIDEO)]
    caption: ShownText | None = None


class StatusReply(ToPerson):
    """`phone` is who posted the status."""

    statusMessageId: MessageId


class ReplyStatusText(StatusReply):
    kind = "status-reply-text"

    message: Text


class ReplyStatusGif(StatusReply):
    kind = "status-reply-gif"

    gif: Mp4Source


class ReplyStatusSticker(StatusReply):
    kind = "status-reply-sticker"

    sticker: MediaSource
