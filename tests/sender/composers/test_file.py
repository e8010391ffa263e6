"""Messages with a file on the wire: everything that the media port says of it stands in the message."""

from typing import Any

import pytest

from common.requests.messages.file import SendDocument
from sender.composers.file import file_name
from sender.composers.media import File, Form
from sender.whatsapp.protobuf import (
    AudioMessage,
    ContextInfo,
    DocumentMessage,
    FutureProofMessage,
    ImageMessage,
    Message,
    MessageKey,
    ProtocolMessage,
    StickerMessage,
    VideoMessage,
)
from tests.sender.composers.desk import MESSAGE, NOW_MS, PERSON_JID, Desk, uploaded

pytestmark = pytest.mark.anyio

PNG, MP4, MP3, PDF = (f"https://files.example.com/a.{ending}" for ending in ("png", "mp4", "mp3", "pdf"))


def common(form: Form) -> dict[str, Any]:
    file = uploaded(form)
    return {
        "URL": file.url,
        "directPath": file.direct_path,
        "mediaKey": file.media_key,
        "mediaKeyTimestamp": file.uploaded_at,
        "fileSHA256": file.sha256,
        "fileEncSHA256": file.encrypted_sha256,
        "fileLength": file.length,
        "mimetype": file.mime,
    }


def video(form: Form, **more: Any) -> VideoMessage:
    thumbnail = b"small " + form.value.encode()
    return VideoMessage(**common(form), width=640, height=480, seconds=7, JPEGThumbnail=thumbnail, **more)


IMAGE = {**common(Form.IMAGE), "width": 640, "height": 480, "JPEGThumbnail": b"small image"}


async def test_an_image(desk: Desk) -> None:
    assert await desk.compose("image", image=PNG, caption="front\rside") == Message(
        imageMessage=ImageMessage(**IMAGE, caption="front\nside")
    )
    assert desk.media.files == [File(PNG, Form.IMAGE)]


async def test_an_image_to_see_once(desk: Desk) -> None:
    assert await desk.compose("image", image=PNG, viewOnce="true") == Message(
        viewOnceMessageV2=FutureProofMessage(message=Message(imageMessage=ImageMessage(**IMAGE, viewOnce=True)))
    )


async def test_a_sticker_names_its_author_in_its_file(desk: Desk) -> None:
    assert await desk.compose("sticker", sticker=PNG, stickerAuthor="Rita") == Message(
        stickerMessage=StickerMessage(
            **common(Form.STICKER), width=640, height=480, isAnimated=True, pngThumbnail=b"small sticker"
        )
    )
    assert desk.media.files == [File(PNG, Form.STICKER, author="Rita")]


@pytest.mark.parametrize("caption", ["look", "", None])
async def test_a_gif_is_a_video_that_plays_by_itself(desk: Desk, caption: str | None) -> None:
    body = {} if caption is None else {"caption": caption}
    expected = video(Form.GIF, gifPlayback=True, **({"caption": caption} if caption else {}))
    assert await desk.compose("gif", gif=MP4, **body) == Message(videoMessage=expected)


async def test_a_video(desk: Desk) -> None:
    assert await desk.compose("video", video=MP4, caption="tour", **{"async": True}) == Message(
        videoMessage=video(Form.VIDEO, caption="tour")
    )


async def test_a_video_to_see_once(desk: Desk) -> None:
    composed = await desk.compose("video", video=MP4, viewOnce=True)
    assert composed.viewOnceMessageV2.message.videoMessage == video(Form.VIDEO, viewOnce=True)


async def test_a_round_video_note(desk: Desk) -> None:
    assert await desk.compose("ptv", ptv=MP4) == Message(ptvMessage=video(Form.VIDEO_NOTE))


@pytest.mark.parametrize(("asked", "wave"), [(None, b""), (False, b""), (True, bytes(range(64)))])
async def test_a_voice_message_shows_its_wave_when_asked(desk: Desk, asked: bool | None, wave: bytes) -> None:
    body = {} if asked is None else {"waveform": asked}
    expected = AudioMessage(**common(Form.VOICE), seconds=7, PTT=True)
    if wave:
        expected.waveform = wave
    assert await desk.compose("audio", audio=MP3, **body) == Message(audioMessage=expected)


