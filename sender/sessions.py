"""Sessions: open, watch and close the WhatsApp sessions of the shards that this node holds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from random import Random
from uuid import UUID

from common import logs
from common.addresses import Jid, user_of
from common.clock import Clock, SystemClock
from common.errors import DeliveryError, NotConnected, NotPaired, NotSupported
from common.metrics import SenderMetrics
from common.postgres import OUTAGES, Pool
from common.tables import session as table
from common.tables.event import NewEvent
from common.tables.session import SessionOwner
from sender.arrivals import Arrivals
from sender.comebacks import Comebacks
from sender.inbox import Inbox
from sender.ledger import Ledger
from sender.owned import OwnedInstances
from sender.pairings import Pairings
from sender.profiles import ProfileReader
from sender.showing import Showing
from sender.translation import own
from sender.whatsapp.session import (
    Account,
    Arrived,
    Banned,
    Connected,
    Disconnected,
    Engine,
    Event,
    LoggedOut,
    Outdated,
    Paired,
    PairingCode,
    Profiles,
    QrCode,
    Raw,
    Receipts,
    Replaced,
    Session,
    Taken,
    Unopened,
)

log = logs.get(__name__)

DISCONNECTED = "Device has been disconnected"  # the documented text of a lost link
AGAIN = 0.5  # seconds between two tries while Postgres is away


@dataclass(slots=True)
class Held:
    """A session that this node has opened, and the ownership that it was opened under."""

    shard: int
    epoch: int
    session: Session
    phone: str = ""
    """The account's own number."""
    account: Account | None = None
    """How it was opened."""


