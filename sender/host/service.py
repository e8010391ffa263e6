"""The child's main loop: calls of the node become work of the sessions in this process."""

from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sender.host.frames import Frame
from sender.host.gate import Gate
from sender.host.hosted import Hosted
from sender.host.lanes import Lanes
from sender.host.link import Link
from sender.host.will import leave_events
from sender.whatsapp.neonize.library import Library
from sender.whatsapp.wire.errors import BadKey

if TYPE_CHECKING:  # a host without a relay does not pay for it
    from sender.whatsapp.relay.relay import Relay
    from sender.whatsapp.relay.relayed import Relayed

# Closing may block on a dialing that hangs. It has threads of its own, or it could not free those that wait for it.
CLOSERS = 16
# Files have threads and lanes of their own: whoever sends must not wait behind one. This many are under way at a time.
TRANSFERS = 16


class Service:
    """`relay` is there when the sessions of this host are to go through it."""

    def __init__(self, library: Library, link: Link, sessions: int, window: int, relay: "Relay | None" = None) -> None:
        self._library = library
        self._link = link
        self._window = window
        self._relay = relay
        self._gate = Gate()
        self._lanes = Lanes(sessions)
        self._transfers = Lanes(TRANSFERS)
        self._closers = ThreadPoolExecutor(CLOSERS, thread_name_prefix="close")
        self._sessions: dict[str, Hosted] = {}
        self._operations: dict[str, Callable[[Frame], None]] = {
            "open": self._open,
            "close": self._close,
            "send": self._send,
            "presence": self._presence,
            "mark-read": self._mark_read,
            "reject-call": self._reject_call,
            "upload": self._upload,
            "download": self._download,
            "logout": self._logout,
            "pairing-code": self._pairing_code,
            "ask": self._ask,
            "query": self._query,
            "notify": self._notify,
            "kept": self._kept,
            "remind": self._remind,
            "reminded": self._reminded,
            "give-up": self._give_up,
            "withdraw": self._withdraw,
            "verdict": self._verdict,
            "ack": self._ack,
            "schema": self._schema,
            "ping": self._ping,
        }

    def run(self) -> None:
        """Until the node hangs up; what its sessions were told and it did not make safe is left to the next owner."""
        if self._relay is not None:
            self._relay.start(self._report)
        self._link.send(Frame("hello", fields={"version": self._library.version}))
        for frame in self._link.frames():
            self._operations[frame.kind](frame)
        leave_events(list(self._sessions.values()), self._closers.submit)

    def _open(self, frame: Frame) -> None:
        """`device` empty: pair a new one. The answer only says that it was begun."""
        name, device, properties = (frame.fields[key] for key in ("session", "device", "properties"))
        proxy = frame.fields.get("proxy", "")
        if self._relay is not None:
            try:
                tell = partial(self._tell, "arrived", name) if frame.fields.get("keeps_arrivals") else None
                forgotten = partial(self._tell, "forgotten", name) if frame.fields.get("reminds") else None
                late = partial(self._tell, "late", name, 0)
                proxy = self._relay.admit(name, bytes.fromhex(frame.fields["noise_key"]), proxy, tell, forgotten, late)
            except BadKey as problem:
                self._link.send(Frame("answer", frame.id, {"error": str(problem)}))
                return
        relayed = self._relay.find(name) if self._relay is not None else None
        session = Hosted(name, self._library, self._gate, self._link, self._closers, self._window, relayed)
        self._sessions[name] = session
        session.start(frame.fields["store"], bytes.fromhex(device), bytes.fromhex(properties), proxy)
        self._link.send(Frame("answer", frame.id))

    def _close(self, frame: Frame) -> None:
        if (session := self._session(frame)) is not None:
            self._closers.submit(self._close_session, session, frame.id)

    def _send(self, frame: Frame) -> None:
        to, wire_id = bytes.fromhex(frame.fields["to"]), frame.fields.get("wire_id", "")
        if (session := self._session(frame)) is not None:
            self._lanes.submit(session.name, frame.id, lambda: session.send(frame.id, to, frame.body, wire_id))

    def _remind(self, frame: Frame) -> None:
        to, wire_id = bytes.fromhex(frame.fields["to"]), frame.fields["wire_id"]
        if (session := self._session(frame)) is not None:
            work = lambda: session.remind(frame.id, to, frame.body, wire_id)  # noqa: E731
            self._lanes.submit(session.name, frame.id, work)

    def _presence(self, frame: Frame) -> None:
        to, composing, recording = (frame.fields[key] for key in ("to", "composing", "recording"))
        if (session := self._session(frame)) is not None:
            work = lambda: session.show_presence(frame.id, bytes.fromhex(to), composing, recording)  # noqa: E731
            self._lanes.submit(session.name, frame.id, work)

    def _mark_read(self, frame: Frame) -> None:
        ids, at = frame.fields["ids"], frame.fields["at"]
        chat, sender = (bytes.fromhex(frame.fields[key]) for key in ("chat", "sender"))
        if (session := self._session(frame)) is not None:
            work = lambda: session.mark_read(frame.id, ids, at, chat, sender)  # noqa: E731
            self._lanes.submit(session.name, frame.id, work)

    def _reject_call(self, frame: Frame) -> None:
        caller, rings = bytes.fromhex(frame.fields["caller"]), frame.fields["call"]
        if (session := self._session(frame)) is not None:
            self._lanes.submit(session.name, frame.id, lambda: session.reject_call(frame.id, caller, rings))

    def _upload(self, frame: Frame) -> None:
        path, kind = Path(frame.fields["path"]), frame.fields["media"]
        if (session := self._session(frame)) is not None:
            self._transfers.submit(session.name, frame.id, lambda: session.upload(frame.id, path, kind))

    def _download(self, frame: Frame) -> None:
        path, largest = Path(frame.fields["path"]), frame.fields["largest"]
        if (session := self._session(frame)) is not None:
            work = lambda: session.download(frame.id, frame.body, path, largest)  # noqa: E731
            self._transfers.submit(f"{session.name} in", frame.id, work)

    def _logout(self, frame: Frame) -> None:
        if (session := self._session(frame)) is not None:
            self._lanes.submit(session.name, frame.id, lambda: session.logout(frame.id))

    def _pairing_code(self, frame: Frame) -> None:
        if (session := self._session(frame)) is not None:
            self._lanes.submit(session.name, frame.id, lambda: session.ask_for_code(frame.id, frame.body))

    def _ask(self, frame: Frame) -> None:
        if (session := self._session(frame)) is not None:
            work = lambda: session.ask(frame.id, frame.fields["question"], frame.body)  # noqa: E731
            self._lanes.submit(session.name, frame.id, work)

    def _query(self, frame: Frame) -> None:
        """A question to WhatsApp beside the library. `patience` in seconds."""
        relay = self._relay
        relayed = relay.find(frame.fields["session"]) if relay is not None else None
        if relay is None or relayed is None:
            self._link.send(Frame("answer", frame.id, {"error": "not-ready"}))
            return
        answer = relay.begin(lambda: relayed.ask(frame.body, frame.fields["patience"]))
        answer.add_done_callback(lambda done: self._answer_query(frame.id, done))

    def _answer_query(self, call: int, done: Future[bytes]) -> None:
        error = done.exception()
        if error is None:
            self._link.send(Frame("answer", call, body=done.result()))
            return
        said = "not-ready" if isinstance(error, ConnectionError) else type(error).__name__
        self._link.send(Frame("answer", call, {"error": said}))

    def _notify(self, frame: Frame) -> None:
        """Something that the library is to take for WhatsApp's word. Nobody waits for it."""
        self._in_relay(frame, lambda relayed: relayed.tell_library(frame.body))

    def _tell(self, kind: str, session: str, number: int, stanza: bytes) -> None:
        self._link.send(Frame(kind, fields={"session": session, "number": number}, body=stanza))

    def _kept(self, frame: Frame) -> None:
        self._in_relay(frame, lambda relayed: relayed.kept(frame.fields["number"]))

    def _reminded(self, frame: Frame) -> None:
        self._in_relay(frame, lambda relayed: relayed.reminded(frame.fields["number"]))

    def _give_up(self, frame: Frame) -> None:
        self._in_relay(frame, lambda relayed: relayed.give_up(frame.fields["library_id"]))

    def _in_relay(self, frame: Frame, work: "Callable[[Relayed], Awaitable[None]]") -> None:
        """Something that nobody waits for."""
        relay = self._relay
        relayed = relay.find(frame.fields["session"]) if relay is not None else None
        if relay is not None and relayed is not None:
            relay.begin(lambda: work(relayed))

    def _withdraw(self, frame: Frame) -> None:
        if self._lanes.withdraw(frame.id) or self._transfers.withdraw(frame.id):
            self._link.send(Frame("answer", frame.id, {"error": "withdrawn"}))

    def _verdict(self, frame: Frame) -> None:
        if (session := self._sessions.get(frame.fields["session"])) is not None:
            session.judge(frame.id, frame.fields["go"])

    def _ack(self, frame: Frame) -> None:
        if (session := self._sessions.get(frame.fields["session"])) is not None:
            session.acknowledge(frame.fields["number"])

    def _schema(self, frame: Frame) -> None:
        error = self._library.make_schema(frame.fields["store"])
        self._link.send(Frame("answer", frame.id, {"error": error} if error else {}))

    def _ping(self, frame: Frame) -> None:
        self._link.send(Frame("answer", frame.id))

    def _close_session(self, session: Hosted, call: int) -> None:
        session.close()
        self._sessions.pop(session.name, None)
        if self._relay is not None:
            self._relay.dismiss(session.name)
        self._link.send(Frame("answer", call))

    def _report(self, session: str, problem: str) -> None:
        fields = {"session": session, "level": "WARN", "source": "relay", "line": problem}
        self._link.send(Frame("log", fields=fields))

    def _session(self, frame: Frame) -> Hosted | None:
        """The session of a call; if there is none, the call is answered."""
        session = self._sessions.get(frame.fields["session"])
        if session is None:
            self._link.send(Frame("answer", frame.id, {"error": "not-ready"}))
        return session
