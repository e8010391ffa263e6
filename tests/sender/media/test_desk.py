"""The desk: from what a row names to a file on WhatsApp's servers, with nothing left behind and errors that decide."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from common.clock import SystemClock
from common.errors import DeliveryError, MediaAway, MediaNotUsable, MediaWaits, NotConnected, NotSupported
from common.media.disk import Disk
from common.media.storage import Lifetimes, Storage
from common.metrics import MediaMetrics
from common.outbound import Outbound
from common.postgres import Pool
from common.public_address import parse_networks
from sender.composers.media import File, Form, Media
from sender.media.cards import Cards
from sender.media.desk import Desk, DeskRules
from sender.media.fetching import Fetching
from sender.media.workshop import Workshop
from sender.whatsapp.session import Account, Event, MediaKind, UploadedFile
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine, SimulatedSession
from tests.clock import ManualClock
from tests.sender.media import files
from tests.waiting import eventually
from tests.web_server import WebServer, answer, redirect, web_server

pytestmark = pytest.mark.anyio

INSTANCE = uuid4()
LIMIT = 400_000


async def ignore(event: Event) -> None:
    return


@pytest.fixture
def metrics() -> MediaMetrics:
    return MediaMetrics(CollectorRegistry())


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "media")


@pytest.fixture
def storage(pool: Pool, disk: Disk, metrics: MediaMetrics) -> Storage:
    lifetimes = Lifetimes(timedelta(days=1), timedelta(hours=1))
    return Storage(pool, disk, None, None, lifetimes, SystemClock(), metrics)


@pytest.fixture(scope="module")
async def workshop(anyio_backend: str) -> AsyncIterator[Workshop]:
    async with Workshop(2, timedelta(minutes=2)) as workshop:
        yield workshop


@pytest.fixture
async def session() -> AsyncIterator[SimulatedSession]:
    async with SimulatedEngine(Behaviour(), Journal()) as engine:
        session = await engine.open(Account(INSTANCE.hex, "5511900000001:1@s.whatsapp.net"), ignore)
        await eventually(lambda: session.is_connected)
        yield session


@pytest.fixture
async def desk(storage: Storage, disk: Disk, workshop: Workshop, metrics: MediaMetrics) -> AsyncIterator[Desk]:
    async with Outbound(parse_networks("127.0.0.1/32")) as outbound:
        clock = SystemClock()
        fetching = Fetching(outbound, storage, clock, timedelta(minutes=1))
        yield Desk(fetching, workshop, Cards(outbound, workshop), disk, DeskRules(LIMIT, 2 * LIMIT), clock, metrics)


@pytest.fixture
def media(desk: Desk, session: SimulatedSession) -> Media:
    return desk.of(INSTANCE, session)


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with web_server() as served:
        yield served


async def stored(storage: Storage, disk: Disk, content: bytes) -> str:
    with disk.arrive() as arriving:
        arriving.write(content)
        return f"media:{(await storage.keep(arriving, INSTANCE, origin='sent')).id.hex}"


def work_left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "media" / "work").iterdir())


async def test_every_form_is_fetched_converted_and_uploaded(
    media: Media, server: WebServer, session: SimulatedSession, tmp_path: Path
) -> None:
    server.replies |= {
        "/picture": answer(files.picture(tmp_path / "p", (300, 200)).read_bytes(), content_type="text/html"),
        "/sound": answer(files.sound(tmp_path / "s").read_bytes()),
        "/film": answer(files.film(tmp_path / "f", (120, 120)).read_bytes()),
        "/pdf": answer(files.pdf(3)),
    }
    made = {
        form: await media.upload(File(server.url(path), form, extension="pdf", author="Ana"))
        for form, path in (
            (Form.IMAGE, "/picture"),
            (Form.STICKER, "/picture"),
            (Form.LINK_IMAGE, "/picture"),
            (Form.VOICE, "/sound"),
            (Form.VIDEO, "/film"),
            (Form.GIF, "/film"),
            (Form.VIDEO_NOTE, "/film"),
            (Form.DOCUMENT, "/pdf"),
        )
    }
    image, voice, film, document = (made[form] for form in (Form.IMAGE, Form.VOICE, Form.VIDEO, Form.DOCUMENT))
    content = (tmp_path / "p").read_bytes()
    assert (image.sha256, image.length) == (hashlib.sha256(content).digest(), len(content))
    assert (image.mime, image.width, image.height) == ("image/jpeg", 300, 200)
    assert (made[Form.STICKER].mime, made[Form.STICKER].width) == ("image/webp", 512)
    assert (voice.mime, voice.seconds, len(voice.wave)) == ("audio/ogg; codecs=opus", 2, 64)
    assert (film.mime, film.seconds, film.width) == ("video/mp4", 2, 120)
    assert (document.mime, document.pages) == ("application/pdf", 3)
    assert list(session._engine.uploads) == [
        MediaKind.IMAGE, MediaKind.IMAGE, MediaKind.LINK_IMAGE, MediaKind.AUDIO,
        MediaKind.VIDEO, MediaKind.VIDEO, MediaKind.VIDEO, MediaKind.DOCUMENT,
    ]  # fmt: skip
    assert work_left(tmp_path) == []


async def test_a_stored_file_and_a_data_uri_are_sources_too(
    media: Media, storage: Storage, disk: Disk, tmp_path: Path
) -> None:
    content = files.picture(tmp_path / "p").read_bytes()
    reference = await stored(storage, disk, content)
    for source in (reference, f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"):
        assert (await media.upload(File(source, Form.IMAGE))).length == len(content)
    assert (await media.upload(File(reference, Form.IMAGE))).length == len(content)


async def test_a_file_of_another_instance_cannot_be_named(
    desk: Desk, session: SimulatedSession, storage: Storage, disk: Disk
) -> None:
    reference = await stored(storage, disk, files.pdf(1))
    with pytest.raises(MediaNotUsable, match="not kept"):
        await desk.of(uuid4(), session).upload(File(reference, Form.DOCUMENT))


@pytest.mark.parametrize(
    ("path", "form", "error", "text"),
    [
        ("/missing", Form.IMAGE, MediaNotUsable, "answered 404"),
        ("/error", Form.IMAGE, MediaAway, "answered 503"),
        ("/busy", Form.IMAGE, MediaAway, "answered 429"),
        ("/page", Form.IMAGE, MediaNotUsable, "not a picture"),
        ("/page", Form.VIDEO, MediaNotUsable, "neither sound nor film"),
        ("/empty", Form.DOCUMENT, MediaNotUsable, "empty"),
        ("/large", Form.IMAGE, MediaNotUsable, "larger"),
        ("/larger", Form.DOCUMENT, MediaNotUsable, "larger"),
        ("/inside", Form.IMAGE, MediaNotUsable, "does not lead to a public address"),
        ("/cut", Form.IMAGE, MediaAway, "cannot be fetched"),
    ],
)
async def test_what_cannot_be_had_says_whether_to_try_again(
    media: Media, server: WebServer, tmp_path: Path, path: str, form: Form, error: type[DeliveryError], text: str,
    metrics: MediaMetrics,
) -> None:  # fmt: skip
    server.replies |= {
        "/error": answer(status=503),
        "/busy": answer(status=429),
        "/page": answer(b"<html>"),
        "/empty": answer(),
        "/large": answer(bytes(LIMIT + 1)),
        "/larger": answer(bytes(2 * LIMIT + 1)),
        "/inside": redirect("http://169.254.169.254/latest/meta-data/"),
        "/cut": b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nshort",
    }
    with pytest.raises(error, match=text) as failed:
        await media.upload(File(server.url(path), form))
    assert failed.value.certain
    assert work_left(tmp_path) == []
    step = "convert" if path == "/page" else "fetch"
    counted = metrics.failures.labels(step, form.value, failed.value.code)
    assert counted._value.get() == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(status, MediaNotUsable) for status in (401, 403, 404, 405, 410, 415, 501, 505)]
    + [(status, MediaAway) for status in (408, 425, 429, 500, 502, 503, 504)],
)
async def test_only_a_server_that_may_answer_otherwise_later_is_asked_again(
    media: Media, server: WebServer, status: int, error: type[DeliveryError]
) -> None:
    server.replies["/refused"] = answer(status=status)
    with pytest.raises(error, match=f"its server answered {status}"):
        await media.upload(File(server.url("/refused"), Form.DOCUMENT))


async def test_a_link_that_was_not_reached_is_worth_another_try(media: Media) -> None:
    with pytest.raises(MediaAway):
        await media.upload(File("http://127.0.0.1:1/x", Form.IMAGE))
    with pytest.raises(MediaNotUsable):
        await media.upload(File("ftp://127.0.0.1/x", Form.IMAGE))


async def test_a_file_that_is_on_another_machine_is_waited_for(
    pool: Pool, storage: Storage, disk: Disk, tmp_path: Path, metrics: MediaMetrics
) -> None:
    reference = await stored(storage, disk, files.pdf(1))
    clock = ManualClock()
    lifetimes = Lifetimes(timedelta(days=1), timedelta(hours=1))
    elsewhere = Storage(pool, Disk(tmp_path / "other"), None, None, lifetimes, clock, metrics)
    async with Outbound() as outbound:
        fetching = Fetching(outbound, elsewhere, clock, timedelta(minutes=1))
        waiting = asyncio.ensure_future(fetching.fetch(reference, INSTANCE, tmp_path / "file", LIMIT))
        while not waiting.done():
            await asyncio.sleep(0.001)
            clock.move(1)
        with pytest.raises(MediaWaits) as waited:
            await waiting
    assert not waited.value.burns_attempt


async def test_a_full_disk_is_no_fault_of_the_file(desk: Desk, session: SimulatedSession, tmp_path: Path) -> None:
    (tmp_path / "media").write_text("in the way")
    with pytest.raises(MediaAway):
        await desk.of(INSTANCE, session).upload(File("http://127.0.0.1/x", Form.IMAGE))


async def test_a_session_that_is_gone_takes_no_upload(
    media: Media, server: WebServer, session: SimulatedSession
) -> None:
    server.replies["/pdf"] = answer(files.pdf(1))
    await session.drop()
    with pytest.raises(NotConnected):
        await media.upload(File(server.url("/pdf"), Form.DOCUMENT))


async def test_an_engine_without_the_power_is_said_so(desk: Desk) -> None:
    class Bare:
        is_connected = True

    with pytest.raises(NotSupported):
        await desk.of(INSTANCE, Bare()).upload(File("http://127.0.0.1/x", Form.IMAGE))  # type: ignore[arg-type]


async def test_large_uploads_leave_a_place_to_the_others(
    storage: Storage, disk: Disk, workshop: Workshop, metrics: MediaMetrics, session: SimulatedSession, tmp_path: Path
) -> None:
    began: list[int] = []
    hold = asyncio.Event()
    upload = session.upload

    async def slow(path: Path, kind: MediaKind) -> UploadedFile:
        size = len(await asyncio.to_thread(path.read_bytes))
        began.append(size)
        if size > 1_000:
            await hold.wait()
        return await upload(path, kind)

    session.upload = slow  # type: ignore[method-assign]
    clock = SystemClock()
    async with Outbound() as outbound:
        fetching = Fetching(outbound, storage, clock, timedelta(minutes=1))
        rules = DeskRules(LIMIT, LIMIT, uploads_at_once=2, large=1_000)
        media = Desk(fetching, workshop, Cards(outbound, workshop), disk, rules, clock, metrics).of(INSTANCE, session)
        large = await stored(storage, disk, files.pdf(1) + bytes(2_000))
        waiting = [asyncio.ensure_future(media.upload(File(large, Form.DOCUMENT))) for _ in range(3)]
        await eventually(lambda: began)
        small = await stored(storage, disk, files.pdf(1))
        await media.upload(File(small, Form.DOCUMENT))
        assert sum(size > 1_000 for size in began) == 1
        hold.set()
        await asyncio.gather(*waiting)
    assert len(began) == 4
    assert work_left(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(media: Media, server: WebServer, tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def never(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    server.replies["/never"] = never
    waiting = asyncio.ensure_future(media.upload(File(server.url("/never"), Form.IMAGE)))
    await asked.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert work_left(tmp_path) == []


# --- cards of links ---

PAGE = b"""<!doctype html><html><head><title>Shop &amp; more</title>
<meta property="og:title" content="The shop"><meta name="description" content="Everything
in one place"><meta property="og:image" content="/logo.png"></head><body><title>no</title></body></html>"""