async def test_a_voice_message_to_hear_once_has_an_envelope_of_its_own(desk: Desk) -> None:
    voice = AudioMessage(**common(Form.VOICE), seconds=7, PTT=True, viewOnce=True)
    assert await desk.compose("audio", audio=MP3, viewOnce=True) == Message(
        viewOnceMessageV2Extension=FutureProofMessage(message=Message(audioMessage=voice))
    )


def document(**more: Any) -> DocumentMessage:
    name = more.pop("name", "Invoice 7.pdf")
    return DocumentMessage(
        **common(Form.DOCUMENT), fileName=name, title=name, pageCount=3, JPEGThumbnail=b"small document", **more
    )


async def test_a_document(desk: Desk) -> None:
    composed = await desk.compose("document", document=PDF, fileName="Invoice 7", extension="pdf")
    assert composed == Message(documentMessage=document())
    assert desk.media.files == [File(PDF, Form.DOCUMENT, extension="pdf")]


async def test_a_document_with_a_caption_is_in_an_envelope(desk: Desk) -> None:
    composed = await desk.compose("document", document=PDF, caption="due\nFriday", extension="pdf")
    inside = Message(documentMessage=document(name="a.pdf", caption="due\nFriday"))
    assert composed == Message(documentWithCaptionMessage=FutureProofMessage(message=inside))


async def test_only_the_caption_of_a_document_is_edited_and_no_file_is_looked_at(desk: Desk) -> None:
    composed = await desk.compose(
        "document", document=PDF, caption="paid", editDocumentMessageId="3EB0DD", extension="pdf"
    )
    edited = Message(
        documentWithCaptionMessage=FutureProofMessage(message=Message(documentMessage=DocumentMessage(caption="paid")))
    )
    assert composed.editedMessage.message == Message(
        protocolMessage=ProtocolMessage(
            key=MessageKey(remoteJID=PERSON_JID, fromMe=True, ID="3EB0DD"),
            type=ProtocolMessage.MESSAGE_EDIT,
            editedMessage=edited,
            timestampMS=NOW_MS,
        )
    )
    assert desk.media.files == []


@pytest.mark.parametrize(
    ("source", "given", "extension", "shown"),
    [
        (PDF, "Invoice 7", "pdf", "Invoice 7.pdf"),
        (PDF, "Invoice 7.PDF", "pdf", "Invoice 7.PDF"),
        (PDF, None, "pdf", "a.pdf"),
        ("https://files.example.com/get?id=7", None, "xlsx", "get.xlsx"),
        ("https://files.example.com/conta%20paga.pdf?x=1#top", None, "pdf", "conta paga.pdf"),
        ("https://files.example.com/", None, "zip", "document.zip"),
        ("data:application/pdf;base64,JVBERi0xLjQK", None, "pdf", "document.pdf"),
        ("data:application/pdf;base64,JVBERi0xLjQK", "  ", "pdf", "document.pdf"),
    ],
)
def test_a_document_has_a_name_with_its_ending(source: str, given: str | None, extension: str, shown: str) -> None:
    assert file_name(SendDocument(phone="5511988887777", document=source, fileName=given).at(extension)) == shown


KINDS = {
    "image": {"image": PNG},
    "sticker": {"sticker": PNG},
    "gif": {"gif": MP4},
    "audio": {"audio": MP3},
    "video": {"video": MP4},
    "ptv": {"ptv": MP4},
    "document": {"document": PDF, "extension": "pdf"},
}


@pytest.mark.parametrize("kind", KINDS)
async def test_each_may_be_a_reply(desk: Desk, kind: str) -> None:
    composed = await desk.compose(kind, messageId="UNKNOWN", **KINDS[kind])
    ((_, content),) = composed.ListFields()
    assert content.contextInfo == ContextInfo(
        stanzaID="UNKNOWN", participant=PERSON_JID, quotedMessage=Message(conversation="")
    )


async def test_a_reply_to_see_once_quotes_inside_its_envelope(desk: Desk) -> None:
    composed = await desk.compose("image", image=PNG, messageId=MESSAGE, viewOnce=True)
    assert composed.viewOnceMessageV2.message.imageMessage.contextInfo.stanzaID == MESSAGE
