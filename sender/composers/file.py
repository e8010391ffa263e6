"""Messages that carry a file."""

from urllib.parse import unquote, urlsplit

from common.errors import CannotCompose
from common.requests.messages.file import (
    SendAudio,
    SendDocument,
    SendGif,
    SendImage,
    SendPtv,
    SendSticker,
    SendVideo,
)
from sender.composers.context import with_context
from sender.composers.earlier import quote
from sender.composers.media import File, Form, Uploaded
from sender.composers.occasion import Composed, Occasion
from sender.composers.text import edit, with_line_breaks
from sender.whatsapp.protobuf import (
    AudioMessage,
    ContextInfo,
    DocumentMessage,
    FutureProofMessage,
    ImageMessage,
    Message,
    StickerMessage,
    VideoMessage,
)


async def compose_image(send: SendImage, occasion: Occasion) -> Composed:
    image = await image_of(send.image, occasion, send.caption)
    return await _finish(Message(imageMessage=image), send.messageId, occasion, view_once=bool(send.viewOnce))


async def compose_sticker(send: SendSticker, occasion: Occasion) -> Composed:
    sticker = await sticker_of(send.sticker, occasion, send.stickerAuthor)
    return await _finish(Message(stickerMessage=sticker), send.messageId, occasion)


async def compose_gif(send: SendGif, occasion: Occasion) -> Composed:
    gif = await video_of(send.gif, occasion, send.caption, form=Form.GIF)
    return await _finish(Message(videoMessage=gif), send.messageId, occasion)


async def compose_video(send: SendVideo, occasion: Occasion) -> Composed:
    video = await video_of(send.video, occasion, send.caption)
    return await _finish(Message(videoMessage=video), send.messageId, occasion, view_once=bool(send.viewOnce))


async def compose_ptv(send: SendPtv, occasion: Occasion) -> Composed:
    note = await video_of(send.ptv, occasion, form=Form.VIDEO_NOTE)
    return await _finish(Message(ptvMessage=note), send.messageId, occasion)


async def compose_audio(send: SendAudio, occasion: Occasion) -> Composed:
    """Always a voice message; `waveform` is whether its wave is shown."""
    uploaded = await occasion.media.upload(File(send.audio, Form.VOICE))
    voice = AudioMessage(**_common(uploaded), seconds=uploaded.seconds, PTT=True)
    if send.waveform:
        voice.waveform = uploaded.wave
    return await _finish(Message(audioMessage=voice), send.messageId, occasion, view_once=bool(send.viewOnce))


async def compose_document(send: SendDocument, occasion: Occasion) -> Composed:
    """With a caption it goes in an envelope of its own, as WhatsApp does it."""
    caption = with_line_breaks(send.caption or "")
    if send.editDocumentMessageId is not None:
        return await edit(occasion, send.editDocumentMessageId, _with_caption(DocumentMessage(), caption))
    if send.document is None or send.extension is None:
        raise CannotCompose("the stored request has no file or no extension")
    uploaded = await occasion.media.upload(File(send.document, Form.DOCUMENT, extension=send.extension))
    name = file_name(send)
    document = DocumentMessage(**_common(uploaded), fileName=name, title=name)
    if uploaded.pages:
        document.pageCount = uploaded.pages
    if uploaded.thumbnail:
        document.JPEGThumbnail = uploaded.thumbnail
    message = _with_caption(document, caption) if caption else Message(documentMessage=document)
    return await _finish(message, send.messageId, occasion)


async def image_of(source: str, occasion: Occasion, caption: str | None = None) -> ImageMessage:
    uploaded = await occasion.media.upload(File(source, Form.IMAGE))
    image = ImageMessage(**_common(uploaded), width=uploaded.width, height=uploaded.height)
    if uploaded.thumbnail:
        image.JPEGThumbnail = uploaded.thumbnail
    if caption:
        image.caption = with_line_breaks(caption)
    return image


async def video_of(
    source: str,
    occasion: Occasion,
    caption: str | None = None,
    *,
    form: Form = Form.VIDEO,
    largest: int | None = None,
) -> VideoMessage:
    uploaded = await occasion.media.upload(File(source, form, largest=largest))
    video = VideoMessage(**_common(uploaded), width=uploaded.width, height=uploaded.height, seconds=uploaded.seconds)
    if form is Form.GIF:
        video.gifPlayback = True
    if uploaded.thumbnail:
        video.JPEGThumbnail = uploaded.thumbnail
    if caption:
        video.caption = with_line_breaks(caption)
    return video


async def sticker_of(source: str, occasion: Occasion, author: str | None = None) -> StickerMessage:
    uploaded = await occasion.media.upload(File(source, Form.STICKER, author=author))
    sticker = StickerMessage(
        **_common(uploaded), width=uploaded.width, height=uploaded.height, isAnimated=uploaded.is_animated
    )
    if uploaded.thumbnail:
        sticker.pngThumbnail = uploaded.thumbnail
    return sticker


def file_name(send: SendDocument) -> str:
    """The name that is shown: the caller's, else the last part of the URL, else `document`; always with its ending."""
    ending = f".{send.extension}"
    name = (send.fileName or "").strip() or _last_part(send.document or "") or "document"
    return name if name.lower().endswith(ending.lower()) else name + ending


def _common(uploaded: Uploaded) -> dict[str, object]:
    return {
        "URL": uploaded.url,
        "directPath": uploaded.direct_path,
        "mediaKey": uploaded.media_key,
        "mediaKeyTimestamp": uploaded.uploaded_at,
        "fileSHA256": uploaded.sha256,
        "fileEncSHA256": uploaded.encrypted_sha256,
        "fileLength": uploaded.length,
        "mimetype": uploaded.mime,
    }


def _last_part(source: str) -> str:
    if not source.lower().startswith(("http://", "https://")):
        return ""
    return unquote(urlsplit(source).path).rpartition("/")[2][:255]


def _with_caption(document: DocumentMessage, caption: str) -> Message:
    document.caption = caption
    return Message(documentWithCaptionMessage=FutureProofMessage(message=Message(documentMessage=document)))


async def _finish(message: Message, quoted: str | None, occasion: Occasion, *, view_once: bool = False) -> Message:
    context: ContextInfo | None = None if quoted is None else await quote(occasion, quoted)
    message = with_context(message, context)
    return _once(message) if view_once else message


def _once(message: Message) -> Message:
    """Voice messages have an envelope of their own."""
    if message.HasField("audioMessage"):
        message.audioMessage.viewOnce = True
        return Message(viewOnceMessageV2Extension=FutureProofMessage(message=message))
    part = message.imageMessage if message.HasField("imageMessage") else message.videoMessage
    part.viewOnce = True
    return Message(viewOnceMessageV2=FutureProofMessage(message=message))
