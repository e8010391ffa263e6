"""The ledger: the owner's intents and outcomes, many in one transaction, each checked against its shard's epoch."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from common import logs
from common.addresses import Jid
from common.errors import LostOwnership
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Connection, Pool
from common.tables import attempt as table
from common.tables import shard as shards
from common.tables.attempt import Doubtful, Failed, Intent, Outcome, Retry, Sent
from common.tables.message import QueuedMessage
from sender import conversing
from sender.news import News

log = logs.get(__name__)

LATE = 1000  # messages whose receipt was faster than the answer to their sending
OUTAGE_PAUSE = 0.25  # seconds between two tries while Postgres is away; what waits here is kept
LONGEST_DETAIL = 1000  # characters of an error that are kept


class Ownership(Protocol):
    """What this node may act for."""

    def epoch_of(self, shard: int) -> int | None:
        """None: the shard is not ours."""
        ...

    def may_send(self, shard: int) -> bool:
        """Whether a send may begin now."""
        ...

    def may_leave(self, shard: int, epoch: int) -> bool:
        """Whether a send that was begun at this epoch may go on the wire now."""
        ...


_Settled = tuple[UUID, UUID, str, Jid, datetime]
"""Instance, zaap id, message id, chat and moment of a message that a receipt settled."""


@dataclass(slots=True)
class _Entry:
    kind: str
    shard: int
    epoch: int
    arguments: tuple[Any, ...]
    done: asyncio.Future[Any]
    content: tuple[UUID, bytes] | None = None


class Ledger:
    """`run` must be running. One transaction is under way at a time, so a row's writes keep their order and the
    fence takes one lock per shard. While Postgres is away entries wait: nothing is sent without its intent."""

    def __init__(
        self,
        pool: Pool,
        node: str,
        ownership: Ownership,
        metrics: SenderMetrics,
        announce: Callable[[Iterable[UUID]], None] = lambda instances: None,
        *,
        keeps_all_events: bool = False,
        longest_pause: timedelta = timedelta(0),
    ) -> None:
        """`announce` is told which instances have events to deliver, once those are committed. `longest_pause` is that
        after messages that did not choose one."""
        self._pool = pool
        self._node = node
        self._ownership = ownership
        self._metrics = metrics
        self._announce = announce
        self._keeps_all_events = keeps_all_events
        self._longest_pause = longest_pause
        self._waiting: list[_Entry] = []
        self._arrived = asyncio.Event()
        # Sent before we heard of it, told as that, and not yet as an own message: nobody had its content.
        self._overtaken: OrderedDict[UUID, _Settled] = OrderedDict()

    # --- what couriers ask ---

    async def intend(self, message: QueuedMessage, wire: str | None) -> Intent | None:
        """Make the intent to send durable. None: the row is gone (canceled, expired). Raises LostOwnership.

        `wire` is the WhatsApp id where the engine will use the one it is given.
        """
        epoch = self._epoch(message.shard)
        if not self.may_send(message):
            raise LostOwnership([message.shard])
        intent: Intent | None = await self._add("intend", message.shard, epoch, (message.id, epoch, wire))
        return intent

    def may_send(self, message: QueuedMessage) -> bool:
        """Whether there is still time: a commit may have been long on its way."""
        return self._ownership.may_send(message.shard)

    def may_begin(self, shard: int) -> bool:
        """Whether anything of this shard may be begun now."""
        return self._ownership.may_send(shard)

    def may_leave(self, message: QueuedMessage, intent: Intent) -> bool:
        """The last look before the bytes leave: the process may have been suspended since the intent."""
        return self._ownership.may_leave(message.shard, intent.epoch)

    async def note_wire_id(self, message: QueuedMessage, intent: Intent, wire: str) -> None:
        """Make the id durable under which the message is about to leave."""
        await self._add("wire", message.shard, intent.epoch, (message.id, intent.epoch, wire))

    async def finish(self, message: QueuedMessage, intent: Intent, outcome: Outcome) -> None:
        """Record what became of an intent. Raises LostOwnership; the new owner then sees the intent as uncertain."""
        match outcome:
            case Sent(wire, at, content):
                sent = (message.id, intent.epoch, wire, at)
                await self._add("sent", message.shard, intent.epoch, sent, (message.zaap_id, content))
            case Retry(error_class, detail, at, again_at, burns):
                arguments = (message.id, intent.epoch, error_class, _plain(detail), at, again_at, burns)
                await self._add("back", message.shard, intent.epoch, arguments)
            case Failed(error_class, detail, at):
                failure = (message.id, intent.epoch, error_class, _plain(detail), at)
                await self._add("failed", message.shard, intent.epoch, failure)
            case Doubtful(detail, at):
                await self._add("doubt", message.shard, intent.epoch, (message.id, intent.epoch, _plain(detail), at))

    async def keep_pace(self, message: QueuedMessage, pause: timedelta, sent_at: datetime | None = None) -> None:
        """Remember, past this process, in how long the instance may send again. Postgres says when that is: a node
        whose clock is wrong must neither hurry its successor nor silence the instance. `sent_at` tells operators when
        the instance's last message went."""
        await self._add("pace", message.shard, self._epoch(message.shard), (message.instance_id, pause, sent_at))

    async def receipt(
        self,
        shard: int,
        instance: UUID,
        ids: Sequence[str],
        kind: str,
        at: datetime,
        chat: Jid | None = None,
        sender: Jid | None = None,
    ) -> list[Jid]:
        """Apply a receipt: it settles what was not known to be sent, and never moves a message backwards.

        The chats of the messages that it settled. `chat` and `sender`, who told it, are for the customer's webhook,
        which hears of it only with the chat.
        """
        arguments = (instance, tuple(ids), kind, at, chat, sender)
        settled: list[Jid] = await self._add("receipt", shard, self._epoch(shard), arguments)
        return settled

    # --- the one writer ---

    async def run(self) -> None:
        """Commit batches until cancelled."""
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting, []
            self._arrived.clear()
            await self._commit_until_it_holds(batch)
            self._metrics.ledger_batch.observe(len(batch))

    async def _commit_until_it_holds(self, batch: list[_Entry]) -> None:
        while True:
            try:
                results = await self._commit(batch)
            except OUTAGES as error:
                log.warning("ledger waits for Postgres", error=type(error).__name__, entries=len(batch))
                await asyncio.sleep(OUTAGE_PAUSE)
                continue
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
                # One entry that Postgres cannot take must not fail its neighbours: look for it by halves.
                if len(batch) == 1:
                    log.exception("an entry cannot be written", kind=batch[0].kind, shard=batch[0].shard)
                    _settle(batch[0], error=error)
                    return
                middle = len(batch) // 2
                await self._commit_until_it_holds(batch[:middle])
                await self._commit_until_it_holds(batch[middle:])
                return
            except Exception as error:
                for entry in batch:
                    _settle(entry, error=error)
                raise
            for entry, result in zip(batch, results, strict=True):
                if isinstance(result, LostOwnership):
                    _settle(entry, error=result)
                else:
                    _settle(entry, result)
            return

    async def _commit(self, batch: list[_Entry]) -> list[Any]:
        held = {entry.shard: entry.epoch for entry in batch if self._is_ours(entry)}
        async with self._pool.acquire() as connection, connection.transaction():
            ours = await shards.fenced(connection, held)
            allowed = [entry for entry in batch if entry.shard in ours and held.get(entry.shard) == entry.epoch]
            contents = dict(entry.content for entry in allowed if entry.content)
            news = News(self._keeps_all_events, contents)
            found = await self._write(connection, allowed, news)
            late = contents.keys() & self._overtaken.keys()
            news.overtaken([self._overtaken[zaap_id] for zaap_id in late])
            to_deliver = await news.write(connection)
        for zaap_id in late:
            del self._overtaken[zaap_id]
        for row in found.overtaken:
            self._overtaken[row[1]] = row
            if len(self._overtaken) > LATE:
                self._overtaken.popitem(last=False)
        if to_deliver:
            self._announce(to_deliver)
        kept = {id(entry) for entry in allowed}
        return [found.answer(entry) if id(entry) in kept else LostOwnership([entry.shard]) for entry in batch]

    def _is_ours(self, entry: _Entry) -> bool:
        return self._ownership.epoch_of(entry.shard) == entry.epoch

    async def _write(self, connection: Connection, entries: list[_Entry], news: News) -> "_Found":
        """Outcomes before intents: a chat's next message may be in the same batch as its previous one's end."""
        arguments: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for entry in entries:
            arguments[entry.kind].append(entry.arguments)
        sent: list[Any] = []
        for kind, statement in _STATEMENTS:
            if rows := arguments[kind]:
                decided = await connection.fetch(statement, *_columns(rows))
                if kind == "sent":
                    sent += decided
                if kind in _TOLD:
                    news.decided([row[:5] for row in decided], is_sent=kind == "sent")
        found = _Found()
        if receipts := arguments["receipt"]:
            settled = await self._write_receipts(connection, receipts, news)
            found.settled = {(row["instance_id"], row["whatsapp_id"]): row["chat"] for row in settled}
            found.overtaken = [tuple(row[:5]) for row in settled]
            sent += settled
        await conversing.sent(connection, sent)
        if intents := arguments["intend"]:
            epochs = {number: epoch for number, epoch, _ in intents}
            for number, attempts, started in await connection.fetch(table.INTEND, *_columns(intents), self._node):
                found.intents[number] = Intent(number, epochs[number], attempts, started)
        return found

    async def _write_receipts(self, connection: Connection, told: list[tuple[Any, ...]], news: News) -> list[Any]:
        """The rows of messages that were settled by them."""
        receipts = [(instance, wire, kind, at) for instance, ids, kind, at, _, _ in told for wire in ids]
        if not receipts:
            return []
        rows = await connection.fetch(table.RECEIPTS, *_columns(receipts))
        known = {(row[0], row[1]) for row in rows}
        settled: list[Any] = []
        if others := [receipt for receipt in receipts if receipt[:2] not in known]:
            instances, wires, _, _ = columns = _columns(others)
            settled = await connection.fetch(table.SETTLE_BY_RECEIPTS, instances, wires, self._longest_pause)
            if settled:
                self._metrics.settled.labels("receipt", "sent").inc(len(settled))
                # It was sent before it was received, and customers sort by what they are told.
                told_at = {receipt[:2]: receipt[3] for receipt in reversed(others)}
                moments = [min(row[4], told_at[row[0], row["whatsapp_id"]]) for row in settled]
                news.decided([(*row[:4], at) for row, at in zip(settled, moments, strict=True)], is_sent=True)
                rows += await connection.fetch(table.RECEIPTS, *columns)
        news.received([receipt for receipt in told if receipt[4] is not None], rows)
        return settled

    # --- entries ---

    def _epoch(self, shard: int) -> int:
        epoch = self._ownership.epoch_of(shard)
        if epoch is None:
            raise LostOwnership([shard])
        return epoch

    def _add(
        self,
        kind: str,
        shard: int,
        epoch: int,
        arguments: tuple[Any, ...],
        content: tuple[UUID, bytes] | None = None,
    ) -> asyncio.Future[Any]:
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(kind, shard, epoch, arguments, done, content))
        self._arrived.set()
        return done


