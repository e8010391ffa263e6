"""One session in this process: its thread inside the library, its events on their way to the node, its state."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

from sender.host.frames import Frame
from sender.host.gate import HANDSHAKE, Gate, Pass
from sender.host.link import Link
from sender.whatsapp.neonize.library import DEVICE, Callbacks, Library
from sender.whatsapp.neonize.logline import LogLine, is_of_interest, read_log_line

QUIET = 0.1  # seconds without an event that count as the last of them
EVENTS_PATIENCE = 10.0  # seconds that a close gives to events that are still coming
PARTED_QUIET = 0.5  # seconds without an event after which a session that was cut off has told everything
PARTED_WINDOW = 1000  # events of a session that may wait to be left behind
START_PATIENCE = 90.0  # seconds: the library's dialing (60) and handshake (20) time out before
VERDICT_PATIENCE = 10.0  # seconds
TOO_LARGE = "the file is larger than allowed"


class State(Enum):
    STARTING = auto()
    READY = auto()
    CLOSING = auto()
    ENDED = auto()


class WireNames(Protocol):
    """What the relay does with the ids of a session's messages; called before their bytes are written."""

    def rename(self, library_id: str, wire_id: str) -> None:
        """It leaves under this id."""
        ...

    def remind(self, library_id: str, wire_id: str) -> None:
        """It was sent before under this id, and is not sent now."""
        ...

    def take_back(self, library_id: str) -> None:
        """It does not leave after all."""
        ...


@dataclass(slots=True)
class _Sending:
    call: int
    wire_id: str
    reminds: bool = False
    is_on_wire: bool = False
    is_held: bool = False
    is_cut_off: bool = False
    judged: threading.Event = field(default_factory=threading.Event)
    may_go: bool = False


