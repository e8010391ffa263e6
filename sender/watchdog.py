"""The watchdog: a thread outside the event loop that ends the process when the loop hangs past its leases.

While the loop hangs nothing is renewed and nothing stops by itself, but the engine's own threads may go on sending.
"""

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from common.clock import Clock

EXIT_CODE = 75
LOOK = 0.25  # seconds between two looks
GRACE = 1.0  # seconds that a loop has to stop by itself, once it runs again after the process was suspended


class Watchdog:
    """`deadline` is when the loop must have given up its shards, in seconds since boot; None while it has none."""

    def __init__(
        self, deadline: Callable[[], float | None], clock: Clock, *, grace: float = GRACE,
        end: Callable[[int], object] = os._exit,
    ) -> None:  # fmt: skip
        self._deadline = deadline
        self._clock = clock
        self._grace = grace
        self._end = end
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        overdue = 0.0
        step = min(LOOK, self._grace / 2)
        while not self._stopped.wait(step):
            deadline = self._deadline()
            # Counted in looks, not by the clock: a suspended process is overdue at once and must get its grace.
            overdue = overdue + step if deadline is not None and deadline <= self._clock.elapsed() else 0.0
            if overdue > self._grace:
                # The loop hangs, so its log may too.
                sys.stderr.write("watchdog: the event loop hangs past the leases of this node; the process ends\n")
                sys.stderr.flush()
                self._end(EXIT_CODE)
                return
