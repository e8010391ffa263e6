"""A destination: one address of a customer, with its breaker and its share of the node's requests."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from common.clock import Clock


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """So many failures in a row open it; after the cooldown one event is let through to try."""

    failures: int = 5
    cooldown: timedelta = timedelta(seconds=30)
    concurrency: int = 32


class Destination:
    """Shared by the lanes of all instances that name the address. `changed` is set at the next change of state."""

    def __init__(self, policy: BreakerPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self._is_tried = False
        self.slots = asyncio.Semaphore(policy.concurrency)
        self.changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    def enter(self) -> float:
        """0: the caller may send, and must say how it ended. Else how many seconds to wait, or until `changed`."""
        if self._open_until is None:
            return 0.0
        left = self._open_until - self._clock.elapsed()
        if left > 0:
            return left
        if self._is_tried:
            return self._policy.cooldown.total_seconds()
        self._is_tried = True
        return 0.0

    def answered(self) -> None:
        """It took the event, or refused it: it is there."""
        self._failures = 0
        self._is_tried = False
        if self._open_until is not None:
            self._open_until = None
            self._tell()

    def failed(self) -> bool:
        """It was not reached or is in trouble. Whether the breaker opened by this."""
        self._failures += 1
        self._is_tried = False
        if self._failures < self._policy.failures:
            return False
        was_open = self.is_open
        self._open_until = self._clock.elapsed() + self._policy.cooldown.total_seconds()
        self._tell()
        return not was_open

    def abandoned(self) -> None:
        """The caller was cancelled before it knew."""
        if self._is_tried:
            self._is_tried = False
            self._tell()

    def _tell(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
