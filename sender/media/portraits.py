"""Portraits: the picture of a profile, fetched from where a caller says it is and made what WhatsApp takes."""

import asyncio
import shutil
from datetime import timedelta
from uuid import UUID

from common.errors import MediaAway, MediaNotUsable
from common.media.disk import Disk
from common.media.errors import MediaError
from sender.media.fetching import Fetching
from sender.media.job import Job, NotUsable, TryAgain
from sender.media.workshop import Workshop

LARGEST = 5 * 1024 * 1024  # bytes of what is fetched
# Less than what a frontend waits for the answer: a slow server is to be told as that.
PATIENCE = timedelta(seconds=8)


class Portraits:
    """`fetching` should have the patience of this module."""

    def __init__(self, fetching: Fetching, workshop: Workshop, disk: Disk) -> None:
        self._fetching = fetching
        self._workshop = workshop
        self._disk = disk

    async def jpeg(self, source: str, instance: UUID) -> bytes:
        """`source` is a public URL or a data URI. Raises MediaNotUsable and MediaAway."""
        return await self._made("profile", source, instance)

    async def whole(self, source: str, instance: UUID) -> bytes:
        """As `jpeg`, but nothing is cut off: what a product shows."""
        return await self._made("link-image", source, instance)

    async def _made(self, form: str, source: str, instance: UUID) -> bytes:
        try:
            folder = await asyncio.to_thread(self._disk.work_folder)
        except MediaError as error:
            raise MediaAway(str(error)) from error
        try:
            await self._fetching.fetch(source, instance, folder / "source", LARGEST)
            made = await self._workshop.convert(Job(form, folder / "source", folder / "converted"))
            return await asyncio.to_thread(made.path.read_bytes)
        except NotUsable as refused:
            raise MediaNotUsable(str(refused)) from refused
        except TryAgain as refused:
            raise MediaAway(str(refused)) from refused
        finally:
            # Not in a thread: a cancelled task would not wait for it, and these are two files.
            shutil.rmtree(folder, ignore_errors=True)
