"""The gate before the library: its tables of sessions are not locked, and a read beside a write aborts the process.

Starting and stopping a session write those tables; every other call reads them, in its first moments only. So a
writer goes alone, and a reader counts only until it has surely read.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A call reads the table in its first microseconds; this leaves room for a thread that got no processor at once.
SETTLED = 0.05  # seconds
# A handshake reads the table when it ends. A network that hangs must not stop everybody else behind it.
HANDSHAKE = 3.0  # seconds


class Gate:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._writing = False
        self._writers_waiting = 0
        self._reading: dict[object, float] = {}

    @contextmanager
    def reading(self, counts: float = SETTLED) -> Iterator[None]:
        pass_ = self.enter_reading(counts)
        try:
            yield
        finally:
            pass_.leave()

    @contextmanager
    def writing(self) -> Iterator[None]:
        pass_ = self.enter_writing()
        try:
            yield
        finally:
            pass_.leave()

    def enter_reading(self, counts: float = SETTLED) -> "Pass":
        """Waits for writers, also for those that only wait, so that a stream of calls cannot keep a start out."""
        pass_ = Pass(self)
        with self._changed:
            while self._writing or self._writers_waiting:
                self._changed.wait()
            self._reading[pass_] = self._clock() + counts
        return pass_

    def enter_writing(self) -> "Pass":
        pass_ = Pass(self)
        with self._changed:
            self._writers_waiting += 1
            try:
                while self._writing or (patience := self._until_read()) > 0:
                    self._changed.wait(None if self._writing else patience)
            finally:
                self._writers_waiting -= 1
                self._changed.notify_all()
            self._writing = True
            pass_.writes = True
        return pass_

    def _until_read(self) -> float:
        return max(self._reading.values(), default=0.0) - self._clock() if self._reading else 0.0

    def _leave(self, pass_: "Pass") -> None:
        with self._changed:
            if pass_.writes:
                pass_.writes = False
                self._writing = False
            else:
                self._reading.pop(pass_, None)
            self._changed.notify_all()


class Pass:
    """One passage through the gate. Leaving twice is allowed, and any thread may do it."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.writes = False

    def leave(self) -> None:
        self._gate._leave(self)
