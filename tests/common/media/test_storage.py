"""Storing files: where they lie, that the same content is one file, and what happens when a place is away or full."""

import asyncio
import hashlib
import os
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from common.local.processes import free_port
from common.media.bucket import Bucket, BucketAddress
from common.media.disk import Disk
from common.media.errors import DiskFull, MediaElsewhere, MediaGone
from common.media.storage import Storage
from common.metrics import MediaMetrics
from common.postgres import Pool
from common.tables.media import Media
from loadtests.measure.bucket_server import BucketServer
from tests.builders import insert_instance, new_message
from tests.common.media.conftest import Build
from tests.waiting import quickly

pytestmark = pytest.mark.anyio

INSTANCE = uuid4()
CONTENT = b"%PDF-1.4\n" + bytes(range(256)) * 3000


async def keep(
    storage: Storage, disk: Disk, content: bytes = CONTENT, instance: UUID = INSTANCE, **how: object
) -> Media:
    with disk.arrive() as arriving:
        for start in range(0, len(content), 100_000):
            arriving.write(content[start : start + 100_000])
        return await storage.keep(arriving, instance, origin="sent", **how)  # type: ignore[arg-type]


async def content_of(storage: Storage, media: Media) -> bytes:
    return b"".join([part async for part in storage.read(media)])


def files_on(disk: Disk, root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.name != "disk-id"]


def nowhere() -> Bucket:
    return Bucket(BucketAddress("files", f"http://127.0.0.1:{free_port()}", "us-east-1", "a", SecretStr("b")))


async def test_a_file_is_kept_on_disk_and_found_again(build: Build, disk: Disk, tmp_path: Path) -> None:
    storage, _ = build()
    media = await keep(storage, disk)
    assert (media.mime, media.size, media.sha256) == ("application/pdf", len(CONTENT), hashlib.sha256(CONTENT).digest())
    assert await content_of(storage, await storage.find(media.id)) == CONTENT
    work = disk.work_folder()
    assert await storage.fetch(media.id, work / "file") == media
    assert (work / "file").read_bytes() == CONTENT


async def test_the_same_content_of_an_instance_is_one_file_and_is_kept_longer(
    build: Build, disk: Disk, tmp_path: Path
) -> None:
    storage, _ = build()
    first = await keep(storage, disk)
    again = await keep(storage, disk, not_before=datetime.now(UTC) + timedelta(days=100))
    other = await keep(storage, disk, instance=uuid4())
    assert again.id == first.id
    assert again.expires_at - first.expires_at > timedelta(days=99)
    assert other.id != first.id
    assert len(files_on(disk, tmp_path / "media")) == 2


async def test_the_same_content_stored_at_the_same_time_is_one_file(build: Build, disk: Disk, tmp_path: Path) -> None:
    storage, _ = build()
    stored = await asyncio.gather(*(keep(storage, disk) for _ in range(10)))
    assert len({media.id for media in stored}) == 1
    assert len(files_on(disk, tmp_path / "media")) == 1


async def test_a_file_that_does_not_arrive_leaves_nothing(build: Build, disk: Disk, tmp_path: Path) -> None:
    with disk.arrive() as arriving:
        arriving.write(b"half")
    assert files_on(disk, tmp_path / "media") == []


async def test_a_bucket_gets_the_file_and_the_disk_keeps_none(
    build: Build, disk: Disk, tmp_path: Path, bucket_server: BucketServer
) -> None:
    storage, _ = build(Bucket(bucket_server.address), presigned=True)
    media = await keep(storage, disk, CONTENT * 10)
    assert media.place == "bucket"
    assert files_on(disk, tmp_path / "media") == []
    assert await content_of(storage, media) == CONTENT * 10
    work = disk.work_folder()
    await storage.fetch(media.id, work / "file")
    assert (work / "file").read_bytes() == CONTENT * 10
    link = await storage.link(media)
    assert link is not None
    with await asyncio.to_thread(urllib.request.urlopen, link) as answer:
        assert answer.read() == CONTENT * 10
        assert answer.headers["content-type"] == "application/pdf"


async def test_while_the_bucket_is_away_files_stay_on_disk_and_are_moved_later(
    build: Build, disk: Disk, tmp_path: Path, bucket_server: BucketServer, metrics: MediaMetrics
) -> None:
    away, upkeep_away = build(nowhere())
    media = await keep(away, disk)
    assert media.place == "disk"
    assert await content_of(away, media) == CONTENT
    assert await upkeep_away.move() == 0
    storage, upkeep = build(Bucket(bucket_server.address))
    assert await upkeep.move() == 1
    moved = await storage.find(media.id)
    assert moved.place == "bucket"
    assert files_on(disk, tmp_path / "media") == []
    assert await content_of(storage, moved) == CONTENT


