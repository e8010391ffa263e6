"""Every message that carries a file, through the real stack: HTTP, store, queue, a sender that converts, a real
session, and an emulated contact that decrypts both the message and the file."""

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from common.postgres import Pool
from sender.whatsapp.protobuf import Message
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.sender.media import files
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender, ask_on, statuses
from tests.system.test_whatsapp import link
from tests.waiting import PATIENCE, eventually
from tests.web_server import WebServer, answer, web_server

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]

OWN, PERSON = "5511900000001", "5511988887777"
LOCAL = "127.0.0.1/32"
LARGE = b"\0\0\0\x18ftypmp42" + bytes(10 * 1024 * 1024)
"""A film that is one size too large for a status."""
STATUS_ID = "3EB0C1D2E3F405162738"


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (OWN, PERSON):
            await emulator.post("accounts", phone=phone, name=phone, script="silent")
        await emulator.post("accounts", phone=OWN, audience=[PERSON])
        yield emulator


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[WebServer]:
    made = {
        "/it.png": files.picture(tmp_path / "png", (640, 400), "PNG"),
        "/it.mp3": files.sound(tmp_path / "mp3", 3.0, "libmp3lame", "mp3"),
        "/it.mp4": files.film(tmp_path / "mp4", (320, 180)),
        "/it.webm": files.film(
            tmp_path / "webm", (320, 180), "libvpx", "webm", sound_codec="libopus", sound_rate=48_000
        ),
    }
    replies = {path: answer(file.read_bytes(), content_type="text/plain") for path, file in made.items()}
    async with web_server({**replies, "/it.pdf": answer(files.pdf(3)), "/large.mp4": answer(LARGE)}) as served:
        yield served


@pytest.fixture
async def caller(
    emulator: EmulatorProgram, database: str, redis_url: str, pool: Pool, tmp_path: Path
) -> AsyncIterator[Caller]:
    told = await emulator.get("environment")
    sender = Sender(
        database,
        redis_url,
        tmp_path,
        WHATSAPP_ENGINE="neonize",
        WHATSAPP_PROXY=told["proxy"],
        WHATSAPP_CA_FILE=told["ca_file"],
        WHATSAPP_NOISE_ROOT=told["noise_root"],
        OUTBOUND_ALLOWED_NETWORKS=LOCAL,
    )
    sender.start()
    # The same place for files as the sender's: one machine, no bucket.
    settings = settings_for(
        database, redis_url, media_local_storage_path=str(tmp_path / "media"), outbound_allowed_networks=LOCAL
    )
    try:
        async with gateway_on(settings) as gateway, ask_on(pool, redis_url) as ask:
            caller = await gateway.create()
            await link(emulator, ask, pool, caller.uuid, OWN)
            yield caller
    finally:
        sender.kill()


def uri(path: Path, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(path.read_bytes()).decode()}"


def stream_of(content: bytes) -> tuple[list[str], float]:
    with av.open(io.BytesIO(content)) as container:
        assert container.duration is not None
        return [stream.codec_context.name for stream in container.streams], container.duration / av.time_base