_STATEMENTS = (
    ("sent", table.SENT),
    ("back", table.PUT_BACK),
    ("failed", table.GIVE_UP),
    ("doubt", table.DOUBT),
    ("pace", table.KEEP_PACE),
    ("wire", table.NOTE_WIRE_ID),
)


_TOLD = frozenset({"sent", "failed", "doubt"})
"""Outcomes that the customer's webhook is told."""


@dataclass(slots=True)
class _Found:
    """What a batch has to tell those who wait for it."""

    intents: dict[int, Intent] = field(default_factory=dict)
    settled: dict[tuple[UUID, str], Jid] = field(default_factory=dict)
    overtaken: list[_Settled] = field(default_factory=list)

    def answer(self, entry: _Entry) -> Any:
        if entry.kind == "intend":
            return self.intents.get(entry.arguments[0])
        if entry.kind == "receipt":
            instance, ids = entry.arguments[:2]
            return [chat for wire in ids if (chat := self.settled.get((instance, wire))) is not None]
        return None


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _plain(detail: str) -> str:
    """The words of a foreign error as something that Postgres can store."""
    return detail.replace("\0", "").encode(errors="replace").decode()[:LONGEST_DETAIL]


def _settle(entry: _Entry, result: Any = None, error: BaseException | None = None) -> None:
    if entry.done.done():
        return
    if error is None:
        entry.done.set_result(result)
    else:
        entry.done.set_exception(error)
