"""Receiving: the files of received messages, from WhatsApp's servers into our store, and their callbacks let go.

A row says what is to be fetched (`received_media`), so an ended program's work is taken up by the next owner. Nothing
here holds up messages: files have calls of their own in the session hosts.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import orjson

from common import logs
from common.clock import Clock
from common.errors import DeliveryError, MediaAway, MediaNotUsable, NotConnected, NotSupported
from common.media.disk import Arriving, Disk
from common.media.errors import MediaError
from common.media.links import PATH
from common.media.storage import Storage
from common.metrics import MediaMetrics
from common.postgres import OUTAGES, Connection, Pool
from common.tables import received_media as table
from common.tables import shard as shards
from common.tables.media import Media
from common.tables.received_media import DueMedia
from sender.sessions import Held
from sender.webhooks.waits import until
from sender.whatsapp.received_file import read_file
from sender.whatsapp.session import Downloads

log = logs.get(__name__)

LOOK_EVERY = 5.0  # seconds: for what is tried again, and what another node left
PUT_OFF = timedelta(seconds=15)  # for what is not the file's fault: no connection, a full disk
FIRST_PAUSE = timedelta(seconds=2)  # before the second attempt; four times as long before each further one
GIVE_UP = timedelta(days=1)  # after which nothing is put off any more
LARGE = 16 * 1024 * 1024  # bytes; one such file at a time, because a session host holds it several times over
OF_ONE_INSTANCE = 2  # files at a time
COPY = 1024 * 1024
AGAIN = 0.5  # seconds between two tries while Postgres is away


@dataclass(frozen=True, slots=True)
class ReceivingRules:
    """Bytes of a file; files at a time; attempts; how long one may take."""

    largest: int
    at_once: int = 4
    attempts: int = 3
    patience: timedelta = timedelta(minutes=5)


class Receiving:
    """`run` must be running. `released` is told which instance has a callback that need not wait any more."""

    def __init__(
        self,
        pool: Pool,
        held: Callable[[], Mapping[int, int]],
        session_of: Callable[[UUID], Held | None],
        storage: Storage,
        disk: Disk,
        released: Callable[[UUID], None],
        rules: ReceivingRules,
        clock: Clock,
        metrics: MediaMetrics,
        chance: Random,
    ) -> None:
        self._pool = pool
        self._held = held
        self._session_of = session_of
        self._storage = storage
        self._disk = disk
        self._released = released
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._chance = chance
        self._active: dict[UUID, DueMedia] = {}
        self._news = asyncio.Event()
        self._counts_at = 0.0

    def look(self) -> None:
        """There may be something to fetch."""
        self._news.set()

    async def run(self) -> None:
        """Fetch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                try:
                    await self._begin(tasks)
                    await self._count()
                except OUTAGES as error:
                    log.warning("received files wait for Postgres", error=type(error).__name__)
                await until(self._clock, self._clock.elapsed() + LOOK_EVERY, self._news)

    async def _begin(self, tasks: asyncio.TaskGroup) -> None:
        held = list(self._held())
        while held and (room := self._rules.at_once - len(self._active)) > 0:
            counts = Counter(row.instance_id for row in self._active.values())
            busy = [instance for instance, count in counts.items() if count >= OF_ONE_INSTANCE]
            has_large = any(row.size > LARGE for row in self._active.values())
            largest = LARGE if has_large else None
            due = await table.fetch_due(self._pool, held, busy, list(self._active), room, largest)
            for row in due:
                if counts[row.instance_id] < OF_ONE_INSTANCE and not (has_large and row.size > LARGE):
                    counts[row.instance_id] += 1
                    has_large = has_large or row.size > LARGE
                    self._active[row.id] = row
                    tasks.create_task(self._receive(row), name=f"received file {row.id}")
            if len(due) < room:
                return

    async def _count(self) -> None:
        """Now and then: under load there is news with every file."""
        if self._clock.elapsed() >= self._counts_at:
            self._counts_at = self._clock.elapsed() + LOOK_EVERY
            self._metrics.to_download.set(await table.count_waiting(self._pool, list(self._held())))

    async def _receive(self, row: DueMedia) -> None:
        epoch = self._held().get(row.shard)
        try:
            if epoch is not None:
                await self._decide(row, epoch)
        except OUTAGES as error:
            log.warning("a received file waits for Postgres", error=type(error).__name__)
            await asyncio.sleep(AGAIN)
        except Exception:
            log.exception("unexpected error around a received file", instance=row.instance_id, media=row.id)
            await asyncio.sleep(AGAIN)
        finally:
            del self._active[row.id]
            self._news.set()

    # --- one file ---

    async def _decide(self, row: DueMedia, epoch: int) -> None:
        started = self._clock.elapsed()
        try:
            media = await self._fetch(row)
        except (DeliveryError, MediaError) as error:
            self._metrics.failed("download", row.kind, error.code)
            await self._missed(row, epoch, error)
            return
        self._metrics.passed("download", row.kind, media.size, self._clock.elapsed() - started)
        await self._settle(row, epoch, lambda connection: connection.execute(table.STORED, row.id, media.id))

    async def _fetch(self, row: DueMedia) -> Media:
        """Raises DeliveryErrors, MediaErrors."""
        if row.kind == "thumbnail":
            with await asyncio.to_thread(self._disk.arrive) as arriving:
                await asyncio.to_thread(arriving.write, row.content)
                return await self._keep(row, arriving)
        return await self._download(row)

    async def _download(self, row: DueMedia) -> Media:
        file = read_file(row.kind, row.content)
        held = self._session_of(row.instance_id)
        if file is None:
            raise MediaNotUsable("the message does not say where its file is")
        if held is None or not held.session.is_connected:
            raise NotConnected
        if not isinstance(held.session, Downloads):
            raise NotSupported("this WhatsApp engine cannot download files")
        folder = await asyncio.to_thread(self._disk.work_folder)
        try:
            target = folder / "received"
            try:
                async with asyncio.timeout(self._rules.patience.total_seconds()):
                    await held.session.download(file, target, self._rules.largest)
            except TimeoutError:
                raise MediaAway("WhatsApp did not send the file in time") from None
            with await asyncio.to_thread(self._disk.arrive) as arriving:
                await asyncio.to_thread(_copy, target, arriving)
                return await self._keep(row, arriving)
        finally:
            # Not in a thread: a cancelled task would not wait for it, and this is one file.
            shutil.rmtree(folder, ignore_errors=True)

    async def _keep(self, row: DueMedia, arriving: Arriving) -> Media:
        return await self._storage.keep(arriving, row.instance_id, origin="received", kind=row.kind)

    # --- what is written of it ---

    async def _settle(self, row: DueMedia, epoch: int, write: Callable[[Connection], Awaitable[object]]) -> None:
        """`write` decides the file; when it was the last of its callback, that one goes."""
        is_released = False
        async with self._pool.acquire() as connection, connection.transaction():
            if not await shards.fenced(connection, {row.shard: epoch}):
                return
            if row.event_id is not None:
                await connection.execute(table.HOLD_EVENT, row.event_id)
            await write(connection)
            if row.event_id is not None:
                is_released = bool(await connection.fetch(table.RELEASE, row.event_id))
        if is_released:
            self._released(row.instance_id)

    async def _missed(self, row: DueMedia, epoch: int, error: DeliveryError | MediaError) -> None:
        burns = isinstance(error, DeliveryError) and error.burns_attempt
        is_over = self._clock.now() - row.created_at > GIVE_UP
        if error.retry and not is_over and (not burns or row.attempts + 1 < self._rules.attempts):
            pause = FIRST_PAUSE * 4**row.attempts if burns else PUT_OFF
            async with self._pool.acquire() as connection, connection.transaction():
                if await shards.fenced(connection, {row.shard: epoch}):
                    pause *= self._chance.uniform(0.75, 1.25)
                    await connection.execute(table.AGAIN, row.id, str(error), pause, int(burns))
            return
        log.warning("received file given up", instance=row.instance_id, media=row.id, error_class=error.code)

        async def write(connection: Connection) -> None:
            await connection.execute(table.FAILED, row.id, str(error))
            if row.event_id is not None:
                await _take_link_away(connection, row, str(error))

        await self._settle(row, epoch, write)


