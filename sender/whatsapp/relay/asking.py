"""Asking: iqs of our own, and answers that cannot be read as errors of delivery."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from common.addresses import Jid
from sender.whatsapp.powers.refusals import NotUnderstood
from sender.whatsapp.wire import jid as wire
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.node import Node

Ask = Callable[[Node], Awaitable[Node]]
"""The session's `ask_whatsapp`: an answer of type result, or a DeliveryError."""

MIDDLE = "100"
"""Side of the pictures that answers name, in pixels, as the public clients ask for them."""


async def ask_in(
    ask: Ask,
    namespace: str,
    kind: Literal["get", "set"],
    content: Node,
    to: wire.Jid = wire.SERVER,
    smax_id: str | None = None,
) -> Node:
    """`smax_id` is the number of a question in WhatsApp's own list, where the public clients send one."""
    return await ask(Node("iq", {"to": to, "type": kind, "xmlns": namespace, "smax_id": smax_id}, [content]))


@contextmanager
def understood() -> Iterator[None]:
    """Around the reading of an answer. Raises NotUnderstood."""
    try:
        yield
    except WireError as error:
        raise NotUnderstood(str(error)) from error


def texts(named: Iterable[tuple[str, str]]) -> list[Node]:
    return [Node(tag, {}, text) for tag, text in named]


def text_of(node: Node, *path: str) -> str | None:
    """None where there is no such node, and where it is empty."""
    found = node.find(*path)
    return None if found is None else found.data.decode(errors="replace") or None


def moment(seconds: int) -> datetime | None:
    """None for 0, and for what is no time."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (OverflowError, ValueError, OSError):
        return None


def on_wire(address: Jid) -> wire.Jid:
    return wire.Jid.parse(address)


def from_wire(address: wire.Jid) -> Jid:
    return Jid(str(address.bare()))
