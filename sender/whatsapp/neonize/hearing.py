"""A session's events on their way to its listener: one at a time, in order, and offered until each is safe."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from common import logs
from common.addresses import Jid, user_of, without_device
from common.postgres import OUTAGES
from sender.host.frames import Frame
from sender.host.process import HostProcess
from sender.whatsapp.neonize.events import Code, translate
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.store import Device, Store
from sender.whatsapp.session import Account, Connected, Disconnected, Event, Listener, Raw, Receipts

log = logs.get(__name__)

LONGEST_PAUSE = 5.0  # seconds between two offers of the same event


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a session sits, and the name it has there."""

    host: HostProcess
    name: str


@dataclass(frozen=True, slots=True)
class _Heard:
    seat: Seat
    frame: Frame


class Hearing:
    """`run` ends after `end` when everything has been told. `closing` stops offering what the listener refuses."""

    def __init__(
        self,
        account: Account,
        listener: Listener,
        store: Store,
        patience: Patience,
        closing: asyncio.Event,
        chance: Random,
    ) -> None:
        self._account = account
        self._listener = listener
        self._store = store
        self._patience = patience
        self._closing = closing
        self._chance = chance
        self._log = log.bind(instance=account.instance)
        self._events: asyncio.Queue[_Heard | Event | asyncio.Event | None] = asyncio.Queue()

    def hear(self, seat: Seat, frame: Frame) -> None:
        """An event of the library. Its host waits to be told that it is safe."""
        self._events.put_nowait(_Heard(seat, frame))

    def add(self, event: Event) -> None:
        """An event of our own."""
        self._events.put_nowait(event)

    def end(self) -> None:
        self._events.put_nowait(None)

    async def hear_left(self) -> None:
        """What hosts of a node that died were told about this device, before anything that comes in now.

        Raises OUTAGES. An event that the node made safe in its last moment is heard twice; none is lost.
        """
        for left in await self._store.find_left_events(self._account.device):
            event = self._translated(left.code, left.body, left.told_at)
            # How that session fared is no news any more.
            if isinstance(event, Raw | Receipts) and not await self.tell(event):
                return
            await self._store.forget_left_event(self._account.device, left.place)

    async def heard_all(self) -> None:
        """Wait until what was heard up to now has been told. `run` must be running."""
        reached = asyncio.Event()
        self._events.put_nowait(reached)
        await reached.wait()

    async def run(self) -> None:
        while (item := await self._events.get()) is not None:
            if isinstance(item, asyncio.Event):
                item.set()
            elif not isinstance(item, _Heard):
                await self.tell(item)
            elif (event := await self._read(item.frame)) is None or await self.tell(event):
                number = item.frame.fields["number"]
                item.seat.host.tell(Frame("ack", fields={"session": item.seat.name, "number": number}))

    async def tell(self, event: Event) -> bool:
        """Until the listener has it safe. A closed session's listener is asked once only."""
        failures = 0
        while True:
            try:
                await self._listener(event)
                return True
            except Exception:
                self._log.exception("an event could not be stored", event_type=type(event).__name__)
            if self._closing.is_set():
                return False
            failures += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(min(LONGEST_PAUSE, self._patience.pause(failures, self._chance))):
                    await self._closing.wait()

    async def _read(self, frame: Frame) -> Event | None:
        code, at = frame.fields["code"], datetime.fromtimestamp(frame.fields["at"], UTC)
        if code in (Code.DEVICE, Code.CONNECT_FAILURE):
            return None
        if code == Code.CONNECTED:
            return await self._connected()
        if code == Code.DISCONNECTED:
            return Disconnected("the connection broke")
        return self._translated(code, frame.body, at)

    def _translated(self, code: int, body: bytes, at: datetime) -> Event:
        try:
            return translate(code, body, at)
        except Exception:
            self._log.exception("an event could not be read", code=code)
            return Raw(code, body, at)

    async def _connected(self) -> Connected:
        jid = Jid(self._account.device)
        device: Device | None = None
        with suppress(*OUTAGES):
            device = await self._store.find(self._account.device)
        if device is None:
            return Connected(user_of(jid))
        lid = without_device(Jid(device.lid)) if device.lid else None
        return Connected(user_of(jid), lid, device.name, device.platform)
