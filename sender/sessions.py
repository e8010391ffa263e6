"""Sessions: open, watch and close the WhatsApp sessions of the shards that this node holds."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from common import logs
from common.addresses import Jid
from common.errors import DeliveryError, NotPaired
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import session as table
from common.tables.session import SessionOwner
from sender.ledger import Ledger
from sender.whatsapp.session import (
    Account,
    Banned,
    Connected,
    Disconnected,
    Engine,
    Event,
    LoggedOut,
    Outdated,
    Paired,
    PairingFailed,
    QrCode,
    Raw,
    Receipts,
    Replaced,
    Session,
)

log = logs.get(__name__)

AGAIN = 0.5  # seconds between two tries while Postgres is away


@dataclass(slots=True)
class Held:
    """A session that this node has opened, and the ownership that it was opened under."""

    shard: int
    epoch: int
    session: Session


class Sessions:
    """`on_connected` is told each time that an instance can send, `on_settled` the chats whose doubt a receipt ended.

    `run` must be running: it owns the pairings.
    """

    def __init__(
        self,
        engine: Engine,
        pool: Pool,
        ledger: Ledger,
        epoch_of: Callable[[int], int | None],
        on_connected: Callable[[UUID], None],
        on_settled: Callable[[UUID, Jid], None],
        metrics: SenderMetrics,
        *,
        concurrency: int = 8,
        pairs_at_once: bool = False,
    ) -> None:
        self._engine = engine
        self._pool = pool
        self._ledger = ledger
        self._epoch_of = epoch_of
        self._on_connected = on_connected
        self._on_settled = on_settled
        self._metrics = metrics
        self._slots = asyncio.Semaphore(concurrency)
        self._pairs_at_once = pairs_at_once
        self._held: dict[UUID, Held] = {}
        self._opening: set[UUID] = set()
        self._codes: dict[UUID, QrCode] = {}
        self._pairing: dict[UUID, tuple[int, asyncio.Task[None]]] = {}  # the shard and what is under way
        self._code_came = asyncio.Condition()
        self._tasks: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._held)

    def get(self, instance: UUID) -> Held | None:
        return self._held.get(instance)

    async def run(self) -> None:
        """Own the pairings until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    async def open_shards(self, claimed: Mapping[int, int]) -> None:
        """Open every linked instance of these shards, a few at a time. Waits out an outage of Postgres."""
        while True:
            try:
                owners = await table.list_of_shards(self._pool, list(claimed))
                async with asyncio.TaskGroup() as tasks:
                    for owner in owners:
                        tasks.create_task(self._open(owner))
            except* OUTAGES as errors:
                log.warning("sessions not opened yet", error=type(errors.exceptions[0]).__name__)
            else:
                return
            await asyncio.sleep(AGAIN)

    async def look(self, instance: UUID) -> None:
        """An instance may be new or changed: open it if it is ours, linked and not open."""
        if instance in self._held or instance in self._opening:
            return
        owner = await table.find(self._pool, instance)
        if owner is not None:
            await self._open(owner)

    async def restart(self, instance: UUID) -> bool:
        """Close the session and open it again; the link survives. False: there is nothing linked to open."""
        held = self._held.pop(instance, None)
        if held is not None:
            await held.session.close()
        await self.look(instance)
        return instance in self._held

    async def unlink(self, instance: UUID) -> None:
        """Log the device out, and forget it also when WhatsApp cannot be told. Idempotent."""
        owner = await table.find(self._pool, instance)
        if owner is None or owner.device is None:
            return
        held = self._held.pop(instance, None)
        if held is not None:
            try:
                await held.session.logout()
            except DeliveryError as error:
                log.warning("unlinked without WhatsApp's knowing", instance=instance, error_class=error.code)
            await held.session.close()
        await self._forget(owner, "unlinked over the API")

    async def close_shards(self, shards: Iterable[int]) -> None:
        """Close the sessions of these shards and end their pairings. Never logs out."""
        gone = set(shards)
        for shard, pairing in self._pairing.values():
            if shard in gone:
                pairing.cancel()
        going = [instance for instance, held in self._held.items() if held.shard in gone]
        async with asyncio.TaskGroup() as tasks:
            for instance in going:
                tasks.create_task(self._held.pop(instance).session.close())

    async def _open(self, owner: SessionOwner) -> None:
        if self._epoch_of(owner.shard) is None or owner.id in self._held or owner.id in self._opening:
            return
        if owner.device is None:
            if self._pairs_at_once:
                self._start_pairing(owner)
            return
        self._opening.add(owner.id)
        try:
            async with self._slots:
                await self._open_device(owner, Account(owner.id.hex, owner.device))
        except NotPaired:
            log.warning("device is not in the session store", instance=owner.id)
            await self._forget(owner, "the device is not in the session store")
        except OUTAGES:
            raise
        except Exception:
            log.exception("session not opened", instance=owner.id)
        finally:
            self._opening.discard(owner.id)

    async def _open_device(self, owner: SessionOwner, account: Account) -> None:
        while (epoch := self._epoch_of(owner.shard)) is not None:
            session = await self._engine.open(account, partial(self._hear, owner))
            if self._epoch_of(owner.shard) == epoch:
                self._held[owner.id] = Held(owner.shard, epoch, session)
                if session.is_connected:
                    self._on_connected(owner.id)
                return
            # The shard was lost meanwhile, too early for the call that closes what is held.
            await session.close()

    # --- events, one at a time per session; returning means that the event is safe ---

    async def _hear(self, owner: SessionOwner, event: Event) -> None:
        """Raises LostOwnership for what only the next owner can make safe."""
        match event:
            case Receipts(ids, _, _, kind, at):
                for chat in await self._ledger.receipt(owner.shard, owner.id, ids, kind, at):
                    self._on_settled(owner.id, chat)
            case Connected(phone, lid, name, platform):
                await self._state(owner, "connected", None, phone, lid, name, platform)
                self._on_connected(owner.id)
            case Disconnected(reason):
                await self._state(owner, "disconnected", reason)
            case LoggedOut(reason):
                await self._drop(owner)
                await self._forget(owner, reason)
            case Replaced():
                await self._state(owner, "conflict", "the same device connected elsewhere")
            case Banned(reason, _):
                await self._state(owner, "banned", reason)
            case Outdated():
                await self._state(owner, "outdated", "WhatsApp refuses this version of the library")
            case Raw(code):
                log.debug("event not translated", instance=owner.id, code=code)

    async def _state(self, owner: SessionOwner, state: str, error: str | None, *profile: str | None) -> None:
        profile = profile or (None, None, None, None)
        if await self._write(table.SET_STATE, owner, state, error, *profile):
            log.info("session state", instance=owner.id, state=state, error=error)

    async def _forget(self, owner: SessionOwner, reason: str) -> None:
        await self._write(table.FORGET_DEVICE, owner, reason)

    async def _write(self, statement: str, owner: SessionOwner, *values: str | None) -> bool:
        """Whether it was written: not when the shard is another's by now. Waits out an outage of Postgres."""
        while (epoch := self._epoch_of(owner.shard)) is not None:
            try:
                return bool(await self._pool.fetch(statement, owner.id, owner.shard, epoch, *values))
            except OUTAGES as error:
                log.warning("session state not written yet", instance=owner.id, error=type(error).__name__)
                await asyncio.sleep(AGAIN)
        return False

    async def _drop(self, owner: SessionOwner) -> None:
        held = self._held.pop(owner.id, None)
        if held is not None and self._tasks is not None:
            # Beside us: closing waits for this session's events to end, and we are one of them.
            self._tasks.create_task(held.session.close())

    # --- pairing ---

    async def qr_code(self, instance: UUID) -> QrCode | None:
        """The code of the moment; starts a pairing if none is under way. None: the instance is linked already."""
        owner = await table.find(self._pool, instance)
        if owner is None or owner.device is not None:
            return None
        async with self._code_came:
            self._start_pairing(owner)
            await self._code_came.wait_for(lambda: instance in self._codes or instance not in self._pairing)
            return self._codes.get(instance)

    def _start_pairing(self, owner: SessionOwner) -> None:
        if owner.id in self._pairing:
            return
        if self._tasks is None:
            raise RuntimeError("sessions are not running")
        task = self._tasks.create_task(self._pair(owner))
        self._pairing[owner.id] = (owner.shard, task)

    async def _pair(self, owner: SessionOwner) -> None:
        try:
            await self._link(owner)
            linked = await table.find(self._pool, owner.id)
        except Exception:
            log.exception("pairing ended by an error", instance=owner.id)
            return
        finally:
            self._codes.pop(owner.id, None)
            del self._pairing[owner.id]
            async with self._code_came:
                self._code_came.notify_all()
        if linked is not None and linked.device is not None:
            await self._open(linked)

    async def _link(self, owner: SessionOwner) -> None:
        async for step in self._engine.pair(owner.id.hex, owner.session_name):
            match step:
                case QrCode():
                    async with self._code_came:
                        self._codes[owner.id] = step
                        self._code_came.notify_all()
                case Paired(device, phone, lid, platform):
                    if await self._write(table.SET_DEVICE, owner, device, phone, lid, platform):
                        log.info("paired", instance=owner.id)
                case PairingFailed(reason):
                    log.warning("pairing failed", instance=owner.id, reason=reason)
