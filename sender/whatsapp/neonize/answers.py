"""What the library answers to a session's questions, read or raised."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from common.addresses import Jid
from common.errors import DeliveryError
from sender.whatsapp.neonize.failures import failure_of_send
from sender.whatsapp.neonize.protobuf import JID, from_engine

Ask = Callable[[str, bytes], Awaitable[bytes]]
"""A question to the library about a connected session, and its answer. Raises DeliveryError."""

Fail = Callable[[str], DeliveryError]


class _Answer(Protocol):
    Error: str


Reply = TypeVar("Reply", bound=_Answer)


def failure(text: str) -> DeliveryError:
    return failure_of_send(text, is_on_wire=False)


def checked(answer: Reply, fail: Fail = failure) -> Reply:
    if answer.Error:
        raise fail(answer.Error)
    return answer


def done(answer: bytes, fail: Fail = failure) -> None:
    """For functions that answer with nothing, or with an error's text."""
    if answer:
        raise fail(answer.decode(errors="replace"))


def told(jid: JID) -> Jid | None:
    """None for the empty address that stands for none."""
    return from_engine(jid) if jid.User and jid.Server else None


def text(value: str) -> bytes:
    """It crosses into C, where a text ends at its first NUL."""
    return value.replace("\0", "").encode()
