"""Upkeep of files: what had to stay on disk is moved into the bucket, and what is over is deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from common import logs
from common.clock import Clock
from common.media.bucket import Bucket
from common.media.disk import Disk
from common.media.errors import BucketAway, MediaError, MediaGone
from common.metrics import MediaMetrics
from common.postgres import OUTAGES, Pool
from common.tables import media as table
from common.tables import received_media
from common.tables.media import Media

log = logs.get(__name__)

MOST_SHOWN = 1000  # files counted for the metric
BATCH = 200
LEFTOVERS = timedelta(hours=6)  # longer than any upload or piece of work may take


class Upkeep:
    """Every program with a disk for files runs one; two on one disk do each other's work and no harm."""

    def __init__(
        self,
        pool: Pool,
        disk: Disk,
        bucket: Bucket | None,
        clock: Clock,
        metrics: MediaMetrics,
        *,
        move_every: timedelta,
        clean_every: timedelta,
    ) -> None:
        self._pool = pool
        self._disk = disk
        self._bucket = bucket
        self._clock = clock
        self._metrics = metrics
        self._move_every = move_every.total_seconds()
        self._clean_every = clean_every.total_seconds()

    async def run(self) -> None:
        """Until cancelled. The first look comes after one interval: a start has enough to do."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self._clean_every, self.clean))
            if self._bucket is not None:
                tasks.create_task(self._repeat(self._move_every, self.move))

    async def _repeat(self, interval: float, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            await self._clock.sleep_until(self._clock.elapsed() + interval)
            try:
                await work()
            except (MediaError, *OUTAGES) as error:
                log.warning("upkeep of files put off", error=type(error).__name__)
            except Exception:
                log.exception("upkeep of files failed")

    async def move(self) -> int:
        """Move what lies on this disk; how many files. Stops at the first that the bucket does not take."""
        if self._bucket is None or not self._disk.exists:
            return 0
        moved = 0
        disk = await asyncio.to_thread(lambda: self._disk.id)
        waiting = await table.list_to_move(self._pool, disk, MOST_SHOWN)
        try:
            for media in waiting:
                await self._move(self._bucket, media)
                moved += 1
        except BucketAway:
            log.info("bucket still away", waiting=len(waiting) - moved)
        if moved:
            log.info("files moved into the bucket", moved=moved)
        self._metrics.moved.inc(moved)
        self._metrics.waiting.set(len(waiting) - moved)
        return moved

    async def _move(self, bucket: Bucket, media: Media) -> None:
        try:
            await bucket.put(media.key, self._disk.path_of(media.key), media.mime)
        except MediaGone:
            # Gone also when another program has just moved it; only the row of a file that is lost is ours to end.
            now = await table.find(self._pool, media.id)
            if now is not None and now.place == "disk":
                log.error("a file is missing on its disk", media=media.id)
                await self._pool.execute(table.REMOVE, media.id)
            return
        if await self._pool.fetchval(table.MOVED, media.id):
            await asyncio.to_thread(self._disk.delete, media.key)
            return
        # Moved by another program, or over and deleted while it was on its way.
        if await table.find(self._pool, media.id) is None:
            await bucket.delete(media.key)

    async def clean(self) -> int:
        """Delete what has expired, and what ended programs left half-done; how many files expired."""
        if self._disk.exists:
            swept = await asyncio.to_thread(self._disk.sweep, LEFTOVERS)
            if swept:
                log.info("leftovers of ended programs deleted", files=swept)
        disk = await asyncio.to_thread(lambda: self._disk.id) if self._disk.exists else None
        removed = 0
        while gone := await table.take_expired(self._pool, disk, BATCH):
            for media in gone:
                await self._delete(media)
            removed += len(gone)
            self._metrics.removed.inc(len(gone))
        while await self._pool.execute(received_media.FORGET, BATCH) == f"DELETE {BATCH}":
            continue
        if removed:
            log.info("expired files deleted", files=removed)
        return removed

    async def _delete(self, media: Media) -> None:
        """The row is gone already. A bucket that is away keeps the file: its own rules for old files find it."""
        if media.place != "bucket":
            await asyncio.to_thread(self._disk.delete, media.key)
        if media.place != "disk" and self._bucket is not None:
            try:
                await self._bucket.delete(media.key)
            except BucketAway:
                log.warning("an expired file stays in the bucket", media=media.id)
