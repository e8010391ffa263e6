"""Storage: takes a file that has arrived, finds it again, hands out links to it.

A file goes to the bucket, or to the disk when there is no bucket or it is away; `upkeep.py` moves it later. The file is
in its place before its row says so, and the row before anybody is given its id.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from common import logs
from common.clock import Clock
from common.media.bucket import Bucket
from common.media.disk import Arriving, Disk, disk_errors
from common.media.errors import BucketAway, MediaComing, MediaElsewhere, MediaError, MediaGone
from common.media.links import Links
from common.metrics import MediaMetrics
from common.postgres import OUTAGES, Pool
from common.tables import media as table
from common.tables import received_media
from common.tables.media import Media

log = logs.get(__name__)

AGAIN = 15.0  # seconds that a bucket which failed is left alone
READ = 256 * 1024


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a file is kept, and how long a link to it is good; `presigned` None: links are our own."""

    files: timedelta
    links: timedelta
    presigned: timedelta | None = None


class Storage:
    def __init__(
        self,
        pool: Pool,
        disk: Disk,
        bucket: Bucket | None,
        links: Links | None,
        lifetimes: Lifetimes,
        clock: Clock,
        metrics: MediaMetrics,
    ) -> None:
        self._pool = pool
        self._disk = disk
        self._bucket = bucket
        self._links = links
        self._lifetimes = lifetimes
        self._clock = clock
        self._metrics = metrics
        self._bucket_from = 0.0

    async def keep(
        self, arriving: Arriving, instance: UUID, *, origin: str, kind: str = "", not_before: datetime | None = None
    ) -> Media:
        """Store the file and return its row; the row of the same content if this instance has it already.

        Kept for its lifetime, counted from `not_before` if that is later than now. Raises DiskFull, DiskFailed.
        """
        started = self._clock.elapsed()
        now = self._clock.now()
        until = max(now, not_before or now) + self._lifetimes.files
        await asyncio.to_thread(arriving.finish)
        known = await table.find_content(self._pool, instance, arriving.sha256, until)
        media = known or await self._place(arriving, instance, origin, until)
        self._metrics.passed("store", kind, arriving.size, self._clock.elapsed() - started)
        return media

    async def find(self, media: UUID) -> Media:
        """Raises MediaGone, MediaComing."""
        found = await table.find(self._pool, media)
        if found is None:
            raise MediaComing if await self._pool.fetchval(received_media.IS_WAITING, media) else MediaGone
        return found

    async def fetch(self, media: UUID, target: Path) -> Media:
        """Put the file at `target`, which must be on the disk for files. Raises MediaErrors."""
        found = await self.find(media)
        if found.place == "disk":
            try:
                await asyncio.to_thread(self._here(found).link, found.key, target)
            except MediaGone:
                # It may have been moved between our two looks.
                if (found := await self.find(media)).place == "disk":
                    raise
            else:
                return found
        with disk_errors(), await asyncio.to_thread(target.open, "wb") as file:
            async for part in self._read_bucket(found):
                await asyncio.to_thread(file.write, part)
        return found

    async def read(self, media: Media, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The content, or that from one byte to before another. Raises MediaErrors, of which the first comes before the
        first part."""
        if media.place == "disk":
            with disk_errors():
                file = await asyncio.to_thread(self._here(media).path_of(media.key).open, "rb")
                with file:
                    left = (media.size if end is None else end) - start
                    file.seek(start)
                    while left > 0 and (part := await asyncio.to_thread(file.read, min(READ, left))):
                        left -= len(part)
                        yield part
            return
        async for part in self._read_bucket(media, start, end):
            yield part

    async def outside(self, media: Media) -> str | None:
        """A URL that leads to the file in its bucket and not to us, where the settings say so."""
        if self._bucket is None or media.place != "bucket":
            return None
        if (public := self._bucket.public(media.key)) is not None:
            return public
        return (
            None if self._lifetimes.presigned is None else await self._bucket.sign(media.key, self._lifetimes.presigned)
        )

    async def link(self, media: Media) -> str | None:
        """A URL that whoever has it can read the file with for a while; None where none can be made."""
        if (outside := await self.outside(media)) is not None:
            return outside
        return None if self._links is None else self._links.make(media.id, self._clock.now() + self._lifetimes.links)

    # --- placing ---

    async def _place(self, arriving: Arriving, instance: UUID, origin: str, until: datetime) -> Media:
        while True:
            name = uuid4()
            await self._pool.execute(
                table.ANNOUNCE, name, instance, origin, arriving.sha256, arriving.mime, arriving.size
            )
            try:
                disk = await self._put(arriving, name.hex)
                media = await table.settle(self._pool, name, disk, until)
            except MediaError:
                await self._withdraw(name)
                raise
            if media is not None:
                return media
            # Somebody else stored the same content meanwhile: theirs counts, and ours goes.
            await self._withdraw(name)
            known = await table.find_content(self._pool, instance, arriving.sha256, until)
            if known is not None:
                return known
            if disk is not None:
                raise MediaGone("the file was lost while it was stored")

    async def _put(self, arriving: Arriving, key: str) -> UUID | None:
        """The disk that has it now; None: the bucket."""
        if self._bucket is not None and self._clock.elapsed() >= self._bucket_from:
            try:
                await self._bucket.put(key, arriving.path, arriving.mime)
                return None
            except BucketAway as error:
                self._bucket_from = self._clock.elapsed() + AGAIN
                self._metrics.fallbacks.inc()
                log.warning("bucket away, files stay on disk", error=str(error))
        elif self._bucket is not None:
            self._metrics.fallbacks.inc()
        disk = await asyncio.to_thread(lambda: self._disk.id)
        await asyncio.to_thread(self._disk.keep, arriving.path, key)
        return disk

    async def _withdraw(self, name: UUID) -> None:
        """What this misses, the clean-up of rows that never arrived takes with it."""
        await asyncio.to_thread(self._disk.delete, name.hex)
        with suppress(MediaError, *OUTAGES):
            if self._bucket is not None:
                await self._bucket.delete(name.hex)
            await self._pool.execute(table.REMOVE, name)

    # --- reading ---

    def _here(self, media: Media) -> Disk:
        if media.disk != self._disk.id:
            raise MediaElsewhere
        return self._disk

    async def _read_bucket(self, media: Media, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        if self._bucket is None:
            raise BucketAway("the file is in a bucket, and none is set")
        async for part in self._bucket.read(media.key, start, end):
            yield part
