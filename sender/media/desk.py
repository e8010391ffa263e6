"""The desk: takes a file that a message names, has it fetched, converted and uploaded, and cleans up after it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from common import logs
from common.clock import Clock
from common.errors import DeliveryError, MediaAway, MediaNotUsable, NotSupported
from common.media.disk import Disk
from common.media.errors import MediaError
from common.metrics import MediaMetrics
from sender.composers.media import File, Form, LinkCard, Uploaded
from sender.media.cards import Cards
from sender.media.fetching import Fetching
from sender.media.job import Converted, Job, NotUsable, TryAgain
from sender.media.workshop import Workshop
from sender.whatsapp.session import MediaKind, Session, UploadedFile, Uploads

log = logs.get(__name__)

MEBIBYTE = 1024 * 1024

_KINDS: Mapping[Form, MediaKind] = {
    Form.IMAGE: MediaKind.IMAGE,
    Form.STICKER: MediaKind.IMAGE,
    Form.GIF: MediaKind.VIDEO,
    Form.VIDEO: MediaKind.VIDEO,
    Form.VIDEO_NOTE: MediaKind.VIDEO,
    Form.VOICE: MediaKind.AUDIO,
    Form.DOCUMENT: MediaKind.DOCUMENT,
    Form.LINK_IMAGE: MediaKind.LINK_IMAGE,
}

_LARGEST: Mapping[Form, int] = {
    Form.STICKER: 5 * MEBIBYTE,
    Form.VIDEO_NOTE: 16 * MEBIBYTE,
    Form.LINK_IMAGE: 5 * MEBIBYTE,
}


@dataclass(frozen=True, slots=True)
class DeskRules:
    """Bytes of a file and of a document; how many files are worked on, and how many uploaded, at a time by one node.

    An upload takes several times its size of memory in the session's host. Those above `large` bytes leave one place to
    the others.
    """

    file: int
    document: int
    files_at_once: int = 64
    uploads_at_once: int = 4
    large: int = 16 * MEBIBYTE

    def largest(self, form: Form) -> int:
        general = self.document if form is Form.DOCUMENT else self.file
        return min(general, _LARGEST.get(form, general))


class Desk:
    def __init__(
        self,
        fetching: Fetching,
        workshop: Workshop,
        cards: Cards,
        disk: Disk,
        rules: DeskRules,
        clock: Clock,
        metrics: MediaMetrics,
    ) -> None:
        self._fetching = fetching
        self._workshop = workshop
        self._cards = cards
        self._disk = disk
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._files = asyncio.Semaphore(rules.files_at_once)
        self._uploads = asyncio.Semaphore(rules.uploads_at_once)
        self._large_uploads = asyncio.Semaphore(max(1, rules.uploads_at_once - 1))

    def of(self, instance: UUID, session: Session) -> "DeskOf":
        return DeskOf(self, instance, session)

    async def upload(self, file: File, instance: UUID, session: Session) -> Uploaded:
        """Raises DeliveryErrors, of which none has sent anything."""
        if not isinstance(session, Uploads):
            raise NotSupported("this WhatsApp engine cannot upload files")
        async with self._files, self._folder() as folder:
            source = await self._fetch(file, instance, folder)
            converted = await self._convert(file, source, folder)
            uploaded = await self._hand_over(file.form, converted, session)
        return Uploaded(
            url=uploaded.url,
            direct_path=uploaded.direct_path,
            media_key=uploaded.media_key,
            sha256=uploaded.sha256,
            encrypted_sha256=uploaded.encrypted_sha256,
            length=uploaded.length,
            mime=converted.mime,
            uploaded_at=int(self._clock.now().timestamp()),
            thumbnail=converted.thumbnail,
            width=converted.width,
            height=converted.height,
            seconds=converted.seconds,
            wave=converted.wave,
            pages=converted.pages,
            is_animated=converted.is_animated,
        )

    async def look_up(self, url: str) -> LinkCard | None:
        """Never raises for the page's sake."""
        try:
            async with self._files, self._folder() as folder:
                return await self._cards.look_up(url, folder)
        except MediaAway:
            return None

    # --- steps ---

    async def _fetch(self, file: File, instance: UUID, folder: Path) -> Path:
        source = folder / "source"
        async with self._step("fetch", file.form) as size:
            largest = self._rules.largest(file.form)
            await self._fetching.fetch(file.source, instance, source, min(largest, file.largest or largest))
            size.bytes = await _size(source)
        return source

    async def _convert(self, file: File, source: Path, folder: Path) -> Converted:
        job = Job(file.form.value, source, folder / "converted", file.extension or "", file.author or "")
        async with self._step("convert", file.form) as size:
            try:
                converted = await self._workshop.convert(job)
            except NotUsable as refused:
                raise MediaNotUsable(str(refused)) from refused
            except TryAgain as refused:
                raise MediaAway(str(refused)) from refused
            size.bytes = await _size(converted.path)
        return converted

    async def _hand_over(self, form: Form, converted: Converted, session: Uploads) -> UploadedFile:
        is_large = await _size(converted.path) > self._rules.large
        async with (
            self._large_uploads if is_large else nullcontext(),
            self._uploads,
            self._step("upload", form) as size,
        ):
            uploaded = await session.upload(converted.path, _KINDS[form])
            size.bytes = uploaded.length
        return uploaded

    @asynccontextmanager
    async def _step(self, step: str, form: Form) -> AsyncIterator["_Size"]:
        started = self._clock.elapsed()
        size = _Size()
        try:
            yield size
        except DeliveryError as error:
            self._metrics.failed(step, form.value, error.code)
            raise
        self._metrics.passed(step, form.value, size.bytes, self._clock.elapsed() - started)

    @asynccontextmanager
    async def _folder(self) -> AsyncIterator[Path]:
        """A place to work that is gone afterwards, whatever happens."""
        try:
            folder = await asyncio.to_thread(self._disk.work_folder)
        except MediaError as error:
            raise MediaAway(str(error)) from error
        try:
            yield folder
        finally:
            # Not in a thread: a cancelled task would not wait for it, and these are two files.
            shutil.rmtree(folder, ignore_errors=True)


class DeskOf:
    """The desk as composers know it: for one instance's session."""

    def __init__(self, desk: Desk, instance: UUID, session: Session) -> None:
        self._desk = desk
        self._instance = instance
        self._session = session

    async def upload(self, file: File) -> Uploaded:
        return await self._desk.upload(file, self._instance, self._session)

    async def look_up(self, url: str) -> LinkCard | None:
        return await self._desk.look_up(url)


@dataclass(slots=True)
class _Size:
    bytes: int = 0


async def _size(path: Path) -> int:
    return (await asyncio.to_thread(path.stat)).st_size
