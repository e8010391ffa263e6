"""Received files: downloaded, stored, linked to; the callback waits for them or says what went wrong."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import orjson
import pytest
from prometheus_client import CollectorRegistry

from common.clock import SystemClock
from common.errors import DeliveryError, MediaAway, MediaNotUsable
from common.media.disk import Disk
from common.media.errors import MediaComing, MediaGone
from common.media.links import Links
from common.media.storage import Lifetimes, Storage
from common.metrics import MediaMetrics, SenderMetrics
from common.postgres import Connection, Pool
from common.tables import received_media, shard
from sender.autopilot import Autopilot
from sender.inbox import Inbox
from sender.media.linking import ReceivedLinks
from sender.media.receiving import LARGE, Receiving, ReceivingRules, without_link
from sender.sessions import Held
from sender.translation.families import Translator
from sender.whatsapp.engine_events import e2e
from sender.whatsapp.session import Account, Event, Raw
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine
from tests.builders import SHARDS, insert_instance
from tests.sender.silence import silent_pictures
from tests.sender.translation.told import message, text
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
SMALL = b"\xff\xd8\xff\xe0small"
LARGEST = 1_000_000
MONTH = timedelta(days=30)


async def ignore(event: Event) -> None:
    return


class Reception:
    """A node's inbox and its pipeline of received files. Its settings may be changed before it is `open`."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.pool = pool
        self.wait = timedelta(seconds=60)
        self.largest = LARGEST
        self.rules = ReceivingRules(LARGEST)
        self.registry = CollectorRegistry()
        self.metrics = MediaMetrics(self.registry)
        self.links = Links("key", "https://pombo.test")
        self.disk = Disk(folder)
        lifetimes = Lifetimes(MONTH, MONTH)
        self.storage = Storage(pool, self.disk, None, self.links, lifetimes, SystemClock(), self.metrics)
        self.held: dict[int, int] = {}
        self.sessions: dict[UUID, Held] = {}
        self.released: list[UUID] = []
        self.engine = SimulatedEngine(Behaviour(), Journal())

    @asynccontextmanager
    async def open(self) -> "AsyncIterator[Reception]":
        await self.pool.execute("UPDATE shard SET lease_until = NULL")
        rows = await self.pool.fetch(shard.CLAIM, list(range(SHARDS)), "node", timedelta(minutes=5))
        self.held = {row[0]: row[1] for row in rows}
        clock = SystemClock()
        linking = ReceivedLinks(self.links, clock, wait=self.wait, lifetime=MONTH, largest=self.largest)
        self.receiving = Receiving(
            self.pool, lambda: self.held, self.sessions.get, self.storage, self.disk, self.released.append, self.rules,
            clock, self.metrics, Random(1),
        )  # fmt: skip
        autopilot = Autopilot(
            self.pool, lambda: self.held, lambda one: None, lambda one: None, lambda instances: None, clock,
            max_attempts=3,
        )  # fmt: skip
        self.inbox = Inbox(
            self.pool, lambda: self.held, lambda instances: None, Translator(linking), self.engine,
            SenderMetrics(CollectorRegistry()), autopilot=autopilot, pictures=silent_pictures(self.pool, clock),
            on_files=self.receiving.look,
        )  # fmt: skip
        async with self.engine:
            running = [asyncio.ensure_future(part.run()) for part in (self.inbox, self.receiving)]
            try:
                yield self
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)

    async def instance(self, *, is_linked: bool = True, **columns: object) -> UUID:
        columns = {"received_callback_url": "https://hooks.example.com", "phone": "5511912345678", **columns}
        instance = await insert_instance(self.pool, **columns)
        if is_linked:
            await self.link(instance)
        return instance

    async def link(self, instance: UUID) -> None:
        session = await self.engine.open(Account(instance.hex, "5511900000001:1@s.whatsapp.net"), ignore)
        await eventually(lambda: session.is_connected)
        place = await self.shard_of(instance)
        self.sessions[instance] = Held(place, self.held[place], session)

    async def shard_of(self, instance: UUID) -> int:
        place: int = await self.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
        return place

    async def hear(self, instance: UUID, content: Any) -> None:
        row = message(content)
        await self.inbox.hear(await self.shard_of(instance), instance, Raw(row.code, row.body, datetime.now(UTC)))

    async def told(self, instance: UUID) -> list[dict[str, Any]]:
        rows = await self.pool.fetch("SELECT body FROM event WHERE instance_id = $1 ORDER BY seq", instance)
        return [orjson.loads(row[0]) for row in rows]

    async def waits(self, instance: UUID) -> bool:
        found: bool = await self.pool.fetchval(
            "SELECT bool_or(status = 'waiting') FROM event_outbox WHERE instance_id = $1", instance
        )
        return found

    async def content(self, url: str) -> bytes:
        """What a frontend would give for a link."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = UUID(hex=parts.path.rpartition("/")[2])
        assert self.links.is_valid(name, query["expires"], query["signature"], datetime.now(UTC))
        found = await self.storage.find(name)
        return b"".join([part async for part in self.storage.read(found)])

    async def states(self) -> Mapping[str, int]:
        return dict(await self.pool.fetch("SELECT state, count(*) FROM received_media GROUP BY state"))


@pytest.fixture
def reception(pool: Pool, tmp_path: Path) -> Reception:
    return Reception(pool, tmp_path / "media")


def picture(content: bytes = JPEG, path: str = "/v/picture", **fields: Any) -> Any:
    values = {
        "directPath": path, "mediaKey": bytes(32), "fileSHA256": hashlib.sha256(content).digest(),
        "fileEncSHA256": bytes(32), "fileLength": len(content), "mimetype": "image/jpeg", **fields,
    }  # fmt: skip
    return e2e.Message(imageMessage=e2e.ImageMessage(**values))


async def test_a_callback_waits_for_its_file_and_then_links_to_it(reception: Reception) -> None:
    async with reception.open():
        instance = await reception.instance()
        reception.engine.files["/v/picture"] = JPEG
        await reception.hear(instance, picture(JPEGThumbnail=SMALL))
        await eventually(lambda: instance in reception.released)
        assert not await reception.waits(instance)
        (body,) = await reception.told(instance)
        assert body["image"]["downloadError"] is None
        assert await reception.content(body["image"]["imageUrl"]) == JPEG
        assert await reception.content(body["image"]["thumbnailUrl"]) == SMALL
        expires = int(parse_qs(urlsplit(body["image"]["imageUrl"]).query)["expires"][0])
    assert abs(expires - (datetime.now(UTC) + MONTH).timestamp()) < 60
    assert list((reception.disk._root / "work").iterdir()) == []


async def test_of_two_files_that_are_decided_at_once_one_lets_the_callback_go(reception: Reception) -> None:
    instance = await reception.instance(is_linked=False)
    async with reception.open():
        await reception.hear(instance, picture(JPEGThumbnail=SMALL))
        await eventually(lambda: is_stored_beside(reception))
    async with reception.pool.acquire() as one, reception.pool.acquire() as other:
        await one.execute(
            "UPDATE received_media SET state = 'waiting', media_id = NULL, content = coalesce(content, '')"
        )
        await one.execute("UPDATE event_outbox SET status = 'waiting', media_until = now() + interval '1 minute'")
        files = await one.fetch("SELECT id, event_id FROM received_media")
        assert len(files) == 2

        async def decide(connection: Connection, number: int) -> bool:
            await connection.execute(received_media.HOLD_EVENT, files[number]["event_id"])
            await connection.execute(received_media.FAILED, files[number]["id"], "gone")
            return bool(await connection.fetch(received_media.RELEASE, files[number]["event_id"]))

        async def decide_all(connection: Connection, number: int) -> bool:
            async with connection.transaction():
                return await decide(connection, number)

        transaction = one.transaction()
        await transaction.start()
        first = await decide(one, 0)
        second = asyncio.ensure_future(decide_all(other, 1))
        await eventually(lambda: is_blocked(reception))
        await transaction.commit()
        assert (first, await second) == (False, True)


async def is_stored_beside(reception: Reception) -> bool:
    """The thumbnail came with the message; the picture waits for a session."""
    return await reception.states() == {"stored": 1, "waiting": 1}


async def is_blocked(reception: Reception) -> bool:
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(await reception.pool.fetchval(waits))


@pytest.mark.parametrize("name", ["video", "audio", "document", "sticker"])
async def test_every_kind_of_file_is_received(reception: Reception, name: str) -> None:
    url = f"{name}Url"
    async with reception.open():
        instance = await reception.instance()
        reception.engine.files["/v/it"] = b"content"
        fields = {"directPath": "/v/it", "mediaKey": bytes(32), "fileEncSHA256": bytes(32), "fileLength": 7}
        content = e2e.Message()
        part = getattr(content, f"{name}Message")
        for key, value in fields.items():
            setattr(part, key, value)
        await reception.hear(instance, content)
        await eventually(lambda: instance in reception.released)
        (body,) = await reception.told(instance)
        assert await reception.content(body[name][url]) == b"content"


async def test_a_file_whose_time_is_over_before_it_is_here_still_arrives(reception: Reception) -> None:
    """The callback went first, by setting; its link works once the file is here."""
    reception.wait = timedelta(0)
    async with reception.open():
        instance = await reception.instance(is_linked=False)
        reception.engine.files["/v/picture"] = JPEG
        await reception.hear(instance, picture())
        await eventually(lambda: reception.states())
        (body,) = await reception.told(instance)
        assert not await reception.waits(instance)
        with pytest.raises(MediaComing):
            await reception.content(body["image"]["imageUrl"])
        await reception.link(instance)
        await eventually(lambda: is_stored_now(reception))
        assert await reception.content(body["image"]["imageUrl"]) == JPEG
        # Waiting for a connection costs no attempt.
        assert await reception.pool.fetchval("SELECT attempts FROM received_media") == 1


async def is_stored_now(reception: Reception) -> bool:
    """It need not wait for its next turn: a try under way may put that off once more."""
    await reception.pool.execute("UPDATE received_media SET next_attempt_at = now() WHERE state = 'waiting'")
    reception.receiving.look()
    return await is_stored(reception)


async def is_stored(reception: Reception) -> bool:
    return set(await reception.states()) == {"stored"}


ENDS: dict[str, tuple[list[DeliveryError], dict[str, Any], str]] = {
    "the servers do not have it": ([], {}, "do not have the file"),
    "it is damaged": ([MediaNotUsable("the file is not what the message says of it")], {}, "is not what the message"),
    "it is said to be too large": ([], {"fileLength": LARGEST + 1}, "larger than"),
    "it is said to be larger than anything": ([], {"fileLength": 2**64 - 1}, "larger than"),
    "it has no path": ([], {"directPath": ""}, "does not say where"),
    "its path leads elsewhere": ([], {"directPath": "@127.0.0.1/"}, "does not say where"),
    "its key is none": ([], {"mediaKey": b"short"}, "does not say where"),
    "it never comes": ([MediaAway("later")] * 3, {}, "later"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_a_file_that_cannot_be_had_is_told_with_the_reason(reception: Reception, case: str) -> None:
    errors, fields, words = ENDS[case]
    async with reception.open():
        instance = await reception.instance()
        reception.engine.download_errors["/v/picture"] = list(errors)
        await reception.hear(instance, picture(**fields))

        async def is_over() -> bool:
            # What is tried again is tried now.
            await reception.pool.execute("UPDATE received_media SET next_attempt_at = now() WHERE state = 'waiting'")
            reception.receiving.look()
            return len(await reception.told(instance)) == 1 and not await reception.waits(instance)

        await eventually(is_over)
        (body,) = await reception.told(instance)
        assert body["image"]["imageUrl"] == ""
        assert words in body["image"]["downloadError"]
        assert await reception.pool.fetchval("SELECT count(*) FROM media") == 0


async def test_a_file_that_is_larger_than_it_was_said_to_be_is_not_kept(reception: Reception) -> None:
    async with reception.open():
        instance = await reception.instance()
        reception.engine.files["/v/picture"] = bytes(LARGEST + 1)
        await reception.hear(instance, picture(fileLength=10))
        await eventually(lambda: instance in reception.released)
        (body,) = await reception.told(instance)
        assert "larger than" in body["image"]["downloadError"]
    assert await reception.pool.fetchval("SELECT count(*) FROM media") == 0


async def test_the_same_content_twice_is_one_file_with_two_links(reception: Reception) -> None:
    async with reception.open():
        instance = await reception.instance()
        reception.engine.files |= {"/v/1": JPEG, "/v/2": JPEG}
        for path in ("/v/1", "/v/2"):
            await reception.hear(instance, picture(path=path))
        await eventually(lambda: len(reception.released) == 2)
        urls = {body["image"]["imageUrl"] for body in await reception.told(instance)}
        assert len(urls) == 2
        assert {await reception.content(url) for url in urls} == {JPEG}
    assert await reception.pool.fetchval("SELECT count(*) FROM media") == 1


async def test_a_file_that_nobody_is_told_of_is_not_downloaded(reception: Reception) -> None:
    async with reception.open():
        instance = await reception.instance(received_callback_url=None)
        listening = await reception.instance()
        for each in (instance, listening):
            await reception.hear(each, picture())
        await eventually(lambda: reception.states())
    assert await reception.pool.fetch("SELECT DISTINCT instance_id FROM received_media") == [(listening,)]


async def test_a_row_of_a_node_that_ended_is_taken_up_by_the_next(reception: Reception) -> None:
    async with reception.open():
        instance = await reception.instance(is_linked=False)
        await reception.hear(instance, picture())
        await eventually(lambda: reception.states())
    next_node = Reception(reception.pool, reception.disk._root)
    async with next_node.open():
        next_node.engine.files["/v/picture"] = JPEG
        await next_node.link(instance)

        async def is_taken_up() -> bool:
            # An attempt from before the link may put it off yet.
            await reception.pool.execute("UPDATE received_media SET next_attempt_at = now()")
            next_node.receiving.look()
            return await is_stored(next_node)

        await eventually(is_taken_up)


async def test_a_node_that_lost_the_shard_writes_nothing(reception: Reception) -> None:
    async with reception.open():
        instance = await reception.instance(is_linked=False)
        reception.engine.files["/v/picture"] = JPEG
        await reception.hear(instance, picture())
        await eventually(lambda: reception.states())
        await reception.link(instance)
        await reception.pool.execute("UPDATE shard SET epoch = epoch + 1")
        await reception.pool.execute("UPDATE received_media SET next_attempt_at = now(), attempts = 0")
        reception.receiving.look()
        await eventually(lambda: reception.pool.fetchval("SELECT count(*) > 0 FROM media"))
        assert await reception.states() == {"waiting": 1}


async def test_one_instance_does_not_take_every_place(reception: Reception) -> None:
    reception.rules = replace(reception.rules, at_once=3)
    started: list[str] = []
    hold = asyncio.Event()
    async with reception.open():
        busy, other = await reception.instance(), await reception.instance()

        for instance in (busy, other):
            session = reception.engine.sessions[instance.hex]

            async def download(file: Any, target: Path, largest: int, name: UUID = instance) -> None:
                started.append(name.hex)
                await hold.wait()
                await asyncio.to_thread(target.write_bytes, JPEG)

            session.download = download  # type: ignore[method-assign]
        for number in range(6):
            await reception.hear(busy, picture(path=f"/v/{number}"))
        await reception.hear(other, picture())
        await eventually(lambda: len(started) == 3)
        assert sorted(started) == sorted([busy.hex, busy.hex, other.hex])
        hold.set()
        await eventually(lambda: len(reception.released) == 7)


async def test_large_files_wait_for_each_other_and_hold_up_no_small_one(reception: Reception) -> None:
    reception.rules = replace(reception.rules, at_once=3)
    reception.largest = 2 * LARGE
    started: list[int] = []
    hold = asyncio.Event()
    async with reception.open():
        instances = [await reception.instance() for _ in range(4)]

        async def download(file: Any, target: Path, largest: int) -> None:
            started.append(file.length)
            if file.length > LARGE:
                await hold.wait()
            await asyncio.to_thread(target.write_bytes, JPEG)

        for instance in instances:
            reception.engine.sessions[instance.hex].download = download  # type: ignore[method-assign]
            await reception.hear(instance, picture(fileLength=LARGE + 1))
        await eventually(lambda: started)
        for instance in instances:
            await reception.hear(instance, picture())
        await eventually(lambda: len(started) == 5)
        assert sorted(started) == [len(JPEG)] * 4 + [LARGE + 1]
        hold.set()
        await eventually(lambda: len(reception.released) == 8)


async def test_messages_without_files_wait_for_nothing(reception: Reception) -> None:
    async with reception.open():
        instance = await reception.instance()
        await reception.hear(instance, text("hello"))
        await eventually(lambda: reception.told(instance))
        assert not await reception.waits(instance)
    assert await reception.states() == {}


async def test_links_that_are_over_are_forgotten(reception: Reception) -> None:
    async with reception.open():
        instance = await reception.instance()
        await reception.hear(instance, picture())
        await eventually(lambda: reception.states())
        await reception.pool.execute("UPDATE received_media SET expires_at = now()")
        assert await reception.pool.execute(received_media.FORGET, 10) == "DELETE 1"
        (body,) = await reception.told(instance)
        if url := body["image"]["imageUrl"]:
            with pytest.raises(MediaGone):
                await reception.content(url)


def test_a_link_is_taken_out_wherever_it_stands() -> None:
    mine, other = UUID(int=1), UUID(int=2)
    url = Links("key", "https://pombo.test").make
    until = datetime(2030, 1, 1, tzinfo=UTC)
    body = {
        "image": {"imageUrl": url(mine, until), "thumbnailUrl": url(other, until), "downloadError": None},
        "cards": [{"header": {"imageUrl": url(mine, until)}}],
    }
    found = orjson.loads(without_link(orjson.dumps(body), mine, "gone"))
    assert found == {
        "image": {"imageUrl": "", "thumbnailUrl": url(other, until), "downloadError": "gone"},
        "cards": [{"header": {"imageUrl": ""}}],
    }


async def test_files_that_are_not_here_yet_are_counted(reception: Reception) -> None:
    instance = await reception.instance(is_linked=False)
    async with reception.open():
        for _ in range(3):
            await reception.hear(instance, picture())
        await eventually(lambda: reception.pool.fetchval("SELECT count(*) = 3 FROM received_media"))
    async with reception.open():
        await eventually(lambda: reception.registry.get_sample_value("media_waiting_to_download") == 3)
