"""Behaviour: what the simulated network does, and what it does wrong on purpose."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from common.addresses import Jid
from common.errors import DeliveryError

CODE_LIFE = timedelta(seconds=60)
"""As long as WhatsApp's first code lives."""

Hook = Callable[[Jid, str], Awaitable[None]]
"""Told the chat and the id of a send; it may wait, and raise a DeliveryError."""


@dataclass(slots=True)
class Behaviour:
    """What the simulated network does. `errors` fails sends to a chat, in turn; `failures` is a share of all.

    `before` and `after` are asked around a hand-over: what `before` raises, was surely not sent.
    """

    latency: timedelta = timedelta(0)
    failures: float = 0.0
    receipts: bool = True
    code_life: timedelta = CODE_LIFE
    errors: dict[Jid, list[type[DeliveryError]]] = field(default_factory=dict)
    always: Mapping[Jid, type[DeliveryError]] = field(default_factory=dict)
    accounts: dict[str, Jid | None] = field(default_factory=dict)
    """Numbers whose account has another address, or that have none."""
    before: Hook | None = None
    after: Hook | None = None
