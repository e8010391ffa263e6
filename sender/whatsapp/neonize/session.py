"""One linked device, kept open in whatever session host lives: the real implementation of the port's Session."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from common import logs
from common.addresses import Jid, without_device
from common.clock import Clock
from common.errors import MediaAway, NotConnected, Refused, TemporaryFailure
from common.postgres import OUTAGES
from sender.host.fleet import Fleet
from sender.host.frames import Frame
from sender.host.process import HostLost
from sender.whatsapp.neonize.arrivals import Arrivals
from sender.whatsapp.neonize.downloads import failure_of_download, message_of
from sender.whatsapp.neonize.events import FINAL, Code, pings_unanswered, reason_of_failure
from sender.whatsapp.neonize.failures import failure_of_send, without_addresses
from sender.whatsapp.neonize.formats import FormatChanged
from sender.whatsapp.neonize.groups import NeonizeGroups
from sender.whatsapp.neonize.hearing import Hearing, Seat
from sender.whatsapp.neonize.newsletters import NeonizeNewsletters
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.people import NeonizePeople, NeonizePrivacy
from sender.whatsapp.neonize.profile import OwnProfile
from sender.whatsapp.neonize.protobuf import (
    IsOnWhatsAppReturnFunction,
    UploadReturnFunction,
    from_engine,
    to_engine,
)
from sender.whatsapp.neonize.sending import HELD_BACK, Sending, Tap
from sender.whatsapp.neonize.store import Store
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import (
    Accepted,
    Account,
    Disconnected,
    KeptArrivals,
    Listener,
    LoggedOut,
    MediaKind,
    OnWire,
    Profile,
    ReceivedFile,
    Secret,
    UploadedFile,
)

log = logs.get(__name__)

HOST_DIED = "the session host died"
ALONE = 9  # losses after which a session sits alone in its host, however many that may hold: then it is to blame

_NOTHING = "Function returned nothing."
"""The library's way of saying that an answer was empty."""


