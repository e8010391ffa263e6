"""The inbox: what the engine tells is committed before it goes on, and translated into events afterwards, in order."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common import logs
from common.addresses import Jid, is_group
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Connection, Pool
from common.tables import arrival, chat, earlier, event, event_inbox, received_media, received_message
from common.tables import shard as shards
from common.tables.arrival import Name
from common.tables.chat import ChatNews
from common.tables.event import NewEvent
from common.tables.event_inbox import ToldEvent
from common.tables.received_message import ReceivedMessage
from sender.autopilot import Autopilot, Wish
from sender.fenced import FencedBatches
from sender.pictures import Pictures
from sender.translation import chats
from sender.translation.families import CODES, Translator
from sender.translation.persons import nameless_in, shown_in
from sender.translation.profile import pictured
from sender.translation.received import named_in
from sender.translation.remembering import remembered
from sender.translation.scene import Account
from sender.unsealing import Unsealing
from sender.whatsapp.engine_events import EventCode
from sender.whatsapp.relay.arrival import ArrivalName
from sender.whatsapp.session import KeptNumbers, Raw

log = logs.get(__name__)

BATCH = 200  # rows translated in one transaction
AGAIN = 0.5  # seconds between two tries while Postgres is away


@dataclass(frozen=True, slots=True)
class _Row:
    instance: UUID
    shard: int
    code: int
    body: bytes
    at: datetime
    arrival: ArrivalName | None = None


class Inbox:
    """`run` must be running. `announce` is told which instances have events to deliver, `on_files` that there are
    files to download; `engine` may know secrets of messages and numbers behind LIDs."""

    def __init__(
        self,
        pool: Pool,
        held: Callable[[], Mapping[int, int]],
        announce: Callable[[Iterable[UUID]], None],
        translator: Translator,
        engine: object,
        metrics: SenderMetrics,
        *,
        autopilot: Autopilot,
        pictures: Pictures,
        keeps_all_events: bool = False,
        on_files: Callable[[], None] = lambda: None,
    ) -> None:
        self._autopilot = autopilot
        self._pictures = pictures
        self._pool = pool
        self._held = held
        self._announce = announce
        self._translator = translator
        self._unsealing = Unsealing(pool, engine)
        self._engine = engine
        self._metrics = metrics
        self._keeps_all = keeps_all_events
        self._on_files = on_files
        self._stored = FencedBatches[_Row](
            "inbox", pool, lambda shard: held().get(shard), self._store, lambda rows: self.look()
        )
        self._news = asyncio.Event()

    async def hear(self, shard: int, instance: UUID, raw: Raw) -> None:
        """Returns when the event is safe. Raises LostOwnership. What no webhook tells is not kept."""
        if raw.code not in CODES:
            return
        body = await self._history(instance, raw.body) if raw.code == EventCode.HISTORY_SYNC else raw.body
        if body is not None:
            await self._stored.put(shard, _Row(instance, shard, raw.code, body, raw.at, raw.arrival))

    def look(self) -> None:
        """There may be something to translate: it was stored, or a shard was claimed."""
        self._news.set()

    async def run(self) -> None:
        """Store and translate until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stored.run(), name="inbox store")
            tasks.create_task(self._translate_forever(), name="inbox translation")
            tasks.create_task(self._autopilot.run(), name="autopilot")
            tasks.create_task(self._pictures.run(), name="pictures")

    @staticmethod
    async def _store(connection: Connection, rows: Sequence[_Row]) -> None:
        """What was kept before the engine saw it becomes an event once, however often it is told."""
        if names := {Name(row.instance, *row.arrival) for row in rows if row.arrival is not None}:
            fresh = names - await arrival.tell(connection, sorted(names))
            rows = list(_once(rows, fresh))
        if not rows:
            return
        await connection.execute(
            event_inbox.STORE,
            [row.instance for row in rows],
            [row.shard for row in rows],
            [row.code for row in rows],
            [row.body for row in rows],
            [row.at for row in rows],
        )

    async def _translate_forever(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                while await self._translate_batch() == BATCH:
                    continue
            except OUTAGES as error:
                log.warning("translation waits for Postgres", error=type(error).__name__)
                self._news.set()
                await asyncio.sleep(AGAIN)

    async def _translate_batch(self) -> int:
        held = dict(self._held())
        rows = await event_inbox.fetch(self._pool, list(held), BATCH)
        if not rows:
            return 0
        told: list[tuple[ToldEvent, list[NewEvent], ReceivedMessage | None]] = []
        news: dict[int, list[ChatNews]] = {}
        failed: list[tuple[int, str]] = []
        wishes: dict[int, Wish] = {}
        told_ids, numbers = await self._told_ids(rows), await self._numbers(rows)
        shown = self._shown(rows, numbers)
        pictures = await self._pictures.of(shown)
        groups = await chat.names_of(self._pool, {(one, jid) for (one, _), jid in shown.items() if is_group(jid)})
        for row in rows:
            try:
                if (wish := self._autopilot.wish_of(row)) is not None:
                    wishes[row.id] = wish
                if row.code == EventCode.PICTURE:
                    await self._picture_changed(row, numbers)
                opened = await self._unsealing.open(row)
                made = self._translator.translate(
                    row,
                    opened,
                    told_ids[row.instance_id],
                    numbers,
                    pictures.get(row.instance_id, {}),
                    groups.get(row.instance_id, {}),
                )
                news[row.id] = chats.news_of(row, Account.of(row, numbers))
                told.append((row, made, remembered(row)))
            except OUTAGES:
                raise
            except Exception as error:
                # The engine's bytes come from outside: what one of them does to us must not stop the others.
                log.exception("event not translated", instance=row.instance_id, code=row.code, inbox=row.id)
                self._metrics.events_untranslated.labels(str(row.code)).inc()
                failed.append((row.id, type(error).__name__))
        async with self._pool.acquire() as connection, connection.transaction():
            ours = await shards.fenced(connection, {row.shard: held[row.shard] for row in rows})
            taken = await event_inbox.take(connection, [row.id for row, *_ in told if row.shard in ours])
            events = [each for row, made, _ in told if row.id in taken for each in made]
            kept = [each for row, _, each in told if row.id in taken and each is not None]
            await received_message.remember(connection, kept)
            await chat.tell(connection, (each for row in rows if row.id in taken for each in news[row.id]))
            to_deliver = await event.append(connection, events, keeps_all=self._keeps_all)
            files = [(made.instance_id, made.media_id, made.is_own, file) for made in events for file in made.files]
            await received_media.announce(connection, files, keeps_all=self._keeps_all)
            to_do = [wishes[row.id] for row, *_ in told if row.id in taken and row.id in wishes]
            await self._autopilot.enqueue(connection, to_do)
            if failed:
                await connection.execute(event_inbox.MARK, *(list(column) for column in zip(*failed, strict=True)))
        self._announce(to_deliver)
        self._autopilot.do(to_do)
        if files:
            self._on_files()
        return len(rows) if ours else 0

    @staticmethod
    async def _history(instance: UUID, body: bytes) -> bytes | None:
        """What of it is kept, made beside the loop since it may be large. What nobody can read is not missed."""
        try:
            return await asyncio.to_thread(chats.reduced, body)
        except Exception as error:
            log.warning("history not readable", instance=instance, error=type(error).__name__)
            return None

    async def _told_ids(self, rows: Sequence[ToldEvent]) -> Mapping[UUID, Mapping[str, str]]:
        """By instance, the ids that the API told of the messages that these are about."""
        named: set[tuple[UUID, str]] = set()
        for row in rows:
            with suppress(Exception):  # what cannot be read fails where it is translated
                named.update((row.instance_id, each) for each in named_in(row))
        told: dict[UUID, dict[str, str]] = defaultdict(dict)
        for (instance, whatsapp_id), message_id in (await earlier.find_told_ids(self._pool, named)).items():
            told[instance][whatsapp_id] = message_id
        return told

    async def _numbers(self, rows: Sequence[ToldEvent]) -> Mapping[Jid, str]:
        """Those behind all LIDs whose numbers these do not tell."""
        lids: set[Jid] = set()
        for row in rows:
            with suppress(Exception):
                lids |= nameless_in(row)
        return await self._engine.numbers_of(lids) if lids and isinstance(self._engine, KeptNumbers) else {}

    def _shown(self, rows: Sequence[ToldEvent], numbers: Mapping[Jid, str]) -> Mapping[tuple[UUID, str], Jid]:
        """Whose pictures these show to somebody who listens."""
        shown: dict[tuple[UUID, str], Jid] = {}
        for row in rows:
            if row.is_heard or self._keeps_all:
                with suppress(Exception):
                    found = shown_in(row, Account.of(row, numbers))
                    shown.update({(row.instance_id, phone): jid for phone, jid in found.items()})
        return shown

    async def _picture_changed(self, row: ToldEvent, numbers: Mapping[Jid, str]) -> None:
        account = Account.of(row, numbers)
        if (phone := pictured(row, account)) is not None:
            await self._pictures.changed(row.instance_id, phone, is_own=phone == account.phone)


def _once(rows: Sequence[_Row], fresh: set[Name]) -> Iterator[_Row]:
    """Without what was told before, and one of what is told twice here."""
    left = set(fresh)
    for row in rows:
        if row.arrival is None:
            yield row
        elif (name := Name(row.instance, *row.arrival)) in left:
            left.discard(name)
            yield row
