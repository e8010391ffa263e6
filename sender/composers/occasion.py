"""The occasion of a message: everything that a composer may know besides the request, and what it hands back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from common.addresses import LID, Jid, server_of
from sender.composers.media import Media
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import Secret, Session


@dataclass(frozen=True, slots=True)
class Own:
    """The account's own addresses."""

    phone: Jid
    lid: Jid | None

    def beside(self, other: Jid) -> Jid:
        """The one of the same server as somebody else's: addresses of two kinds never stand in one message."""
        return self.lid if self.lid is not None and server_of(other) == LID else self.phone


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a row holds it."""

    kind: str
    payload: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier message. `id` is the one that WhatsApp knows; `author` is None where only its id is known.

    Of an own message the gateway keeps the request, of a received one what it received.
    """

    id: str
    chat: Jid
    is_own: bool
    author: Jid | None = None
    request: Request | None = None
    message: Message | None = None


class Memory(Protocol):
    """What this gateway knows of earlier messages of one instance."""

    async def own(self) -> Own: ...

    async def recall(self, message_id: str) -> Remembered | None:
        """By the id that the API told or the one that WhatsApp knows."""
        ...

    async def secret(self, chat: Jid, whatsapp_id: str) -> Secret | None:
        """The secret that a message brought along, and who sent it."""
        ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A message that goes to another chat than the one of its row."""

    chat: Jid
    message: Message


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is done with the session and is no message. `do` raises DeliveryErrors."""

    do: Callable[[Session], Awaitable[None]]


Composed: TypeAlias = Message | Elsewhere | Deed

Compose = Callable[[Request, "Occasion"], Awaitable[Composed]]


@dataclass(frozen=True, slots=True)
class Occasion:
    """`random` gives that many random bytes. `compose` is there for requests that are about another request."""

    chat: Jid
    now: datetime
    random: Callable[[int], bytes]
    media: Media
    memory: Memory
    session: Session
    compose: Compose

    @property
    def milliseconds(self) -> int:
        return int(self.now.timestamp() * 1000)