async def test_every_file_arrives_as_what_it_was_meant_to_be(
    caller: Caller, emulator: EmulatorProgram, pool: Pool, server: WebServer, tmp_path: Path
) -> None:
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "picture by URL": ("send-image", {"image": server.url("/it.png"), "caption": "look"}),
        "picture by data": ("send-image", {"image": uri(tmp_path / "png", "image/png"), "viewOnce": True}),
        "sticker": ("send-sticker", {"sticker": uri(tmp_path / "png", "image/png"), "stickerAuthor": "Ana"}),
        "sound": ("send-audio", {"audio": server.url("/it.mp3"), "waveform": True}),
        "sound later": ("send-audio", {"audio": server.url("/it.mp3"), "async": True}),
        "film": ("send-video", {"video": uri(tmp_path / "mp4", "video/mp4"), "caption": "tour"}),
        "film of another kind": ("send-video", {"video": server.url("/it.webm")}),
        "gif": ("send-gif", {"gif": server.url("/it.mp4")}),
        "note": ("send-ptv", {"ptv": server.url("/it.mp4")}),
        "document": ("send-document/pdf", {"document": server.url("/it.pdf"), "fileName": "Invoice 7"}),
        "status picture": ("send-image-status", {"image": server.url("/it.png"), "caption": "new"}),
        "status film": ("send-video-status", {"video": uri(tmp_path / "mp4", "video/mp4")}),
        "status film by URL": ("send-video-status", {"video": server.url("/it.mp4"), "caption": "tour"}),
        "status film too large": ("send-video-status", {"video": server.url("/large.mp4")}),
        "gif for a status": ("reply-status-gif", {"gif": server.url("/it.mp4"), "statusMessageId": STATUS_ID}),
        "sticker for a status": (
            "reply-status-sticker",
            {"sticker": server.url("/it.png"), "statusMessageId": STATUS_ID},
        ),
        "missing": ("send-image", {"image": server.url("/missing.png")}),
        "page": ("send-image", {"image": server.url("/it.pdf")}),
    }
    ids = {}
    for name, (route, body) in bodies.items():
        to = {} if route in ("send-image-status", "send-video-status") else {"phone": PERSON}
        answered = await caller.post(route, {**to, **body})
        assert answered.status_code == 200, (name, answered.text)
        ids[name] = answered.json()["messageId"]
    await eventually(lambda: settled(pool), 3 * PATIENCE)
    failed = dict(await pool.fetch("SELECT message_id, error_class FROM message_dead_letter"))
    assert failed == dict.fromkeys(
        (ids[name] for name in ("missing", "page", "status film too large")), "media-not-usable"
    )
    wire = dict(await pool.fetch("SELECT message_id, whatsapp_id FROM message_history"))
    messages = await emulator.messages(PERSON, len(wire))
    received = {each["id"]: Message.FromString(base64.b64decode(each["message"])) for each in messages}
    chats = {each["id"]: each["chat"] for each in messages}

    async def got(name: str) -> tuple[Message, bytes]:
        whatsapp_id = wire[ids[name]]
        return received[whatsapp_id], (await emulator.media(PERSON, whatsapp_id))[1]

    message, content = await got("picture by URL")
    picture = message.imageMessage
    assert content == (tmp_path / "png").read_bytes()
    assert (picture.mimetype, picture.width, picture.height, picture.caption) == ("image/png", 640, 400, "look")
    assert Image.open(io.BytesIO(picture.JPEGThumbnail)).size == (100, 63)
    assert picture.fileLength == len(content)

    assert wire[ids["picture by data"]] in received

    message, content = await got("sticker")
    assert (message.stickerMessage.mimetype, Image.open(io.BytesIO(content)).size) == ("image/webp", (512, 512))
    assert b'"sticker-pack-publisher": "Ana"' in content

    for name in ("sound", "sound later"):
        message, content = await got(name)
        voice = message.audioMessage
        assert (voice.mimetype, voice.PTT, voice.seconds) == ("audio/ogg; codecs=opus", True, 3)
        assert len(voice.waveform) == (64 if name == "sound" else 0)
        assert stream_of(content) == (["opus"], pytest.approx(3.0, abs=0.2))

    message, content = await got("film")
    assert content == (tmp_path / "mp4").read_bytes()
    assert (message.videoMessage.width, message.videoMessage.height, message.videoMessage.seconds) == (320, 180, 2)
    message, content = await got("film of another kind")
    assert message.videoMessage.mimetype == "video/mp4"
    assert stream_of(content) == (["h264", "aac"], pytest.approx(2.0, abs=0.2))
    message, content = await got("gif")
    assert message.videoMessage.gifPlayback
    assert stream_of(content)[0] == ["h264"]
    message = received[wire[ids["note"]]]
    assert message.ptvMessage.width == message.ptvMessage.height == 180

    message, content = await got("document")
    document = message.documentMessage
    assert content == files.pdf(3)
    assert (document.mimetype, document.pageCount, document.fileName) == ("application/pdf", 3, "Invoice 7.pdf")
    for name in ("status picture", "status film", "status film by URL"):
        assert chats[wire[ids[name]]] == "status@broadcast", name
    message, content = await got("status picture")
    assert (message.imageMessage.caption, content) == ("new", (tmp_path / "png").read_bytes())
    for name in ("status film", "status film by URL"):
        message, content = await got(name)
        assert (message.videoMessage.seconds, content) == (2, (tmp_path / "mp4").read_bytes())
    message, content = await got("gif for a status")
    assert (message.videoMessage.gifPlayback, stream_of(content)[0]) == (True, ["h264"])
    message, content = await got("sticker for a status")
    assert Image.open(io.BytesIO(content)).size == (512, 512)
    for part in (received[wire[ids["gif for a status"]]].videoMessage, message.stickerMessage):
        assert (part.contextInfo.stanzaID, part.contextInfo.remoteJID) == (STATUS_ID, "status@broadcast")
    await eventually(lambda: not list((tmp_path / "media" / "work").iterdir()))


async def settled(pool: Pool) -> bool:
    return not (await statuses(pool)).keys() & {"queued", "sending"}
