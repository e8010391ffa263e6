"""The connected clients: what they send goes to the service that deals with it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from common import logs
from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.emulator.connection import Connection
from sender.whatsapp.emulator.login import Login
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.questions import Questions
from sender.whatsapp.emulator.wire_log import WireLog
from sender.whatsapp.wire.node import Node

Handler = Callable[[Device, Node], None]

# Told by the way, with nothing to do about it: a client's session for statistics, acks before the login.
_IGNORED = ("ib", "ack")

log = logs.get(__name__)


class Waiting(Protocol):
    """Clients that are not linked yet."""

    def answered(self, connection: Connection, answer: Node) -> None: ...

    def forget(self, connection: Connection) -> None: ...


class Clients:
    """`handlers` by the stanza's tag, for what linked devices send; questions are dealt with apart."""

    def __init__(
        self,
        login: Login,
        questions: Questions,
        pairing: Waiting,
        forget: Callable[[Connection], None],
        handlers: Mapping[str, Handler],
        moments: Moments,
        wire_log: WireLog,
    ) -> None:
        self._login, self._questions, self._pairing = login, questions, pairing
        self._wire_log = wire_log
        self._forget, self._handlers, self._moments = forget, handlers, moments
        self.connections: set[Connection] = set()
        self.stanzas: Counter[str] = Counter()

    def opened(self, connection: Connection) -> None:
        self.connections.add(connection)
        self._login.welcome(connection)
        self._wire_log.opened(connection)

    def received(self, connection: Connection, node: Node) -> None:
        self.stanzas[node.tag] += 1
        if node.tag == "iq":
            if node.get("type") in ("result", "error"):
                self._pairing.answered(connection, node)
            else:
                self._questions.ask(connection, node)
            return
        if connection.device and connection.device.link is not connection:
            return  # the device is connected elsewhere by now
        handler = self._handlers.get(node.tag)
        if handler and connection.device:
            if node.tag == "message":
                self._wire_log.message(connection, node)
            handler(connection.device, node)
        elif node.tag not in _IGNORED:
            log.warning("stanza ignored", tag=node.tag, linked=connection.device is not None)

    def closed(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._wire_log.closed(connection)
        self._pairing.forget(connection)
        self._forget(connection)
        self._login.leave(connection)

    def cut(self) -> None:
        """All connections at once, as when the network goes."""
        for connection in list(self.connections):
            connection.abort()
        self._moments.changed()