async def test_a_page_says_what_its_card_shows(media: Media, server: WebServer, tmp_path: Path) -> None:
    server.replies |= {
        "/": answer(PAGE, content_type="text/html; charset=utf-8"),
        "/logo.png": answer(files.picture(tmp_path / "p", format="PNG").read_bytes()),
    }
    card = await media.look_up(server.url("/"))
    assert card is not None
    assert (card.title, card.description) == ("The shop", "Everything in one place")
    assert card.thumbnail.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("reply", "has_card"),
    [
        (answer(b"<title>Only this</title>", content_type="text/html"), True),
        (answer(PAGE, content_type="text/html"), True),  # its picture is missing
        (answer(PAGE), False),
        (answer(b"<html>", content_type="text/html"), False),
        (answer(status=500), False),
        (redirect("http://10.0.0.1/"), False),
        (answer(b"<![" + b"<" * 100_000, content_type="text/html"), False),
        (b"rubbish\r\n\r\n", False),
    ],
)
async def test_a_page_that_says_nothing_has_no_card(
    media: Media, server: WebServer, reply: bytes, has_card: bool
) -> None:
    server.replies["/"] = reply
    card = await media.look_up(server.url("/"))
    assert (card is not None) is has_card
    if card is not None:
        assert card.thumbnail == b""


async def test_a_card_is_not_looked_up_inside(media: Media) -> None:
    assert await media.look_up("http://169.254.169.254/") is None
    assert await media.look_up("file:///etc/passwd") is None


async def test_each_step_is_measured_by_what_the_file_becomes(
    media: Media, server: WebServer, metrics: MediaMetrics, tmp_path: Path
) -> None:
    picture = files.picture(tmp_path / "p", (300, 200)).read_bytes()
    server.replies |= {"/picture": answer(picture), "/large": answer(bytes(LIMIT + 1))}
    await media.upload(File(server.url("/picture"), Form.IMAGE))
    for missing in ("/missing", "/large"):
        with pytest.raises(DeliveryError):
            await media.upload(File(server.url(missing), Form.IMAGE))

    def total(metric: Any) -> dict[tuple[str, ...], float]:
        return {
            tuple(sample.labels.values()): sample.value
            for family in metric.collect()
            for sample in family.samples
            if sample.name.endswith(("_count", "_sum", "_total")) and sample.value
        }

    assert {labels[0] for labels in total(metrics.duration)} == {"fetch", "convert", "upload"}
    assert total(metrics.size)["upload", "image"] == len(picture)
    assert total(metrics.failures) == {("fetch", "image", "media-not-usable"): 2}