async def test_a_bucket_that_failed_is_left_alone_for_a_while(build: Build, disk: Disk) -> None:
    storage, _ = build(nowhere())
    await keep(storage, disk)
    another = await quickly(0.5, lambda: keep(storage, disk, b"another"))  # trying it again would take longer
    assert another.place == "disk"


async def test_a_file_on_another_machines_disk_is_not_mistaken_for_a_lost_one(
    build: Build, disk: Disk, tmp_path: Path
) -> None:
    storage, _ = build()
    media = await keep(storage, disk)
    elsewhere, _ = build(disk=Disk(tmp_path / "other"))
    with pytest.raises(MediaElsewhere):
        await elsewhere.fetch(media.id, tmp_path / "file")
    shared, _ = build(disk=Disk(tmp_path / "media"))
    assert await content_of(shared, media) == CONTENT


@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_a_full_disk_is_said_so_and_nothing_is_left(
    build: Build, tmp_path: Path, pool: Pool, size: int, full_disk: Disk
) -> None:
    storage, _ = build(disk=full_disk)
    with pytest.raises(DiskFull, match="no space left"):
        await keep(storage, full_disk, bytes(size))
    assert await pool.fetchval("SELECT count(*) FROM media") == 0
    assert files_on(full_disk, tmp_path / "full") == []


async def test_what_has_expired_is_deleted(
    build: Build, disk: Disk, tmp_path: Path, pool: Pool, bucket_server: BucketServer
) -> None:
    storage, upkeep = build(lifetime=timedelta(0))
    kept = await keep(build()[0], disk, b"kept")
    on_disk = await keep(storage, disk, b"over")
    bucket = Bucket(bucket_server.address)
    in_bucket_storage, upkeep = build(bucket, lifetime=timedelta(0))
    in_bucket = await keep(in_bucket_storage, disk, b"over too")
    assert await upkeep.clean() == 2
    for gone in (on_disk, in_bucket):
        with pytest.raises(MediaGone):
            await storage.find(gone.id)
    with pytest.raises(MediaGone):
        await content_of(in_bucket_storage, in_bucket)
    assert files_on(disk, tmp_path / "media") == [disk.path_of(kept.key)]


@pytest.mark.parametrize("place", ["message_queue", "message_dead_letter"])
async def test_a_file_that_a_message_waits_for_is_kept_beyond_its_time(
    build: Build, disk: Disk, pool: Pool, place: str
) -> None:
    storage, upkeep = build(lifetime=timedelta(0))
    instance = await insert_instance(pool)
    media = await keep(storage, disk, instance=instance)
    message = new_message(instance)
    payload = f'{{"image": "media:{media.id.hex}"}}'
    insert = {
        "message_queue": """INSERT INTO message_queue (id, instance_id, shard, zaap_id, message_id, kind, chat, payload,
            max_attempts, delay_typing, is_due) VALUES (1, $1, 1, $2, 'A', 'image', 'chat', $3, 3, 0, true)""",
        "message_dead_letter": """INSERT INTO message_dead_letter (id, instance_id, shard, zaap_id, message_id, kind,
            chat, payload, attempts, max_attempts, delay_typing, accepted_at, finished_at, error, error_class, metadata)
            VALUES (1, $1, 1, $2, 'A', 'image', 'chat', $3, 3, 3, 0, now(), now(), 'e', 'e', '{}')""",
    }[place]
    await pool.execute(insert, instance, message.zaap_id, payload)
    assert await upkeep.clean() == 0
    assert await content_of(storage, await storage.find(media.id)) == CONTENT
    await pool.execute(f"DELETE FROM {place}")
    await pool.execute("UPDATE media SET expires_at = now()")
    assert await upkeep.clean() == 1


async def test_a_file_missing_on_its_disk_is_reported_and_its_row_ends(
    build: Build, disk: Disk, bucket_server: BucketServer
) -> None:
    storage, _ = build()
    media = await keep(storage, disk)
    disk.delete(media.key)
    _, upkeep = build(Bucket(bucket_server.address))
    await upkeep.move()
    with pytest.raises(MediaGone):
        await storage.find(media.id)


async def test_what_ended_programs_left_behind_is_swept(build: Build, disk: Disk, tmp_path: Path) -> None:
    arriving = disk.arrive()
    work = disk.work_folder()
    (work / "half").write_bytes(b"half")
    for path in (arriving.path, work):
        os.utime(path, (0, 0))
    fresh = disk.work_folder()
    assert disk.sweep(timedelta(hours=1)) == 2
    assert not arriving.path.exists()
    assert not work.exists()
    assert fresh.exists()
    arriving.remove()