class _NoAnswer(TemporaryFailure):
    """The session did not answer in time."""


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
        logins: asyncio.Semaphore,
        patience: Patience,
        clock: Clock,
        chance: Random,
        kept: KeptArrivals | None = None,
    ) -> None:
        self._account = account
        self._fleet = fleet
        self._store = store
        self._tap = tap
        self._logins = logins
        self._patience = patience
        self._clock = clock
        self._chance = chance
        self._log = log.bind(instance=account.instance)
        self._seat: Seat | None = None
        self._is_connected = False
        self._was_connected = False
        self._end: str | None = None
        self._problem = ""
        self._is_final = False
        self._closing = asyncio.Event()
        self._arrivals: Arrivals | None = None
        if kept is not None:
            self._arrivals = Arrivals(account, listener, store, kept, names_events=account.wire == "relay")
            listener = self._arrivals.listener
        self._hearing = Hearing(account, listener, store, patience, self._closing, chance)
        self._hearing_task: asyncio.Task[None] | None = None
        self.groups = NeonizeGroups(self._ask)
        self.people = NeonizePeople(self._ask, store, account.device)
        self.privacy = NeonizePrivacy(self._ask)
        self.newsletters = NeonizeNewsletters(self._ask)
        self._profile = OwnProfile(self._ask, without_device(Jid(account.device)))
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        self._has_heard_left = False

    @property
    def is_connected(self) -> bool:
        return self._is_connected

    async def send(self, to: Jid, message: Message, *, id: str, on_wire: OnWire) -> Accepted:
        seat = self._connected_seat()
        sending = Sending(seat.host, seat.name, self._tap, on_wire)
        return await self._run(seat, sending, to, message)

    async def _run(self, seat: Seat, sending: Sending, to: Jid, message: Message) -> Accepted:
        try:
            return await sending.run(to, message, self._patience.send)
        finally:
            if sending.must_restart is not None and self._seat is seat:
                self._finish(sending.must_restart)

    async def show_typing(self, to: Jid, *, recording: bool = False) -> None:
        await self._show(to, composing=True, recording=recording)

    async def stop_typing(self, to: Jid) -> None:
        await self._show(to, composing=False, recording=False)

    async def profile(self) -> Profile:
        device = None
        with suppress(*OUTAGES):
            device = await self._store.find(self._account.device)
        return await self._profile.read(device.name if device else None)

    async def change_name(self, name: str) -> None:
        await self._profile.change_name(name)

    async def change_about(self, about: str) -> None:
        await self._profile.change_about(about)

    async def change_picture(self, jpeg: bytes) -> None:
        await self._profile.change_picture(jpeg)

    async def look_up_number(self, phone: str) -> Jid | None:
        answer = await self._ask("accounts", f"+{phone}".encode())
        result = IsOnWhatsAppReturnFunction.FromString(answer)
        if result.Error and result.Error != _NOTHING:
            raise failure_of_send(result.Error, is_on_wire=False)
        found = next((each.JID for each in result.IsOnWhatsAppResponse if each.IsIn), None)
        return None if found is None else without_device(from_engine(found))

    async def mark_read(self, chat: Jid, sender: Jid | None, ids: Sequence[str]) -> None:
        if any(" " in each for each in ids):
            raise Refused("no message has an id with a space in it")
        fields = {
            "ids": list(ids),
            "at": int(time.time()),
            "chat": to_engine(chat).hex(),
            "sender": to_engine(sender or chat).hex(),
        }
        await self._call("mark-read", fields)

    async def reject_call(self, caller: Jid, call: str) -> None:
        if "\0" in call:
            raise Refused("no call has an id with a NUL in it")
        await self._call("reject-call", {"caller": to_engine(caller).hex(), "call": call})

    async def message_secret(self, chat: Jid, whatsapp_id: str) -> Secret | None:
        return await self._store.find_secret(self._account.device, chat, whatsapp_id)

    async def upload(self, path: Path, kind: MediaKind) -> UploadedFile:
        try:
            answer = await self._call(
                "upload", {"path": str(path), "media": kind.value}, patience=self._patience.upload
            )
        except _NoAnswer:
            # The library does not give up an upload, and until it ends nothing else of this session gets through.
            self._finish("an upload did not end in time")
            raise
        result = UploadReturnFunction.FromString(answer.body)
        if result.Error:
            raise failure_of_send(result.Error, is_on_wire=False)
        file = result.UploadResponse
        return UploadedFile(
            file.url, file.DirectPath, file.MediaKey, file.FileSHA256, file.FileEncSHA256, file.FileLength
        )

    async def download(self, file: ReceivedFile, target: Path, largest: int) -> None:
        seat = self._connected_seat()
        fields = {"session": seat.name, "path": str(target), "largest": largest}
        try:
            answer = await seat.host.call("download", fields, message_of(file), timeout=self._patience.download)
        except HostLost:
            raise NotConnected from None
        except TimeoutError:
            raise MediaAway("WhatsApp did not send the file in time") from None
        if error := answer.fields.get("error"):
            raise NotConnected if error == "not-ready" else failure_of_download(error)

    async def logout(self) -> None:
        await self._call("logout", {})
        self._is_final = True
        self._finish("logged out")

    async def close(self) -> None:
        self._closing.set()
        self._news.set()
        # A listener that closes its own session cannot be waited for by it.
        if asyncio.current_task() is not self._hearing_task:
            await self._ended.wait()

    async def live(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                hearing = self._hearing_task = tasks.create_task(
                    self._hearing.run(), name=f"events of {self._account.instance}"
                )
                beside = [
                    tasks.create_task(work(), name=f"{name} of {self._account.instance}")
                    for name, work in self._beside().items()
                ]
                await self._keep()
                for task in beside:
                    task.cancel()
                self._hearing.end()
                if self._closing.is_set():
                    _, stuck = await asyncio.wait((hearing,), timeout=self._patience.close)
                    for task in stuck:
                        task.cancel()
        finally:
            self._ended.set()

    def _beside(self) -> Mapping[str, Callable[[], Coroutine[None, None, None]]]:
        """What runs as long as the session lives, by name."""
        return {}

    async def _keep(self) -> None:
        """Connected, or on the way to it, until closed or final."""
        failures = losses = 0
        while not self._closing.is_set():
            self._end, self._was_connected = None, False
            started = self._clock.elapsed()
            try:
                async with self._fleet.seat(losses) as host:
                    reason = await self._sit(Seat(host, host.name_for(self._account.instance)))
            except HostLost:
                reason = HOST_DIED
            except OUTAGES:
                reason = "the session store does not answer"
            except FormatChanged as refusal:
                reason = f"the wire relay is refused: {refusal}"
            except Exception:
                self._log.exception("unexpected error around a session")
                reason = "unexpected error"
            if self._is_final or self._closing.is_set():
                return
            self._hearing.add(Disconnected(reason))
            failures = 0 if self._was_connected else failures + 1
            if self._clock.elapsed() - started > self._patience.steady:
                losses = 0
            losses = losses + 1 if reason == HOST_DIED else losses
            pause = self._patience.pause(max(failures, losses - ALONE), self._chance)
            self._log.info("session is reconnected soon", reason=reason, failures=failures, pause=round(pause, 3))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()

    async def _sit(self, seat: Seat) -> str:
        """Stay in a host until something ends it; says what."""
        if await self._store.find(self._account.device) is None:
            self._is_final = True
            self._hearing.add(LoggedOut("the device is not in the session store"))
            return "not paired"
        if not self._has_heard_left:
            await self._hearing.hear_left()
            self._has_heard_left = True
        if self._arrivals is not None:
            # What the last host told comes first: only what it did not tell is to be opened here.
            await self._hearing.heard_all()
            await self._arrivals.recover(self._hearing.tell)
        fields = {"session": seat.name, **await self._opening()}
        seat.host.attach(seat.name, lambda frame: self._on_frame(seat, frame))
        self._seat = seat
        try:
            # Not all at once when a network comes back, but one whose login hangs holds up the others for seconds only.
            async with self._logins:
                if self._closing.is_set():
                    return "closed"
                try:
                    answer = await seat.host.call("open", fields, timeout=self._patience.call)
                except TimeoutError:
                    return "the session host did not answer"
                if error := answer.fields.get("error"):
                    return str(error)
                await self._log_in()
            return await self._stay()
        finally:
            self._is_connected = False
            self._seat = None
            with suppress(HostLost, TimeoutError):
                await seat.host.call("close", {"session": seat.name}, timeout=self._patience.close)
            seat.host.detach(seat.name)

    async def _opening(self) -> dict[str, Any]:
        """What a host must know to open this session."""
        return {
            "store": self._store.url,
            "device": to_engine(Jid(self._account.device)).hex(),
            "properties": "",
            "proxy": self._account.proxy,
        }

    async def _log_in(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.login):
                while not (self._is_connected or self._end or self._closing.is_set()):
                    self._news.clear()
                    await self._news.wait()

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

    def _on_frame(self, seat: Seat, frame: Frame) -> None:
        """What concerns the session's state is seen at once; its listener hears of it in its turn."""
        if frame.kind == "lost":
            self._finish(HOST_DIED)
        elif frame.kind == "ended":
            self._finish(without_addresses(frame.fields["error"]) or "ended")
        elif frame.kind == "log":
            self._hear_problem(f"the wire relay: {frame.fields['line']}")
        elif frame.kind == "on-wire":
            self._held_back()
        elif frame.kind == "event":
            self._note(frame.fields["code"], frame.body)
            self._hearing.hear(seat, frame)

    def _held_back(self) -> None:
        """A message that nobody waits for was not let go, for which its host cuts the session off."""
        self._finish(HELD_BACK)

    def _hear_problem(self, problem: str) -> None:
        """Why there is no connection, once for each reason: the library dials again and again."""
        if not self._is_connected and problem != self._problem:
            self._problem = problem
            self._hearing.add(Disconnected(problem))

    def _note(self, code: int, body: bytes) -> None:
        if code == Code.CONNECTED:
            self._is_connected = self._was_connected = self._end is None
            self._problem = ""
            self._news.set()
        elif code == Code.DISCONNECTED:
            self._is_connected = False
            self._news.set()
        elif code == Code.SILENT and pings_unanswered(body) >= self._patience.pings:
            self._finish("WhatsApp does not answer on an open connection")
        elif code == Code.CONNECT_FAILURE:
            self._finish(reason_of_failure(body))
        elif code in FINAL:
            self._is_final = True
            self._finish(Code(code).name)

    def _connected_seat(self) -> Seat:
        if self._seat is None or not self._is_connected:
            raise NotConnected
        return self._seat

    async def _show(self, to: Jid, *, composing: bool, recording: bool) -> None:
        fields = {"to": to_engine(to).hex(), "composing": composing, "recording": recording}
        await self._call("presence", fields)

    async def _ask(self, question: str, body: bytes) -> bytes:
        return (await self._call("ask", {"question": question}, body)).body

    async def _call(
        self, kind: str, fields: dict[str, Any], body: bytes = b"", *, patience: float | None = None
    ) -> Frame:
        """Raises DeliveryError."""
        seat = self._connected_seat()
        try:
            fields = {**fields, "session": seat.name}
            answer = await seat.host.call(kind, fields, body, timeout=patience or self._patience.call)
        except HostLost:
            raise NotConnected from None
        except TimeoutError:
            raise _NoAnswer from None
        if error := answer.fields.get("error"):
            raise NotConnected if error == "not-ready" else failure_of_send(error, is_on_wire=False)
        return answer
