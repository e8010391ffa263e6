"""One session as the relay sees it: whose it is, and what happens to each stanza that passes."""

import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from sender.whatsapp.relay.arrival import is_kept
from sender.whatsapp.relay.holding import MOST
from sender.whatsapp.relay.names import Names
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.decoder import decode, peek_tag
from sender.whatsapp.wire.encoder import encode
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Node

MOST_FORGOTTEN = 100
"""Requests for messages that the library has forgotten which may wait at a time."""

GIVEN_UP = 408
"""What the library is told of a message that WhatsApp says nothing about. No session reads it."""


class NotLinked(ConnectionError):
    """The session has no open connection to WhatsApp."""


class Legs(Protocol):
    """Both directions of an open connection; what is written goes out in the order of the calls."""

    def write_up(self, stanza: bytes) -> None: ...

    def write_down(self, stanza: bytes) -> None: ...

    def kept(self, number: int) -> None: ...


class Relayed:
    """Lives as long as the session does in its host, through all connections. Belongs to the relay's loop.

    `noise_key` is the device's; `proxy` the way to WhatsApp. `tell_arrival` is given each message under a number, and
    the library does not see it before `kept` is called with that number or a later one. `tell_forgotten` is given, also
    under a number, who asks again for a message that the library has forgotten; it hears of that when `reminded` is
    called. `tell_late` is given WhatsApp's word on messages that nobody waits for any more. Unchanged stanzas pass as
    the bytes that came, and so do those that cannot be read: they are for the two ends to judge.
    """

    def __init__(
        self,
        noise_key: KeyPair,
        proxy: str = "",
        tell_arrival: Callable[[int, bytes], None] | None = None,
        most_held: int = MOST,
        tell_forgotten: Callable[[int, bytes], None] | None = None,
        tell_late: Callable[[bytes], None] | None = None,
    ) -> None:
        self.most_held = most_held
        self._tell_late = tell_late
        self._tell_forgotten = tell_forgotten
        self._forgotten: dict[int, Node] = {}
        self.noise_key = noise_key
        self.proxy = proxy
        self._tell_arrival = tell_arrival
        self._arrivals = itertools.count(1)
        self.passed: Counter[str] = Counter()
        self._legs: Legs | None = None
        self._names = Names()
        self._waiting: dict[str, asyncio.Future[Node]] = {}
        self._swallowed: set[str] = set()
        self._numbers = itertools.count(1)
        # The library's own ids are two numbers with a dot and a counter: these are none of its.
        self._prefix = f"pb{os.urandom(4).hex()}"

    def opened(self, legs: Legs) -> None:
        self._legs = legs

    def closed(self, legs: Legs) -> None:
        """A connection that was replaced meanwhile has nothing to say any more."""
        if self._legs is not legs:
            return
        self._legs = None
        self._swallowed.clear()
        self._forgotten.clear()  # they were not acknowledged, so they come again
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(NotLinked())

    async def query(self, iq: Node) -> Node:
        """Ask WhatsApp something of our own; the library sees neither question nor answer. Raises NotLinked.

        The id of `iq` is ours to give. The caller sets the time limit.
        """
        if self._legs is None:
            raise NotLinked
        own = self._new_id()
        waiting: asyncio.Future[Node] = asyncio.get_running_loop().create_future()
        self._waiting[own] = waiting
        try:
            self._legs.write_up(encode(Node(iq.tag, {**iq.attributes, "id": own}, iq.content)))
            return await waiting
        finally:
            del self._waiting[own]

    def notify(self, notification: Node) -> None:
        """Tell the library something as if WhatsApp did; its acknowledgement goes no further. Raises NotLinked."""
        if self._legs is None:
            raise NotLinked
        own = self._new_id()
        self._swallowed.add(own)
        self._legs.write_down(
            encode(Node(notification.tag, {**notification.attributes, "id": own}, notification.content))
        )

    async def ask(self, iq: bytes, patience: float) -> bytes:
        """`query` for whoever holds bytes. Raises NotLinked, MalformedFrame or TimeoutError."""
        async with asyncio.timeout(patience):
            return encode(await self.query(decode(iq)))

    async def tell_library(self, notification: bytes) -> None:
        """`notify` for whoever holds bytes."""
        self.notify(decode(notification))

    def rename(self, library_id: str, wire_id: str) -> None:
        """A message that the library is about to write under its own id leaves under this one: now, when the library
        writes it again after a reconnect, and when it answers a receiver that could not read it. From any thread."""
        self._names.add(library_id, wire_id)

    def remind(self, library_id: str, wire_id: str) -> None:
        """As `rename`, of a message that was sent before: it leaves only for who asks for it again, and the library is
        told that it went. From any thread."""
        self._names.add(library_id, wire_id)
        self._names.close(library_id)

    def take_back(self, library_id: str) -> None:
        """The message has not left and must not any more. From any thread."""
        self._names.close(library_id)

    async def give_up(self, library_id: str) -> None:
        """Nobody waits for WhatsApp's word on this message any more: the library need not either."""
        self._names.close(library_id)
        if self._legs is not None and self._names.on_wire(library_id) is not None:
            self._legs.write_down(encode(_word_on(library_id, error=GIVEN_UP)))

    async def reminded(self, number: int) -> None:
        """The library knows the message again, or never will: it may see who asks."""
        receipt = self._forgotten.pop(number, None)
        if receipt is not None and self._legs is not None:
            self._legs.write_down(self._named_back(encode(receipt), receipt))

    def arriving(self, stanza: bytes) -> int:
        """The number under which a message was told, 0 for what need not be kept."""
        if self._tell_arrival is None or peek_tag(stanza) != "message":
            return 0
        node = self._read(stanza)
        if node is None or not is_kept(node):
            return 0
        number = next(self._arrivals)
        self._tell_arrival(number, stanza)
        return number

    async def kept(self, number: int) -> None:
        if self._legs is not None:
            self._legs.kept(number)

    def from_client(self, stanza: bytes) -> bytes | None:
        """What to write to WhatsApp for a stanza of the library, if anything."""
        self.passed["up"] += 1
        tag = peek_tag(stanza)
        if tag == "message" and self._names and (node := self._read(stanza)) is not None:
            return self._renamed(stanza, node)
        if tag == "ack" and self._swallowed and (node := self._read(stanza)) is not None:
            told = node.get("id")
            if told in self._swallowed:
                self._swallowed.discard(told)
                return None
        return stanza

    def from_server(self, stanza: bytes) -> bytes | None:
        """What to write to the library for a stanza of WhatsApp, if anything."""
        self.passed["down"] += 1
        tag = peek_tag(stanza)
        if tag == "iq" and self._waiting and (node := self._read(stanza)) is not None:
            if (waiting := self._waiting.get(node.get("id") or "")) is not None:
                if not waiting.done():
                    waiting.set_result(node)
                return None
        elif tag == "receipt" and (self._names or self._tell_forgotten) and (node := self._read(stanza)) is not None:
            if node.get("type") == "retry" and self._is_forgotten(node):
                return self._ask_for(stanza, node)
            return self._named_back(stanza, node)
        elif tag == "ack" and self._names and (node := self._read(stanza)) is not None:
            return self._named_back(stanza, node)
        return stanza

    def _is_forgotten(self, receipt: Node) -> bool:
        return self._tell_forgotten is not None and not self._names.is_remembered(receipt.get("id"))

    def _ask_for(self, stanza: bytes, receipt: Node) -> bytes | None:
        """Hold it back until the library was reminded. Too many at once go unanswered, as without us."""
        if len(self._forgotten) >= MOST_FORGOTTEN or self._tell_forgotten is None:
            self.passed["unanswered"] += 1
            return stanza
        number = next(self._arrivals)
        self._forgotten[number] = receipt
        self._tell_forgotten(number, stanza)
        return None

    def _renamed(self, stanza: bytes, message: Node) -> bytes | None:
        library_id = message.get("id")
        wire_id = self._names.on_wire(library_id)
        if library_id is None or wire_id is None:
            return stanza
        # The library's answers to receivers carry the time of the message.
        if self._names.is_closed(library_id) and message.get("t") is None:
            if self._legs is not None:
                self._legs.write_down(encode(_word_on(library_id)))
            return None
        message.attributes["id"] = wire_id
        if message.find("reporting") is not None:
            # A token for reports that is made with the id, and that WhatsApp does not ask for.
            message.content = [child for child in message.children if child.tag != "reporting"]
        return encode(message)

    def _named_back(self, stanza: bytes, node: Node) -> bytes:
        """What the library must find under its own id: the server's word on a message, and a receiver who could not
        read it. Who received or read it is for us, under the id that it went by."""
        is_for_library = node.get("class") == "message" if node.tag == "ack" else node.get("type") == "retry"
        if not is_for_library or (library_id := self._names.in_library(node.get("id"))) is None:
            return stanza
        if node.tag == "ack" and self._tell_late is not None and self._names.is_closed(library_id):
            self._tell_late(stanza)
        node.attributes["id"] = library_id
        if (retry := node.find("retry")) is not None and "id" in retry.attributes:
            retry.attributes["id"] = library_id
        return encode(node)

    def _read(self, stanza: bytes) -> Node | None:
        try:
            return decode(stanza)
        except MalformedFrame:
            self.passed["unreadable"] += 1
            return None

    def _new_id(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"


def _word_on(library_id: str, error: int | None = None) -> Node:
    """An acknowledgement as WhatsApp writes it."""
    return Node("ack", {"class": "message", "id": library_id, "from": SERVER, "t": int(time.time()), "error": error})
