"""The ledger: the owner's intents and outcomes, many in one transaction, each checked against its shard's epoch."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common import logs
from common.errors import LostOwnership
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Connection, Pool
from common.tables import attempt as table
from common.tables import shard as shards
from common.tables.attempt import Doubtful, Failed, Intent, Outcome, Retry, Sent
from common.tables.message import QueuedMessage

log = logs.get(__name__)

OUTAGE_PAUSE = 0.25  # seconds between two tries while Postgres is away; what waits here is kept


@dataclass(slots=True)
class _Entry:
    kind: str
    shard: int
    epoch: int
    arguments: tuple[Any, ...]
    done: asyncio.Future[Any]


class Ledger:
    """`run` must be running. One transaction is under way at a time, so a row's writes keep their order and the
    fence takes one lock per shard. While Postgres is away entries wait: nothing is sent without its intent."""

    def __init__(self, pool: Pool, node: str, epoch_of: Callable[[int], int | None], metrics: SenderMetrics) -> None:
        self._pool = pool
        self._node = node
        self._epoch_of = epoch_of
        self._metrics = metrics
        self._waiting: list[_Entry] = []
        self._arrived = asyncio.Event()

    # --- what couriers ask ---

    async def intend(self, message: QueuedMessage, wire: str | None) -> Intent | None:
        """Make the intent to send durable. None: the row is gone (canceled, expired). Raises LostOwnership.

        `wire` is the WhatsApp id where the engine will use the one it is given.
        """
        epoch = self._epoch(message.shard)
        intent: Intent | None = await self._add("intend", message.shard, epoch, (message.id, epoch, wire))
        return intent

    async def note_wire_id(self, message: QueuedMessage, intent: Intent, wire: str) -> None:
        """Make the id durable under which the message is about to leave."""
        await self._add("wire", message.shard, intent.epoch, (message.id, intent.epoch, wire))

    async def finish(self, message: QueuedMessage, intent: Intent, outcome: Outcome) -> None:
        """Record what became of an intent. Raises LostOwnership; the new owner then sees the intent as uncertain."""
        match outcome:
            case Sent(wire, at):
                await self._add("sent", message.shard, intent.epoch, (message.id, intent.epoch, wire, at))
            case Retry(error_class, detail, at, again_at, burns):
                arguments = (message.id, intent.epoch, error_class, detail, at, again_at, burns)
                await self._add("back", message.shard, intent.epoch, arguments)
            case Failed(error_class, detail, at):
                await self._add(
                    "failed", message.shard, intent.epoch, (message.id, intent.epoch, error_class, detail, at)
                )
            case Doubtful(detail, at):
                await self._add("doubt", message.shard, intent.epoch, (message.id, intent.epoch, detail, at))

    async def keep_pace(self, message: QueuedMessage, send_after: datetime) -> None:
        """Remember, past this process, when the instance may send again."""
        await self._add("pace", message.shard, self._epoch(message.shard), (message.instance_id, send_after))

    async def receipt(self, shard: int, instance: UUID, ids: Sequence[str], kind: str, at: datetime) -> None:
        """Apply a receipt: it settles uncertain messages as sent, and never moves a message backwards."""
        epoch = self._epoch(shard)
        await asyncio.gather(*(self._add("receipt", shard, epoch, (instance, wire, kind, at)) for wire in ids))

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
        held = {entry.shard: entry.epoch for entry in batch if self._epoch_of(entry.shard) == entry.epoch}
        async with self._pool.acquire() as connection, connection.transaction():
            ours = await shards.fenced(connection, held)
            allowed: dict[str, list[_Entry]] = defaultdict(list)
            for entry in batch:
                if entry.shard in ours and held.get(entry.shard) == entry.epoch:
                    allowed[entry.kind].append(entry)
            intents = await self._write(connection, allowed)
        lost = {entry.shard for entry in batch} - ours
        return [
            LostOwnership([entry.shard]) if entry.shard in lost or held.get(entry.shard) != entry.epoch
            else intents.get(entry.arguments[0]) if entry.kind == "intend" else None
            for entry in batch
        ]  # fmt: skip

    async def _write(self, connection: Connection, allowed: dict[str, list[_Entry]]) -> dict[int, Intent]:
        """Outcomes before intents: a chat's next message may be in the same batch as its previous one's end."""
        for kind, statement in _STATEMENTS:
            if entries := allowed[kind]:
                await connection.execute(statement, *_columns(entries))
        if entries := allowed["receipt"]:
            await self._write_receipts(connection, [entry.arguments for entry in entries])
        if not (entries := allowed["intend"]):
            return {}
        epochs = {entry.arguments[0]: entry.epoch for entry in entries}
        rows = await connection.fetch(table.INTEND, *_columns(entries), self._node)
        return {number: Intent(number, epochs[number], attempts, started) for number, attempts, started in rows}

    async def _write_receipts(self, connection: Connection, receipts: list[tuple[Any, ...]]) -> None:
        known = {tuple(row) for row in await connection.fetch(table.RECEIPTS, *_transposed(receipts))}
        if not (others := [receipt for receipt in receipts if receipt[:2] not in known]):
            return
        instances, wires, _, _ = columns = _transposed(others)
        if await connection.fetch(table.SETTLE_BY_RECEIPTS, instances, wires):
            await connection.execute(table.RECEIPTS, *columns)

    # --- entries ---

    def _epoch(self, shard: int) -> int:
        epoch = self._epoch_of(shard)
        if epoch is None:
            raise LostOwnership([shard])
        return epoch

    def _add(self, kind: str, shard: int, epoch: int, arguments: tuple[Any, ...]) -> asyncio.Future[Any]:
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(kind, shard, epoch, arguments, done))
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


def _columns(entries: list[_Entry]) -> list[list[Any]]:
    return _transposed([entry.arguments for entry in entries])


def _transposed(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _settle(entry: _Entry, result: Any = None, error: BaseException | None = None) -> None:
    if entry.done.done():
        return
    if error is None:
        entry.done.set_result(result)
    else:
        entry.done.set_exception(error)
