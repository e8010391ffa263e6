"""Files through real programs: a bucket that is away or killed under load, and a disk that is full."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from common.postgres import Pool
from loadtests.measure.bucket_server import BucketServer
from loadtests.measure.link import Link
from tests.frontend.gateway import CLIENT_TOKEN, Caller, Gateway, gateway_on, settings_for
from tests.system.programs import Sender, frontend_process
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio

FILES = 60
UPLOADS, UPLOAD, PIECE = 32, 8_000_001, 60_000  # files at once; bytes; bytes of one piece, divisible by 3


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[BucketServer]:
    with BucketServer(tmp_path / "bucket.log").running() as server:
        yield server


@contextmanager
def sender_on(database: str, redis_url: str, folder: Path, settings: dict[str, str]) -> Iterator[Sender]:
    """On a machine of its own: its disk is not the frontend's."""
    folder.mkdir()
    sender = Sender(database, redis_url, folder, **settings)
    sender.start()
    try:
        yield sender
    finally:
        sender.terminate()


@asynccontextmanager
async def frontend_on(database: str, redis_url: str, folder: Path, settings: dict[str, str]) -> AsyncIterator[Gateway]:
    changes: dict[str, Any] = {name.lower(): value for name, value in settings.items()}
    made = settings_for(database, redis_url, media_local_storage_path=str(folder), media_move_interval=0.5, **changes)
    async with gateway_on(made) as gateway:
        yield gateway


def document(number: int) -> dict[str, str]:
    content = f"%PDF-1.4 {number}\n".encode() + os.urandom(200_000)
    uri = f"data:application/pdf;base64,{base64.b64encode(content).decode()}"
    return {"phone": f"55119{number % 7:08d}", "document": uri, "fileName": str(number)}


async def accept(caller: Caller, numbers: range) -> set[str]:
    """The ids of what was accepted, a few requests at a time."""
    turns = asyncio.Semaphore(4)

    async def one(number: int) -> str:
        async with turns:
            answered = await caller.post("send-document/pdf", document(number))
            assert answered.status_code == 200, answered.text
            message_id: str = answered.json()["messageId"]
            return message_id

    return set(await asyncio.gather(*(one(number) for number in numbers)))


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "disk-id"]


@asynccontextmanager
async def link_to(port: int) -> AsyncIterator[Link]:
    link = Link(port)
    await link.open()
    try:
        yield link
    finally:
        await link.close()


async def test_a_bucket_that_goes_away_under_load_costs_no_message_and_gets_its_files_later(
    database: str, redis_url: str, pool: Pool, bucket: BucketServer, tmp_path: Path
) -> None:
    async with link_to(bucket.port) as link:
        settings = {**bucket.settings, "S3_ENDPOINT": f"http://127.0.0.1:{link.port}"}
        with sender_on(database, redis_url, tmp_path / "sender", settings) as sender:
            async with frontend_on(database, redis_url, tmp_path / "frontend", settings) as gateway:
                caller = await gateway.create(pool)
                accepting = asyncio.ensure_future(accept(caller, range(FILES)))
                await eventually(lambda: pool.fetchval("SELECT count(*) > 10 FROM media"), PATIENCE)
                await link.close()
                accepted = await accepting
                assert await pool.fetchval("SELECT count(*) > 10 FROM media WHERE place = 'disk'")
                assert len(files_in(tmp_path / "frontend")) > 10
                await link.open()
                await eventually(lambda: pool.fetchval("SELECT bool_and(place = 'bucket') FROM media"), PATIENCE)
                handed = await sender.handed_at_least(FILES, PATIENCE)
            assert len(accepted) == FILES
            assert {one[2] for one in handed} == accepted
            assert await pool.fetchval("SELECT count(*) FROM media") == FILES
            assert files_in(tmp_path / "frontend") == []
            assert files_in(tmp_path / "sender" / "media") == []


async def test_what_is_accepted_while_the_bucket_is_dead_is_sent_when_it_is_back(
    database: str, redis_url: str, pool: Pool, bucket: BucketServer, tmp_path: Path
) -> None:
    with sender_on(database, redis_url, tmp_path / "sender", bucket.settings) as sender:
        async with frontend_on(database, redis_url, tmp_path / "frontend", bucket.settings) as gateway:
            caller = await gateway.create(pool)
            bucket.kill()
            accepted = await accept(caller, range(10))
            assert (await caller.send_text()).status_code == 200
            bucket.start()
            handed = await sender.handed_at_least(11, PATIENCE)
    assert accepted < {one[2] for one in handed}
    assert await pool.fetchval("SELECT sum(attempts) FROM message_history") == 11


async def test_a_full_disk_refuses_the_file_and_nothing_else(
    database: str, redis_url: str, pool: Pool, tmp_path: Path
) -> None:
    """A limit on the size of files stands for a disk that has no more space: the system refuses the write."""
    settings = settings_for(database, redis_url, media_local_storage_path=str(tmp_path / "frontend"))
    async with frontend_process(settings, tmp_path / "frontend.log", largest_file=2_000_000) as gateway:
        caller = await gateway.create(pool)
        content = base64.b64encode(b"%PDF-1.4" + bytes(3_000_000)).decode()
        body = {"phone": "5511988887777", "document": f"data:application/pdf;base64,{content}"}
        refused = await caller.post("send-document/pdf", body)
        assert (refused.status_code, list(refused.json())) == (507, ["error"])
        assert "no space left" in refused.json()["error"]
        assert (await caller.post("send-document/pdf", document(1))).status_code == 200
        assert (await caller.send_text()).status_code == 200
    assert await pool.fetchval("SELECT count(*) FROM media") == 1
    assert len(files_in(tmp_path / "frontend")) == 1


async def test_parallel_uploads_stay_within_memory(database: str, redis_url: str, pool: Pool, tmp_path: Path) -> None:
    """Bodies held whole would take four times what is allowed here, and parsing them twice that."""
    settings = settings_for(database, redis_url, media_local_storage_path=str(tmp_path / "frontend"))
    async with frontend_process(settings, tmp_path / "frontend.log") as gateway:
        caller = await gateway.create(pool)
        assert (await caller.post("send-document/pdf", document(0))).status_code == 200
        alive = [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
        (process,) = [one for one in alive if one.cmdline()[-1] == "frontend"]
        before = process.memory_info().rss
        most = 0

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, process.memory_info().rss)
                await asyncio.sleep(0.02)

        watching = asyncio.ensure_future(watch())
        uploads = [upload(gateway, caller, number) for number in range(UPLOADS)]
        assert await asyncio.gather(*uploads) == [200] * UPLOADS
        watching.cancel()
    grown, encoded = most - before, UPLOADS * UPLOAD * 4 // 3
    assert grown < encoded // 4, f"{grown:,} bytes for {encoded:,}"


async def upload(gateway: Gateway, caller: Caller, number: int) -> int:
    """One file, handed over in small pieces so that this process does not hold it either."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"phone": "5511988887777", "document": "data:application/pdf;base64,'
        yield base64.b64encode(f"%PDF-1.4 {number:06d}".encode())
        for _ in range(UPLOAD // PIECE):
            yield base64.b64encode(bytes([number]) * PIECE)
        yield b'"}'

    headers = {"Client-Token": CLIENT_TOKEN, "Content-Type": "application/json"}
    url = f"{caller.base}/send-document/pdf"
    return (await gateway.client.post(url, content=pieces(), headers=headers)).status_code