class Hosted:
    """Never call the library for a session that is not READY: it would abort the process.

    `names` is there for a session with a relay. `window` is how many events may be under way to the node: 1 means that
    each is safe before the library goes on.
    """

    def __init__(
        self,
        name: str,
        library: Library,
        gate: Gate,
        link: Link,
        background: Executor,
        window: int = 1,
        names: WireNames | None = None,
    ) -> None:
        self.name = name
        self._library = library
        self._gate = gate
        self._link = link
        self._background = background
        self._window = window
        self._names = names
        self._state = State.STARTING
        self._changed = threading.Condition()
        self._pass: Pass | None = None
        self._told = self._safe = 0
        self._unsafe: deque[Frame] = deque()
        self._parted_at: float | None = None
        self.store = ""
        self.device = b""
        self._shows_codes = False
        self._is_abandoned = False
        self._last_event = 0.0
        self._sending: _Sending | None = None

    @property
    def is_ready(self) -> bool:
        return self._state is State.READY

    @property
    def has_heirs(self) -> bool:
        """Whether somebody will open this device again and want to know what it was told."""
        return bool(self.device) and self._state in (State.READY, State.CLOSING)

    def part(self) -> None:
        """The node is gone: nothing more may come in, and what the library still holds is told without delay."""
        with self._changed:
            self._window = PARTED_WINDOW
            self._changed.notify_all()
        if self.is_ready:
            with self._gate.reading():
                self._library.disconnect(self.name)
        self._parted_at = time.monotonic()

    @property
    def is_spent(self) -> bool:
        """Cut off, and everything that it told is safe."""
        if self._parted_at is None or self._told != self._safe:
            return False
        return time.monotonic() - max(self._parted_at, self._last_event) >= PARTED_QUIET

    def unsafe(self) -> list[Frame]:
        """The events that were told and not acknowledged, in their order."""
        with self._changed:
            return list(self._unsafe)

    def start(self, store: str, device: bytes, properties: bytes, proxy: str = "") -> None:
        """Returns at once. Frames follow: events, qr and status when `device` is empty, and one `ended` at last."""
        self.store, self.device = store, device
        threading.Thread(
            target=self._sit, args=(store, device, properties, proxy), name=f"session {self.name}", daemon=True
        ).start()

    def remind(self, call: int, to: bytes, message: bytes, wire_id: str) -> None:
        """As `send`, of a message that was sent under that id before: the library knows it then, and nothing leaves."""
        if self._names is None or not wire_id:
            self._link.send(Frame("answer", call, {"error": "not-ready"}))
            return
        self.send(call, to, message, wire_id, reminds=True)

    def send(self, call: int, to: bytes, message: bytes, wire_id: str = "", *, reminds: bool = False) -> None:
        """Blocks until the library answered; the answer is a frame."""
        # Inside the gate a session that is ready stays known to the library until the call has found it.
        with self._gate.reading():
            if not self.is_ready:
                self._link.send(Frame("answer", call, {"error": "not-ready"}))
                return
            sending = self._sending = _Sending(call, wire_id, reminds)
            answer = self._library.send(self.name, to, message)
            self._sending = None
        fields = {"held": True, "is_cut_off": sending.is_cut_off} if sending.is_held else {}
        if reminds:
            fields = {"was_seen": sending.is_on_wire}
        self._link.send(Frame("answer", call, fields, answer))

    def show_presence(self, call: int, to: bytes, composing: bool, recording: bool) -> None:
        self._call(call, lambda: self._library.show_presence(self.name, to, composing=composing, recording=recording))

    def mark_read(self, call: int, ids: Sequence[str], at: int, chat: bytes, sender: bytes) -> None:
        self._call(call, lambda: self._library.mark_read(self.name, ids, at, chat, sender))

    def reject_call(self, call: int, caller: bytes, rings: str) -> None:
        self._call(call, lambda: self._library.reject_call(self.name, caller, rings))

    def upload(self, call: int, path: Path, kind: str) -> None:
        """Blocks until the file is uploaded; the answer's body is the library's."""
        error, answer = "not-ready", b""
        with self._gate.reading():
            if self.is_ready:
                try:
                    error, answer = "", self._library.upload(self.name, path, kind)
                except OSError as problem:
                    error = f"the file cannot be read: {type(problem).__name__}"
        self._link.send(Frame("answer", call, {"error": error} if error else {}, answer))

    def download(self, call: int, message: bytes, path: Path, largest: int) -> None:
        """Blocks until the file of the message is at the path; the answer says what went wrong, if anything did."""
        error = "not-ready"
        with self._gate.reading():
            if self.is_ready:
                error, content = self._library.download(self.name, message)
                if not error and len(content) > largest:
                    error = TOO_LARGE
                if not error:
                    error = _write(path, content)
        self._link.send(Frame("answer", call, {"error": error} if error else {}))

    def logout(self, call: int) -> None:
        """Unlink the device. The session is still to be closed."""
        self._call(call, lambda: self._library.logout(self.name))

    def ask(self, call: int, question: str, body: bytes) -> None:
        with self._gate.reading():
            if not self.is_ready:
                self._link.send(Frame("answer", call, {"error": "not-ready"}))
                return
            answer = self._library.ask(self.name, question, body)
        self._link.send(Frame("answer", call, body=answer))

    def ask_for_code(self, call: int, phone: bytes) -> None:
        """A pairing by typed code beside the one by QR code, as long as codes are shown."""
        with self._gate.reading():
            if not self._shows_codes:
                self._link.send(Frame("answer", call, {"error": "not-ready"}))
                return
            answer = self._library.pair_phone(self.name, phone)
        self._link.send(Frame("answer", call, body=answer))

    def _call(self, call: int, work: Callable[[], str]) -> None:
        error = "not-ready"
        with self._gate.reading():
            if self.is_ready:
                error = work()
        self._link.send(Frame("answer", call, {"error": error} if error else {}))

    def acknowledge(self, number: int) -> None:
        """The node has made the events up to this number safe."""
        with self._changed:
            self._safe = max(self._safe, number)
            while self._unsafe and self._unsafe[0].fields["number"] <= self._safe:
                self._unsafe.popleft()
            self._changed.notify_all()

    def judge(self, call: int, may_go: bool) -> None:
        """The node's word on the message that waits with its id known and its bytes unwritten."""
        sending = self._sending
        if sending is not None and sending.call == call:
            sending.may_go = may_go
            sending.judged.set()

    def close(self) -> None:
        """Disconnect, hand over what the library still holds, stop. Blocks; for a session that dials up to 90 s."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is not State.STARTING, START_PATIENCE)
            if self._state is not State.READY:
                return
            self._state = State.CLOSING
        with self._gate.reading():
            self._library.disconnect(self.name)
        self._wait_for_quiet()
        with self._gate.writing():
            self._library.stop(self.name)
        with self._changed:
            self._is_abandoned = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._state is State.ENDED, EVENTS_PATIENCE)

    def _sit(self, store: str, device: bytes, properties: bytes, proxy: str) -> None:
        callbacks = Callbacks(self._on_event, self._on_qr, self._on_status, self._on_log)
        self._pass = self._gate.enter_writing()
        error = self._library.sit(self.name, store, device, properties, callbacks, proxy)
        self._leave_gate()
        if self._state is not State.CLOSING:
            # It ended by itself and stays in the library's tables until it is stopped.
            with self._gate.writing():
                self._library.stop(self.name)
        with self._changed:
            self._state = State.ENDED
            self._changed.notify_all()
        self._link.send(Frame("ended", fields={"session": self.name, "error": error}))

    def _on_event(self, code: int, body: bytes) -> None:
        if code == DEVICE:
            self._leave_gate()
            with self._changed:
                self._state = State.READY
                self._changed.notify_all()
        with self._changed:
            self._told += 1
            fields = {"session": self.name, "number": self._told, "code": code, "at": time.time()}
            frame = Frame("event", fields=fields, body=body)
            self._unsafe.append(frame)
        self._link.send(frame)
        with self._changed:
            self._changed.wait_for(lambda: self._told - self._safe < self._window or self._is_abandoned)
            self._last_event = time.monotonic()

    def _on_qr(self, text: bytes) -> None:
        self._leave_gate()
        self._shows_codes = True
        self._link.send(Frame("qr", fields={"session": self.name}, body=text))

    def _on_status(self, text: bytes) -> None:
        self._shows_codes = False
        self._link.send(Frame("status", fields={"session": self.name}, body=text))
        if text == b"success":
            # The device is stored. It must not log in here, where nobody listens to what it would receive.
            self._background.submit(self._library.disconnect, self.name)

    def _on_log(self, entry: bytes) -> None:
        if not is_of_interest(entry):
            return
        line = read_log_line(entry)
        if self._state is State.STARTING:
            self._pass_gate(line)
        if (whatsapp_id := line.outgoing_id) is not None:
            self._on_wire(whatsapp_id)
        elif line.level in ("WARN", "ERROR"):
            fields = {"session": self.name, "level": line.level, "source": line.name, "line": line.text[:500]}
            self._link.send(Frame("log", fields=fields))

    def _pass_gate(self, line: LogLine) -> None:
        """Others may start while this one dials; it reads the tables once more when its handshake is done."""
        if line.is_dialing:
            self._leave_gate()
        elif line.is_dialed and self._pass is None:
            self._pass = self._gate.enter_reading(HANDSHAKE)

    def _leave_gate(self) -> None:
        if self._pass is not None:
            self._pass.leave()
            self._pass = None

    def _on_wire(self, whatsapp_id: str) -> None:
        """Called before the bytes are written: they wait here until the node has made the id safe."""
        sending = self._sending
        if sending is None or sending.is_on_wire:
            return
        sending.is_on_wire = True
        fields = {"session": self.name, "whatsapp_id": whatsapp_id, "library_id": whatsapp_id}
        if self._names is not None and sending.wire_id:
            if sending.reminds:
                self._names.remind(whatsapp_id, sending.wire_id)
                return
            self._names.rename(whatsapp_id, sending.wire_id)
            fields["whatsapp_id"] = sending.wire_id
        self._link.send(Frame("on-wire", sending.call, fields))
        sending.judged.wait(VERDICT_PATIENCE)
        if sending.may_go:
            return
        sending.is_held = True
        if self._names is not None and sending.wire_id:
            self._names.take_back(whatsapp_id)
            return
        # Without a socket the bytes cannot leave.
        sending.is_cut_off = True
        with self._gate.reading():
            self._library.disconnect(self.name)

    def _wait_for_quiet(self) -> None:
        deadline = time.monotonic() + EVENTS_PATIENCE
        quiet_since = time.monotonic()
        while (now := time.monotonic()) < deadline:
            quiet_since = max(quiet_since, self._last_event)
            if self._told == self._safe and now - quiet_since >= QUIET:
                return
            with self._changed:
                self._changed.wait(QUIET / 4)


def _write(path: Path, content: memoryview) -> str:
    """'' or what is wrong with the disk."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as problem:
        return f"the file cannot be written: {problem.strerror}"
    return ""
