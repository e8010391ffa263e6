"""Files that a contact sends, through the real stack: an emulated phone, a real session, the sender, the webhook, and
the link in it, asked of a frontend."""

import base64
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from PIL import Image

from common.postgres import Pool
from tests.builders import insert_instance
from tests.frontend.gateway import Gateway, gateway_on, settings_for
from tests.sender.webhooks.receiver import receiving
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender, ask_on
from tests.system.whatsapp import link, settings_of
from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]

PHONE, FRIEND = "5511900000001", "5511988880000"
KEY = "key-that-signs-links"


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (PHONE, FRIEND):
            await emulator.post("accounts", phone=phone, name=phone[-1], script="silent")
        yield emulator


@asynccontextmanager
async def stack(
    emulator: EmulatorProgram, database: str, redis_url: str, folder: Path, **settings: str
) -> AsyncIterator[Gateway]:
    """A sender and a frontend with one place for files."""
    sender = Sender(
        database, redis_url, folder, **await settings_of(emulator), MEDIA_LOCAL_SECRET_KEY=KEY,
        OUTBOUND_ALLOWED_NETWORKS="127.0.0.0/8", WEBHOOK_HTTP_HOSTS="127.0.0.1", **settings,
    )  # fmt: skip
    sender.start()
    made = settings_for(database, redis_url, media_local_storage_path=str(folder / "media"), media_local_secret_key=KEY)
    try:
        async with gateway_on(made) as gateway:
            yield gateway
    finally:
        sender.kill()


def picture() -> bytes:
    made = io.BytesIO()
    Image.effect_noise((640, 400), 60).convert("RGB").save(made, "JPEG")
    return made.getvalue()


async def send(emulator: EmulatorProgram, kind: str, content: bytes, mimetype: str, **fields: Any) -> None:
    data = base64.b64encode(content).decode()
    await emulator.post(f"contacts/{FRIEND}/send-media", to=PHONE, kind=kind, data=data, mimetype=mimetype, **fields)


async def test_what_a_contact_sends_is_linked_to_in_the_webhook_and_can_be_read_there(
    emulator: EmulatorProgram, database: str, redis_url: str, pool: Pool, tmp_path: Path
) -> None:
    sent = {
        "image": (picture(), "image/jpeg", {"caption": "look"}),
        "audio": (b"OggS" + os.urandom(20_000), "audio/ogg; codecs=opus", {"voice": True}),
        "video": (b"\0\0\0\x18ftypmp42" + os.urandom(200_000), "video/mp4", {}),
        "document": (b"%PDF-1.4 " + os.urandom(600_000), "application/pdf", {"file_name": "a.pdf"}),
        "sticker": (b"RIFF\0\0\0\0WEBP" + os.urandom(5_000), "image/webp", {}),
    }
    async with (
        receiving() as hook,
        stack(emulator, database, redis_url, tmp_path) as gateway,
        ask_on(pool, redis_url) as ask,
    ):
        instance = await insert_instance(pool, device=None, received_callback_url=hook.url())
        await link(emulator, ask, pool, instance, PHONE)
        for kind, (content, mimetype, fields) in sent.items():
            await send(emulator, kind, content, mimetype, **fields)
        bodies = [orjson.loads(each.body) for each in await hook.reached(len(sent), patience=60)]
        told = {kind: body[kind] for body in bodies for kind in sent if kind in body}
        assert list(told) == list(sent)  # in the order in which they were sent
        assert told["image"]["downloadError"] is None
        for kind, (content, mimetype, _) in sent.items():
            url = urlsplit(told[kind][f"{kind}Url"])
            answered = await gateway.client.get(f"{url.path}?{url.query}")
            assert (answered.status_code, answered.content == content) == (200, True), kind
            assert answered.headers["content-type"].partition(";")[0] == mimetype.partition(";")[0]
            assert told[kind]["mimeType"] == mimetype


async def test_servers_that_fail_hold_a_callback_up_for_a_while_and_no_longer(
    emulator: EmulatorProgram, database: str, redis_url: str, pool: Pool, tmp_path: Path
) -> None:
    async with (
        receiving() as hook,
        stack(emulator, database, redis_url, tmp_path, MEDIA_EVENT_WAIT="8s") as gateway,
        ask_on(pool, redis_url) as ask,
    ):
        instance = await insert_instance(pool, device=None, received_callback_url=hook.url())
        await link(emulator, ask, pool, instance, PHONE)
        await emulator.post("faults", kind="refuse-media", to="download", code=404, times=10)
        await send(emulator, "image", picture(), "image/jpeg")
        lost = orjson.loads((await hook.reached(1))[0].body)["image"]
        assert (lost["imageUrl"], bool(lost["downloadError"])) == ("", True)
        await emulator.ask("DELETE", "faults")
        await emulator.post("faults", kind="slow-media", to="download", seconds=600)
        await send(emulator, "image", content := picture(), "image/jpeg")
        late = orjson.loads((await hook.reached(2))[1].body)["image"]
        assert late["downloadError"] is None
        url = urlsplit(late["imageUrl"])
        path = f"{url.path}?{url.query}"
        early = await gateway.client.get(path)
        assert (early.status_code, "retry-after" in early.headers) == (503, True)

        await emulator.ask("DELETE", "faults")

        async def is_here() -> bool:
            return (await gateway.client.get(path)).status_code == 200

        await eventually(is_here)
        assert (await gateway.client.get(path)).content == content