class Sessions:
    """`on_connected` is told each time that an instance can send, `on_settled` the chats whose doubt a receipt ended.

    `run` must be running: it owns the pairings and the comebacks.
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
        inbox: Inbox,
        arrivals: Arrivals | None = None,
        announce: Callable[[Iterable[UUID]], None] = lambda instances: None,
        keeps_all_events: bool = False,
        concurrency: int = 8,
        name_interval: timedelta = timedelta(minutes=1),
        pairs_at_once: bool = False,
        clock: Clock | None = None,
        chance: Random | None = None,
        may_connect: Callable[[int], bool] = lambda shard: True,
        account_of: Callable[[SessionOwner, str], Account] = lambda owner, device: Account(owner.id.hex, device),
    ) -> None:
        """`announce` is told which instances have events to deliver, once those are committed. `account_of` says how an
        instance's device is to be opened. `arrivals` keeps what comes in through the relay."""
        self._engine = engine
        self._pool = pool
        self._ledger = ledger
        self._epoch_of = epoch_of
        self._on_connected = on_connected
        self._may_connect = may_connect
        self._account_of = account_of
        self._on_settled = on_settled
        self._metrics = metrics
        self._inbox = inbox
        self._arrivals = arrivals
        self._slots = asyncio.Semaphore(concurrency)
        self._pairs_at_once = pairs_at_once
        self._held: dict[UUID, Held] = {}
        self._opening: set[UUID] = set()
        self._unlinking: set[UUID] = set()
        self._clock = clock or SystemClock()
        self._comebacks = Comebacks(self._clock, chance or Random())
        self._pairings = Pairings(engine, self._linked, self._not_linked, self._clock)
        self._owned = OwnedInstances(pool, epoch_of, announce, keeps_all_events=keeps_all_events)
        self._showing = Showing(self._owned, engine, pool, lambda: self._held, self._clock, name_interval)
        self._profiles = ProfileReader(self._showing.keep, self._clock, chance or Random())
        self._tasks: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._held)

    @property
    def connected(self) -> int:
        return sum(held.session.is_connected for held in self._held.values())

    def get(self, instance: UUID) -> Held | None:
        return self._held.get(instance)

    def session_of(self, instance: UUID) -> Session | None:
        held = self._held.get(instance)
        return held.session if held is not None else None

    async def run(self) -> None:
        """Own the pairings, and the waits of sessions that stay away for a while, until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._profiles.run(), name="profiles")
            await self._pairings.run()

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

    def changed(self, instance: UUID) -> None:
        """Settings of an instance changed: its session is opened anew when it is to go another way."""
        if instance in self._held and self._tasks is not None:
            self._tasks.create_task(self._follow(instance), name="follow a change")

    async def _follow(self, instance: UUID) -> None:
        try:
            owner = await table.find(self._pool, instance)
            held = self._held.get(instance)
            if owner is None or held is None or owner.device is None:
                return
            if self._account_of(owner, owner.device) != held.account:
                log.info("session goes another way", instance=instance)
                await self.restart(instance)
        except OUTAGES as error:
            log.warning("change of a session not followed yet", instance=instance, error=type(error).__name__)
        except Exception:
            log.exception("change of a session not followed", instance=instance)

    async def restart(self, instance: UUID) -> bool:
        """Close the session and open it again; the link survives. False: there is nothing linked to open."""
        held = self._held.pop(instance, None)
        if held is not None:
            await held.session.close()
        await self.look(instance)
        return instance in self._held

    async def unlink(self, instance: UUID) -> None:
        """Log the device out, and forget it also when WhatsApp cannot be told. Idempotent. It is no news to whoever
        asked for it."""
        owner = await table.find(self._pool, instance)
        if owner is None or owner.device is None:
            return
        held = self._held.pop(instance, None)
        self._unlinking.add(instance)
        try:
            if held is not None:
                try:
                    await held.session.logout()
                except DeliveryError as error:
                    log.warning("unlinked without WhatsApp's knowing", instance=instance, error_class=error.code)
                await held.session.close()
            await self._forget(owner, "unlinked over the API")
        finally:
            self._unlinking.discard(instance)

    def pairing_shards(self) -> set[int]:
        """The shards where somebody may be scanning a code."""
        return self._pairings.shards()

    async def close_shards(self, shards: Iterable[int]) -> None:
        """Close the sessions of these shards and end their pairings. Never logs out."""
        gone = set(shards)
        self._pairings.end(gone)
        going = [instance for instance, held in self._held.items() if held.shard in gone]
        async with asyncio.TaskGroup() as tasks:
            for instance in going:
                tasks.create_task(self._held.pop(instance).session.close())

    async def _open(self, owner: SessionOwner) -> None:
        if not self._is_ours(owner) or owner.id in self._opening:
            return
        if owner.id in self._held:
            self.changed(owner.id)
            return
        if owner.device is None:
            if self._pairs_at_once:
                self._pairings.start(owner)
            return
        self._opening.add(owner.id)
        try:
            async with self._slots:
                await self._open_device(owner, self._account_of(owner, owner.device))
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
        while self._is_ours(owner):
            epoch = self._epoch_of(owner.shard)
            session = await self._engine.open(account, partial(self._hear, owner))
            if epoch is not None and self._epoch_of(owner.shard) == epoch and self._is_ours(owner):
                self._held[owner.id] = Held(owner.shard, epoch, session, user_of(Jid(account.device)), account)
                if session.is_connected:
                    self._on_connected(owner.id)
                return
            # The shard was lost meanwhile, too early for the call that closes what is held.
            await session.close()

    def _is_ours(self, owner: SessionOwner) -> bool:
        """Whether a session may be opened: not for a shard that is lost or on its way to another node."""
        return self._epoch_of(owner.shard) is not None and self._may_connect(owner.shard)

    # --- events, one at a time per session; returning means that the event is safe ---

    async def _hear(self, owner: SessionOwner, event: Event) -> None:
        """Raises LostOwnership for what only the next owner can make safe."""
        match event:
            case Receipts(ids, chat, sender, kind, at):
                for settled in await self._ledger.receipt(owner.shard, owner.id, ids, kind, at, chat, sender):
                    self._on_settled(owner.id, settled)
            case Taken(whatsapp_id, at):
                for settled in await self._ledger.receipt(owner.shard, owner.id, (whatsapp_id,), "sent", at):
                    self._on_settled(owner.id, settled)
            case Connected(phone, lid, name, platform):
                self._comebacks.connected(owner.id)
                if (held := self._held.get(owner.id)) is not None:
                    self._profiles.connected(owner, held.session)
                happened = own.connected(owner.id, phone, self._clock.now())
                await self._state(owner, happened, "connected", None, phone, lid, name, platform)
                self._on_connected(owner.id)
            case Disconnected(reason):
                await self._state(owner, self._lost(owner, DISCONNECTED), "disconnected", reason)
            case LoggedOut(reason):
                self._comebacks.forget(owner.id)
                self._profiles.forget(owner.id)
                await self._drop(owner)
                await self._forget(owner, reason, self._lost(owner, DISCONNECTED))
            case Replaced():
                reason = "the same device connected elsewhere"
                if await self._state(owner, self._lost(owner, reason), "conflict", reason):
                    self._come_back(owner, self._comebacks.after_conflict(owner.id))
                else:
                    await self._drop(owner)  # it is another node's by now, and that is who connected
            case Banned(reason, until):
                await self._state(owner, self._lost(owner, f"the account is banned: {reason}"), "banned", reason)
                self._come_back(owner, self._comebacks.after_ban(until))
            case Outdated():
                reason = "WhatsApp refuses this version of the library"
                await self._state(owner, self._lost(owner, reason), "outdated", reason)
                self._come_back(owner, self._comebacks.after_outdated())
            case Raw():
                await self._inbox.hear(owner.shard, owner.id, event)
            case Arrived(arrivals) if self._arrivals is not None:
                await self._arrivals.keep(owner.shard, owner.id, arrivals)
            case Unopened(name) if self._arrivals is not None:
                await self._arrivals.drop(owner.id, name)

    async def _state(
        self, owner: SessionOwner, happened: NewEvent | None, state: str, error: str | None, *account: str | None
    ) -> bool:
        account = account or (None, None, None, None)
        is_ours = await self._write(table.SET_STATE, owner, happened, state, error, *account)
        if is_ours:
            self._metrics.session_changes.labels(state).inc()
            log.info("session state", instance=owner.id, state=state, error=error)
        return is_ours

    async def change_name(self, instance: UUID, name: str) -> None:
        """Like `change_profile`. The library tells nobody of it, so we do."""
        await self.change_profile(instance, lambda profiles: profiles.change_name(name))
        owner = await table.find(self._pool, instance)
        if owner is not None:
            await self._showing.keep_name(owner, name)

    async def watch_names(self) -> None:
        """Until cancelled, beside `run`."""
        await self._showing.watch_names()

    async def look_at_profile(self, instance: UUID) -> None:
        """WhatsApp says that the account shows something else."""
        held, owner = self._held.get(instance), await table.find(self._pool, instance)
        if held is not None and owner is not None:
            self._profiles.changed(owner, held.session)

    async def change_profile(self, instance: UUID, change: Callable[[Profiles], Awaitable[None]]) -> None:
        """Raises DeliveryError: NotConnected also where there is no session, NotSupported where it has no profile."""
        held = self._held.get(instance)
        if held is None or not held.session.is_connected:
            raise NotConnected
        if not isinstance(held.session, Profiles):
            raise NotSupported
        await change(held.session)
        await self.look_at_profile(instance)

    async def _forget(self, owner: SessionOwner, reason: str, happened: NewEvent | None = None) -> None:
        await self._write(table.FORGET_DEVICE, owner, happened, reason)

    async def _write(self, statement: str, owner: SessionOwner, happened: NewEvent | None, *values: str | None) -> bool:
        return await self._owned.write(statement, owner, lambda _: happened, *values)

    def _lost(self, owner: SessionOwner, reason: str) -> NewEvent | None:
        if owner.id in self._unlinking:
            return None
        return own.disconnected(owner.id, reason, self._clock.now())

    async def _drop(self, owner: SessionOwner) -> None:
        held = self._held.pop(owner.id, None)
        if held is not None and self._tasks is not None:
            # Beside us: closing waits for this session's events to end, and we are one of them.
            self._tasks.create_task(held.session.close())

    def _come_back(self, owner: SessionOwner, wait: float) -> None:
        """Open a session that has ended again, unless somebody did so before."""
        held = self._held.get(owner.id)
        if held is None or self._tasks is None:
            return
        log.info("session stays away for a while", instance=owner.id, seconds=round(wait))
        self._tasks.create_task(self._reopen(owner, held, self._clock.elapsed() + wait), name="reopen session")

    async def _reopen(self, owner: SessionOwner, held: Held, moment: float) -> None:
        await self._clock.sleep_until(moment)
        while self._held.get(owner.id) is held or (owner.id not in self._held and self._epoch_of(owner.shard)):
            try:
                await self.restart(owner.id)
                return
            except OUTAGES as error:
                log.warning("session not reopened yet", instance=owner.id, error=type(error).__name__)
                await asyncio.sleep(AGAIN)

    # --- pairing ---

    async def qr_code(self, instance: UUID) -> QrCode | None:
        """The code of the moment; starts a pairing if none is under way. None: the instance is linked already.

        Raises NoCode.
        """
        owner = await self._unlinked(instance)
        return await self._pairings.qr_code(owner) if owner else None

    async def phone_code(self, instance: UUID, phone: str) -> PairingCode | None:
        """Like `qr_code`, but a code to type on that phone. Raises NoCode, or DeliveryError for a refused phone."""
        owner = await self._unlinked(instance)
        return await self._pairings.phone_code(owner, phone) if owner else None

    async def _unlinked(self, instance: UUID) -> SessionOwner | None:
        owner = await table.find(self._pool, instance)
        return owner if owner is not None and owner.device is None else None

    async def _linked(self, owner: SessionOwner, paired: Paired) -> None:
        written = (paired.device, paired.phone, paired.lid, paired.platform)
        if not await self._write(table.SET_DEVICE, owner, None, *written):
            log.warning("paired in vain: the shard was lost meanwhile", instance=owner.id)
            return
        log.info("paired", instance=owner.id)
        try:
            await self._open(replace(owner, device=paired.device))
        except OUTAGES as error:
            log.warning("session not opened yet", instance=owner.id, error=type(error).__name__)

    async def _not_linked(self, owner: SessionOwner, reason: str) -> None:
        if reason != "timeout":
            await self._state(owner, None, "unpaired", reason)
