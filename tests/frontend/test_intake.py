"""Files that a request brings along are stored before it is answered; what cannot be is refused in words."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr

from common.clock import SystemClock
from common.media.disk import Disk
from common.media.links import Links
from common.postgres import Pool
from common.settings import FrontendSettings
from tests.frontend.gateway import Caller, Gateway, gateway_on, settings_for
from tests.web_server import WebServer, answer, redirect, web_server

pytestmark = pytest.mark.anyio

PHONE = "5511988887777"
PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(3000)
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + os.urandom(3000)
MP3 = b"ID3\3\0\0\0\0\0\0" + os.urandom(3000)
LIMIT = 100_000


@pytest.fixture
def settings(database: str, redis_url: str, tmp_path: Path) -> FrontendSettings:
    return settings_for(
        database,
        redis_url,
        media_local_storage_path=str(tmp_path / "media"),
        media_local_secret_key=SecretStr("key"),
        media_max_file_size=LIMIT,
        media_max_document_size=2 * LIMIT,
        http_max_body_bytes=20_000,
        outbound_allowed_networks="127.0.0.1/32",
    )


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "media")


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with web_server({"/sound": answer(MP3), "/film": answer(MP4)}) as served:
        yield served


def uri(content: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


async def payload_of(pool: Pool, answered: httpx2.Response) -> Any:
    assert answered.status_code == 200, answered.text
    zaap_id = UUID(answered.json()["zaapId"])
    return json.loads(await pool.fetchval("SELECT payload FROM message_queue WHERE zaap_id = $1", zaap_id))


def content_of(disk: Disk, reference: str) -> bytes:
    return disk.path_of(reference.removeprefix("media:")).read_bytes()


def left_over(disk: Disk) -> list[Path]:
    return [path for path in disk.path_of("").parent.parent.rglob("*") if path.is_file() and path.name != "disk-id"]


# --- data URIs ---


@pytest.mark.parametrize(
    ("route", "field", "mime", "content"),
    [
        ("send-image", "image", "image/png", PNG),
        ("send-sticker", "sticker", "image/png", PNG),
        ("send-gif", "gif", "video/mp4", MP4),
        ("send-audio", "audio", "audio/mpeg", MP3),
        ("send-video", "video", "video/mp4", MP4),
        ("send-ptv", "ptv", "video/mp4", MP4),
        ("send-document/pdf", "document", "application/pdf", b"%PDF-1.4"),
    ],
)
async def test_a_data_uri_is_stored_and_the_row_names_it(
    caller: Caller, pool: Pool, disk: Disk, route: str, field: str, mime: str, content: bytes
) -> None:
    answered = await caller.post(route, {"phone": PHONE, field: uri(content, mime)})
    stored = await payload_of(pool, answered)
    assert stored[field].startswith("media:")
    assert content_of(disk, stored[field]) == content
    row = await pool.fetchrow("SELECT * FROM media")
    assert row is not None
    assert (row["instance_id"], row["size"], row["origin"]) == (caller.uuid, len(content), "sent")


async def test_files_inside_a_request_are_found(caller: Caller, pool: Pool, disk: Disk) -> None:
    card = {"text": "x", "image": uri(PNG), "buttons": [{"type": "REPLY", "label": "a"}]}
    cards = [card, {**card, "image": "https://files.example/x.png"}, {**card, "image": uri(PNG + b"2")}]
    answered = await caller.post("send-carousel", {"phone": PHONE, "message": "x", "carousel": cards})
    stored = await payload_of(pool, answered)
    images = [card["image"] for card in stored["carousel"]]
    assert images[1] == "https://files.example/x.png"
    assert content_of(disk, images[0]) == PNG
    assert content_of(disk, images[2]) == PNG + b"2"


async def test_the_same_file_again_is_the_same_request_to_an_idempotency_key(caller: Caller, pool: Pool) -> None:
    body = {"phone": PHONE, "image": uri(PNG)}
    first = await caller.post("send-image", body, headers={"Idempotency-Key": "k"})
    again = await caller.post("send-image", body, headers={"Idempotency-Key": "k"})
    other = await caller.post("send-image", {**body, "image": uri(PNG + b"x")}, headers={"Idempotency-Key": "k"})
    assert first.json() == again.json()
    assert other.status_code == 409
    assert await pool.fetchval("SELECT count(*) FROM message_queue") == 1


@pytest.mark.parametrize(
    ("route", "body", "status", "text"),
    [
        (
            "send-image",
            {"image": "data:image/png;base64,AAAA=A"},
            400,
            "image: the data URI does not hold valid base64",
        ),
        ("send-image", {"image": "data:image/png;base64,"}, 400, "image: the data URI is empty"),
        ("send-image", {"image": "data:image/png,AAAA"}, 400, "image"),
        ("send-image", {"image": "file:///etc/passwd"}, 400, "image"),
        ("send-image", {"image": "media:" + "0" * 32}, 400, "image"),
        ("send-image", {"image": uri(bytes(LIMIT + 1))}, 413, "larger than 100000 bytes"),
        ("send-gif", {"gif": uri(MP4, "image/gif")}, 400, "gif"),
        ("send-gif", {"gif": uri(PNG, "video/mp4")}, 400, "gif: the file is image/png"),
        ("send-video", {"video": uri(b"<!doctype html><html>", "video/mp4")}, 400, "video: the file is text/html"),
        ("send-audio", {"audio": uri(PNG, "audio/mpeg")}, 400, "audio: the file is image/png"),
        ("send-image", {"image": uri(PNG), "caption": uri(PNG)}, 400, "where no file is taken"),
        ("send-image", {"image": uri(PNG), "caption": "x" * 30_000}, 413, "larger than 20000 bytes"),
        ("send-document/pdf", {"document": uri(bytes(2 * LIMIT + 1))}, 413, "larger than 200000 bytes"),
    ],
)
async def test_what_is_no_file_is_refused_and_leaves_nothing(
    caller: Caller, pool: Pool, disk: Disk, route: str, body: dict[str, str], status: int, text: str
) -> None:
    answered = await caller.post(route, {"phone": PHONE, **body})
    assert (answered.status_code, list(answered.json())) == (status, ["error"])
    assert text in answered.json()["error"]
    assert await pool.fetchval("SELECT count(*) FROM message_queue") == 0
    assert [path for path in left_over(disk) if "arriving" in str(path)] == []


async def test_a_status_video_has_a_limit_of_its_own(settings: FrontendSettings, pool: Pool) -> None:
    async with gateway_on(settings.model_copy(update={"media_max_file_size": 100_000_000})) as gateway:
        caller = await gateway.create(pool)
        limit = 10 * 1024 * 1024
        kept = await caller.post("send-video-status", {"video": uri(MP4.ljust(limit, b"x"), "video/mp4")})
        assert kept.status_code == 200
        for size in (limit + 1, 2 * limit):
            refused = await caller.post("send-video-status", {"video": uri(MP4.ljust(size, b"x"), "video/mp4")})
            assert (refused.status_code, "larger than 10485760 bytes" in refused.json()["error"]) == (400, True)


async def test_a_document_may_be_larger_than_a_picture(caller: Caller, pool: Pool, disk: Disk) -> None:
    answered = await caller.post("send-document/bin", {"phone": PHONE, "document": uri(bytes(2 * LIMIT))})
    assert len(content_of(disk, (await payload_of(pool, answered))["document"])) == 2 * LIMIT


async def test_escapes_of_other_encoders_are_read(caller: Caller, pool: Pool, disk: Disk) -> None:
    body = json.dumps({"phone": PHONE, "image": uri(PNG)})
    for spelled in (body.replace("/", "\\/"), body.replace("+", "\\u002B"), body.replace('"data:', '"\\u0064ata:')):
        answered = await caller.post_bytes("send-image", spelled.encode())
        assert content_of(disk, (await payload_of(pool, answered))["image"]) == PNG


async def test_the_request_is_judged_before_the_file_is_stored(caller: Caller, pool: Pool, disk: Disk) -> None:
    for body in ({"phone": "x"}, {}, {"phone": PHONE, "delayMessage": 99}):
        assert (await caller.post("send-image", {**body, "image": uri(PNG)})).status_code == 400
    assert left_over(disk) == []
    assert await pool.fetchval("SELECT count(*) FROM media") == 0


async def test_no_file_is_taken_from_a_stranger(caller: Caller, disk: Disk) -> None:
    stranger = Caller(caller.client, caller.id, "0" * 24)
    assert (await stranger.post("send-image", {"phone": PHONE, "image": uri(PNG)})).status_code == 401
    assert not disk.exists


async def test_a_file_for_a_later_time_is_kept_until_then(caller: Caller, pool: Pool) -> None:
    await caller.post("send-image", {"phone": PHONE, "image": uri(PNG), "scheduledFor": "2150-01-01T00:00:00Z"})
    assert await pool.fetchval("SELECT expires_at > '2150-01-15' FROM media")


async def test_a_text_that_looks_like_a_file_is_a_text(caller: Caller, pool: Pool, disk: Disk) -> None:
    answered = await caller.send_text(uri(PNG))
    assert (await payload_of(pool, answered))["message"] == uri(PNG)
    assert not disk.exists


# --- URLs ---


async def test_without_async_a_sound_or_film_is_fetched_before_the_answer(
    caller: Caller, pool: Pool, disk: Disk, server: WebServer
) -> None:
    for route, field, path, content in (
        ("send-audio", "audio", "/sound", MP3),
        ("send-video", "video", "/film", MP4),
    ):
        stored = await payload_of(pool, await caller.post(route, {"phone": PHONE, field: server.url(path)}))
        assert content_of(disk, stored[field]) == content


async def test_with_async_and_on_other_routes_the_url_is_left_to_the_sender(
    caller: Caller, pool: Pool, server: WebServer
) -> None:
    for route, body in (
        ("send-audio", {"audio": server.url("/sound"), "async": True}),
        ("send-video", {"video": server.url("/film"), "async": "true"}),
        ("send-image", {"image": server.url("/picture")}),
        ("send-ptv", {"ptv": server.url("/film")}),
        ("send-document/pdf", {"document": server.url("/document")}),
    ):
        stored = await payload_of(pool, await caller.post(route, {"phone": PHONE, **body}))
        assert next(iter(body.values())) in stored.values()
    assert server.asked == []


async def test_a_url_that_cannot_be_fetched_is_refused(caller: Caller, pool: Pool, server: WebServer) -> None:
    server.replies |= {
        "/error": answer(status=500),
        "/page": answer(b"<!doctype html><html></html>"),
        "/empty": answer(),
        "/large": answer(bytes(LIMIT + 1)),
        "/inside": redirect("http://127.0.0.2/"),
    }
    for url, status, text in (
        (server.url("/missing"), 400, "audio: the file cannot be fetched: its server answered 404"),
        (server.url("/error"), 400, "answered 500"),
        (server.url("/page"), 400, "audio: the file is text/html"),
        (server.url("/empty"), 400, "audio: the file is empty"),
        (server.url("/large"), 413, "larger than 100000 bytes"),
        (server.url("/inside"), 400, "does not lead to a public address"),
        ("http://10.0.0.1/", 400, "does not lead to a public address"),
        ("http://127.0.0.1:1/", 400, "cannot be reached"),
    ):
        answered = await caller.post("send-audio", {"phone": PHONE, "audio": url})
        assert (answered.status_code, text in answered.json()["error"]) == (status, True), answered.text
    assert await pool.fetchval("SELECT count(*) FROM message_queue") == 0


# --- the disk ---


async def test_without_a_place_for_files_the_answer_says_so(settings: FrontendSettings, pool: Pool) -> None:
    async with gateway_on(settings.model_copy(update={"media_local_storage_path": "/dev/null/x"})) as gateway:
        caller = await gateway.create(pool)
        answered = await caller.post("send-image", {"phone": PHONE, "image": uri(PNG)})
        assert (answered.status_code, answered.json()) == (503, {"error": "files cannot be stored now; try again"})
        assert (await caller.send_text()).status_code == 200


# --- links ---


async def test_a_signed_link_leads_to_the_file(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    await caller.post("send-image", {"phone": PHONE, "image": uri(PNG)})
    media = await pool.fetchval("SELECT id FROM media")
    link = Links("key", "http://pombo.test").make(media, SystemClock().now().replace(year=2100))
    got = await gateway.client.get(link)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, PNG, "image/png")
    assert got.headers["x-content-type-options"] == "nosniff"
    head = await gateway.client.head(link)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(PNG)))
    assert (await gateway.client.get(link, headers={"if-none-match": got.headers["etag"]})).status_code == 304
    assert (await gateway.client.get(link[:-1] + ("0" if link[-1] != "0" else "1"))).status_code == 403
    assert (await gateway.client.get(urlsplit(link).path)).status_code == 403
    assert (await gateway.client.get("/media/rubbish")).status_code == 404
    await pool.execute("DELETE FROM media")
    assert (await gateway.client.get(link)).status_code == 404


async def test_a_part_of_a_file_can_be_asked_for(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    content = PNG + bytes(range(256)) * 100
    await caller.post("send-image", {"phone": PHONE, "image": uri(content)})
    link = Links("key", "").make(await pool.fetchval("SELECT id FROM media"), SystemClock().now().replace(year=2100))
    size = len(content)
    for wanted, start, end in (
        ("bytes=0-0", 0, 1), ("bytes=5-", 5, size), ("bytes=-7", size - 7, size), ("bytes=3000-9000", 3_000, 9_001),
    ):  # fmt: skip
        got = await gateway.client.get(link, headers={"range": wanted})
        assert (got.status_code, got.content) == (206, content[start:end]), wanted
        assert got.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert got.headers["content-length"] == str(end - start)
    beyond = await gateway.client.get(link, headers={"range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    for whole in ({"range": "bytes=0-1,4-5"}, {"range": "lines=1-2"}, {"range": "bytes=0-9", "if-range": '"other"'}):
        got = await gateway.client.get(link, headers=whole)
        assert (got.status_code, got.content, got.headers["accept-ranges"]) == (200, content, "bytes")


async def test_a_page_that_somebody_stored_is_never_shown_under_our_name(
    gateway: Gateway, caller: Caller, pool: Pool
) -> None:
    await caller.post("send-document/html", {"phone": PHONE, "document": uri(b"<html><script>", "text/html")})
    media = await pool.fetchval("SELECT id FROM media")
    got = await gateway.client.get(Links("key", "").make(media, SystemClock().now().replace(year=2100)))
    assert got.headers["content-disposition"] == "attachment"
    assert "sandbox" in got.headers["content-security-policy"]


async def test_many_files_at_once_are_all_stored(caller: Caller, pool: Pool, disk: Disk) -> None:
    contents = [PNG + bytes([number]) * 50_000 for number in range(30)]
    bodies = [{"phone": PHONE, "image": uri(content)} for content in contents]
    answers = await asyncio.gather(*(caller.post("send-image", body) for body in bodies))
    for content, answered in zip(contents, answers, strict=True):
        assert content_of(disk, (await payload_of(pool, answered))["image"]) == content
