"""Status: posts to the account's audience, and answers to somebody's in their own chat."""

from common.addresses import STATUS
from common.requests.messages.status import (
    LARGEST_STATUS_VIDEO,
    ReplyStatusGif,
    ReplyStatusSticker,
    ReplyStatusText,
    SendImageStatus,
    SendTextStatus,
    SendVideoStatus,
    StatusReply,
)
from sender.composers.context import with_context
from sender.composers.file import image_of, sticker_of, video_of
from sender.composers.media import Form
from sender.composers.occasion import Composed, Occasion
from sender.composers.text import with_line_breaks
from sender.whatsapp.protobuf import ContextInfo, ExtendedTextMessage, Message

BACKGROUND, LETTERS = 0xFF1E6E4F, 0xFFFFFFFF  # ARGB: white on a calm green; the API has no words for colours


async def compose_text(send: SendTextStatus, occasion: Occasion) -> Composed:
    return Message(
        extendedTextMessage=ExtendedTextMessage(
            text=with_line_breaks(send.message),
            backgroundArgb=BACKGROUND,
            textArgb=LETTERS,
            font=ExtendedTextMessage.SYSTEM,
        )
    )


async def compose_image(send: SendImageStatus, occasion: Occasion) -> Composed:
    return Message(imageMessage=await image_of(send.image, occasion, send.caption))


async def compose_video(send: SendVideoStatus, occasion: Occasion) -> Composed:
    return Message(videoMessage=await video_of(send.video, occasion, send.caption, largest=LARGEST_STATUS_VIDEO))


async def compose_text_reply(send: ReplyStatusText, occasion: Occasion) -> Composed:
    return with_context(Message(conversation=with_line_breaks(send.message)), _answered(send, occasion))


async def compose_gif_reply(send: ReplyStatusGif, occasion: Occasion) -> Composed:
    gif = await video_of(send.gif, occasion, form=Form.GIF)
    return with_context(Message(videoMessage=gif), _answered(send, occasion))


async def compose_sticker_reply(send: ReplyStatusSticker, occasion: Occasion) -> Composed:
    return with_context(Message(stickerMessage=await sticker_of(send.sticker, occasion)), _answered(send, occasion))


def _answered(send: StatusReply, occasion: Occasion) -> ContextInfo:
    """A quote of what was posted; the poster's phone shows its own copy of it."""
    return ContextInfo(
        stanzaID=send.statusMessageId,
        participant=occasion.chat,
        remoteJID=STATUS,
        quotedMessage=Message(conversation=""),
    )
