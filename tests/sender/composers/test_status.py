"""Status on the wire: posts, and answers that quote one."""

from typing import Any

import pytest

from common.requests.messages import MODELS
from sender.composers.media import File, Form
from sender.whatsapp.protobuf import ContextInfo, ExtendedTextMessage, Message
from tests.sender.composers.desk import MESSAGE, PERSON_JID, Desk, uploaded

pytestmark = pytest.mark.anyio

PNG, MP4 = "https://files.example.com/a.png", "https://files.example.com/a.mp4"


async def test_a_text_status_has_colours(desk: Desk) -> None:
    assert await desk.compose("status-text", message="Open\r\nuntil 8") == Message(
        extendedTextMessage=ExtendedTextMessage(
            text="Open\nuntil 8",
            backgroundArgb=0xFF1E6E4F,
            textArgb=0xFFFFFFFF,
            font=ExtendedTextMessage.SYSTEM,
        )
    )


async def test_an_image_status(desk: Desk) -> None:
    composed = await desk.compose("status-image", image=PNG, caption="New")
    assert (composed.imageMessage.caption, composed.imageMessage.URL) == ("New", uploaded(Form.IMAGE).url)
    assert desk.media.files == [File(PNG, Form.IMAGE)]


async def test_a_video_status(desk: Desk) -> None:
    composed = await desk.compose("status-video", video=MP4)
    assert (composed.videoMessage.seconds, composed.videoMessage.URL) == (7, uploaded(Form.VIDEO).url)
    assert desk.media.files == [File(MP4, Form.VIDEO, largest=10 * 1024 * 1024)]


@pytest.mark.parametrize("kind", ["status-text", "status-image", "status-video"])
def test_posts_go_to_the_account_s_audience(kind: str) -> None:
    bodies: dict[str, Any] = {"status-text": {"message": "x"}, "status-image": {"image": PNG}}
    assert MODELS[kind].model_validate(bodies.get(kind, {"video": MP4})).chat == "status@broadcast"


@pytest.mark.parametrize(
    ("kind", "body", "content"),
    [
        ("status-reply-text", {"message": "Great"}, "extendedTextMessage"),
        ("status-reply-gif", {"gif": MP4}, "videoMessage"),
        ("status-reply-sticker", {"sticker": PNG}, "stickerMessage"),
    ],
)
async def test_an_answer_quotes_the_status_in_its_author_s_chat(
    desk: Desk, kind: str, body: dict[str, Any], content: str
) -> None:
    composed = await desk.compose(kind, statusMessageId=MESSAGE, **body)
    part = getattr(composed, content)
    assert part.contextInfo == ContextInfo(
        stanzaID=MESSAGE,
        participant=PERSON_JID,
        remoteJID="status@broadcast",
        quotedMessage=Message(conversation=""),
    )
    if kind == "status-reply-gif":
        assert part.gifPlayback
    if kind == "status-reply-text":
        assert part.text == "Great"
