"""Things that go wrong on request: what a test or a demo wants WhatsApp to do badly."""

import asyncio
import itertools
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, get_args

MessageFault = Literal[
    "drop-ack",  # delivered, never acknowledged
    "delay-ack",  # delivered, acknowledged after `seconds`
    "duplicate-ack",  # acknowledged twice
    "cut-before-ack",  # delivered, then the connection is cut
    "cut-after-ack",  # acknowledged, then the connection is cut
    "drop-message",  # neither delivered nor acknowledged
    "refuse-message",  # refused with `code`
]
# The recipient gets a damaged ciphertext and has to ask again; or nothing until what is held is released.
DeliveryFault = Literal["corrupt", "hold-message"]
# An iq, of the namespace `xmlns` if given, fails with `code`, has no answer, or has one after `seconds`.
QuestionFault = Literal["refuse-question", "drop-question", "slow-question"]
LoginFault = Literal["ban", "outdated", "refuse-login"]  # the next logins fail
# Up- and downloads fail with `code` or take `seconds` longer, less when all faults are cleared meanwhile; `to` is
# `upload` or `download` if given.
MediaFault = Literal["refuse-media", "slow-media"]
Kind = MessageFault | DeliveryFault | QuestionFault | LoginFault | MediaFault

KINDS: tuple[str, ...] = tuple(
    kind for family in (MessageFault, DeliveryFault, QuestionFault, LoginFault, MediaFault) for kind in get_args(family)
)
MESSAGE_KINDS = frozenset(get_args(MessageFault))
QUESTION_KINDS = frozenset(get_args(QuestionFault))
LOGIN_KINDS = frozenset(get_args(LoginFault))
MEDIA_KINDS = frozenset(get_args(MediaFault))


@dataclass(slots=True)
class Fault:
    """One order. `phone` limits it to the account that acts, `to` to the account or group that is addressed.

    It strikes `times` times and is gone then; None means until it is removed.
    """

    id: int
    kind: str
    phone: str | None = None
    to: str | None = None
    xmlns: str | None = None
    times: int | None = 1
    seconds: float = 0.0
    code: int = 500
    hits: int = field(default=0)

    def applies(self, phone: str | None, to: str | None, xmlns: str | None) -> bool:
        return self.phone in (None, phone) and self.to in (None, to) and self.xmlns in (None, xmlns)


class Faults:
    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._ids = itertools.count(1)
        self._cleared = asyncio.Event()

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(
        self,
        kind: str,
        *,
        phone: str | None = None,
        to: str | None = None,
        xmlns: str | None = None,
        times: int | None = 1,
        seconds: float = 0.0,
        code: int = 500,
    ) -> Fault:
        fault = Fault(next(self._ids), kind, phone, to, xmlns, times, seconds, code)
        self._faults[fault.id] = fault
        return fault

    def remove(self, id: int) -> bool:
        return self._faults.pop(id, None) is not None

    def clear(self) -> None:
        self._faults.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def last(self, fault: Fault) -> None:
        """Its seconds, or until all faults are cleared."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._cleared.wait(), fault.seconds)

    def take(
        self,
        kinds: Collection[str],
        *,
        phone: str | None = None,
        to: str | None = None,
        xmlns: str | None = None,
    ) -> Fault | None:
        """The first fault of these kinds that applies now; it counts as having struck."""
        for fault in self._faults.values():
            if fault.kind in kinds and fault.applies(phone, to, xmlns):
                fault.hits += 1
                if fault.times is not None and fault.hits >= fault.times:
                    del self._faults[fault.id]
                return fault
        return None