async def _take_link_away(connection: Connection, row: DueMedia, error: str) -> None:
    """The callback has not gone yet, so it need not name a file that will never be there."""
    found = await connection.fetchrow(table.FIND_WAITING_EVENT, row.event_id)
    if found is not None:
        body = without_link(found["body"], row.id, None if row.kind == "thumbnail" else error)
        await connection.execute(table.CHANGE_BODY, found["instance_id"], found["seq"], found["created_at"], body)


def without_link(body: bytes, media: UUID, error: str | None) -> bytes:
    """The body with empty strings in place of the file's links, and the error where such a body has room for one."""
    mark = f"{PATH}{media.hex}?"

    def cleared(value: object) -> object:
        if isinstance(value, dict):
            is_here = any(isinstance(each, str) and mark in each for each in value.values())
            made = {key: cleared(each) for key, each in value.items()}
            return made | {"downloadError": error} if is_here and error and "downloadError" in value else made
        if isinstance(value, list):
            return [cleared(each) for each in value]
        return "" if isinstance(value, str) and mark in value else value

    return orjson.dumps(cleared(orjson.loads(body)))


def _copy(source: Path, arriving: Arriving) -> None:
    """Raises DiskFull, DiskFailed, and MediaAway when the file is gone."""
    try:
        file = source.open("rb")
    except OSError as error:
        raise MediaAway("the file that was downloaded cannot be read") from error
    with file:
        while part := file.read(COPY):
            arriving.write(part)
