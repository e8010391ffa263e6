"""One linked device, kept open in whatever session host lives: the real implementation of the port's Session."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from common import logs
from common.addresses import Jid, user_of, without_device
from common.clock import Clock
from common.errors import NotConnected, TemporaryFailure
from common.postgres import OUTAGES
from sender.host.fleet import Fleet
from sender.host.frames import Frame
from sender.host.process import HostLost, HostProcess
from sender.whatsapp.neonize.events import FINAL, Code, reason_of_failure, translate
from sender.whatsapp.neonize.failures import failure_of_send, without_addresses
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.protobuf import to_engine
from sender.whatsapp.neonize.sending import Sending, Tap
from sender.whatsapp.neonize.store import Device, Store
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import Accepted, Account, Connected, Disconnected, Event, Listener, LoggedOut, OnWire, Raw

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class _Seat:
    host: HostProcess
    name: str


@dataclass(frozen=True, slots=True)
class _Heard:
    seat: _Seat
    frame: Frame


class NeonizeSession:
    """`live` is its life; it ends after `close`, or after an event that no reconnect can cure."""

    uses_given_id = False

    def __init__(
        self,
        account: Account,
        listener: Listener,
        fleet: Fleet,
        store: Store,
        tap: Tap,
        patience: Patience,
        clock: Clock,
        chance: Random,
    ) -> None:
        self._account = account
        self._listener = listener
        self._fleet = fleet
        self._store = store
        self._tap = tap
        self._patience = patience
        self._clock = clock
        self._chance = chance
        self._log = log.bind(instance=account.instance)
        self._events: asyncio.Queue[_Heard | Event | None] = asyncio.Queue()
        self._seat: _Seat | None = None
        self._is_connected = False
        self._was_connected = False
        self._end: str | None = None
        self._is_final = False
        self._closing = asyncio.Event()
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        return self._is_connected

    async def send(self, to: Jid, message: Message, *, id: str, on_wire: OnWire) -> Accepted:
        seat = self._connected_seat()
        sending = Sending(seat.host, seat.name, self._tap, on_wire)
        try:
            return await sending.run(to, message, self._patience.send)
        finally:
            if sending.must_restart is not None and self._seat is seat:
                self._finish(sending.must_restart)

    async def show_typing(self, to: Jid, *, recording: bool = False) -> None:
        await self._show(to, composing=True, recording=recording)

    async def stop_typing(self, to: Jid) -> None:
        await self._show(to, composing=False, recording=False)

    async def logout(self) -> None:
        await self._call("logout", {})
        self._is_final = True
        self._finish("logged out")

    async def close(self) -> None:
        self._closing.set()
        self._news.set()
        # A listener that closes its own session cannot be waited for by it.
        if asyncio.current_task() is not self._hearing:
            await self._ended.wait()

    async def live(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                self._hearing = tasks.create_task(self._hear(), name=f"events of {self._account.instance}")
                await self._keep()
                self._events.put_nowait(None)
                if self._closing.is_set():
                    _, stuck = await asyncio.wait((self._hearing,), timeout=self._patience.close)
                    for task in stuck:
                        task.cancel()
        finally:
            self._ended.set()

    async def _keep(self) -> None:
        """Connected, or on the way to it, until closed or final."""
        failures = 0
        while not self._closing.is_set():
            self._end, self._was_connected = None, False
            try:
                async with self._fleet.seat() as host:
                    reason = await self._sit(_Seat(host, host.name_for(self._account.instance)))
            except HostLost:
                reason = "the session host died"
            except OUTAGES:
                reason = "the session store does not answer"
            except Exception:
                self._log.exception("unexpected error around a session")
                reason = "unexpected error"
            if self._is_final or self._closing.is_set():
                return
            self._events.put_nowait(Disconnected(reason))
            failures = 0 if self._was_connected else failures + 1
            pause = self._patience.pause(failures, self._chance)
            self._log.info("session is reconnected soon", reason=reason, failures=failures, pause=round(pause, 3))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()

    async def _sit(self, seat: _Seat) -> str:
        """Stay in a host until something ends it; says what."""
        if await self._store.find(self._account.device) is None:
            self._is_final = True
            self._events.put_nowait(LoggedOut("the device is not in the session store"))
            return "not paired"
        fields = {
            "session": seat.name,
            "store": self._store.url,
            "device": to_engine(Jid(self._account.device)).hex(),
            "properties": "",
        }
        seat.host.attach(seat.name, lambda frame: self._on_frame(seat, frame))
        self._seat = seat
        try:
            await seat.host.call("open", fields, timeout=self._patience.call)
            return await self._stay()
        finally:
            self._is_connected = False
            self._seat = None
            with suppress(HostLost, TimeoutError):
                await seat.host.call("close", {"session": seat.name}, timeout=self._patience.close)
            seat.host.detach(seat.name)

    async def _stay(self) -> str:
        while self._end is None and not self._closing.is_set():
            limit = self._patience.reconnect if self._was_connected else self._patience.connect
            self._news.clear()
            try:
                async with asyncio.timeout(None if self._is_connected else limit):
                    await self._news.wait()
            except TimeoutError:
                return "no connection in time"
        return self._end or "closed"

    def _finish(self, reason: str) -> None:
        self._is_connected = False
        if self._end is None:
            self._end = reason
        self._news.set()

    def _on_frame(self, seat: _Seat, frame: Frame) -> None:
        """What concerns the session's state is seen at once; its listener hears of it in its turn."""
        if frame.kind == "lost":
            self._finish("the session host died")
        elif frame.kind == "ended":
            self._finish(without_addresses(frame.fields["error"]) or "ended")
        elif frame.kind == "event":
            self._note(frame.fields["code"], frame.body)
            self._events.put_nowait(_Heard(seat, frame))

    def _note(self, code: int, body: bytes) -> None:
        if code == Code.CONNECTED:
            self._is_connected = self._was_connected = self._end is None
            self._news.set()
        elif code == Code.DISCONNECTED:
            self._is_connected = False
            self._news.set()
        elif code == Code.CONNECT_FAILURE:
            self._finish(reason_of_failure(body))
        elif code in FINAL:
            self._is_final = True
            self._finish(Code(code).name)

    async def _hear(self) -> None:
        while (item := await self._events.get()) is not None:
            if not isinstance(item, _Heard):
                await self._tell(item)
            elif (event := await self._read(item.frame)) is None or await self._tell(event):
                number = item.frame.fields["number"]
                item.seat.host.tell(Frame("ack", fields={"session": item.seat.name, "number": number}))

    async def _tell(self, event: Event) -> bool:
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
                async with asyncio.timeout(min(5.0, self._patience.pause(failures, self._chance))):
                    await self._closing.wait()

    async def _read(self, frame: Frame) -> Event | None:
        code, at = frame.fields["code"], datetime.fromtimestamp(frame.fields["at"], UTC)
        if code in (Code.DEVICE, Code.CONNECT_FAILURE):
            return None
        if code == Code.CONNECTED:
            return await self._connected()
        if code == Code.DISCONNECTED:
            return Disconnected("the connection broke")
        try:
            return translate(code, frame.body, at)
        except Exception:
            self._log.exception("an event could not be read", code=code)
            return Raw(code, frame.body, at)

    async def _connected(self) -> Connected:
        jid = Jid(self._account.device)
        device: Device | None = None
        with suppress(*OUTAGES):
            device = await self._store.find(self._account.device)
        if device is None:
            return Connected(user_of(jid))
        lid = without_device(Jid(device.lid)) if device.lid else None
        return Connected(user_of(jid), lid, device.name, device.platform)

    def _connected_seat(self) -> _Seat:
        if self._seat is None or not self._is_connected:
            raise NotConnected
        return self._seat

    async def _show(self, to: Jid, *, composing: bool, recording: bool) -> None:
        fields = {"to": to_engine(to).hex(), "composing": composing, "recording": recording}
        await self._call("presence", fields)

    async def _call(self, kind: str, fields: dict[str, Any]) -> None:
        """Raises DeliveryError."""
        seat = self._connected_seat()
        try:
            answer = await seat.host.call(kind, {**fields, "session": seat.name}, timeout=self._patience.call)
        except HostLost:
            raise NotConnected from None
        except TimeoutError:
            raise TemporaryFailure("the session did not answer in time") from None
        if error := answer.fields.get("error"):
            raise NotConnected if error == "not-ready" else failure_of_send(error, is_on_wire=False)
