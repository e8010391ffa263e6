"""Share: how many of the things counted lately were of one kind, as a metric that needs no arithmetic to be read."""

import time
from collections import deque
from collections.abc import Callable

STEP = 60.0  # seconds of one bucket


class Share:
    """Over the last `steps` minutes. While nothing was counted it is 0."""

    def __init__(self, steps: int = 15, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._steps = steps
        self._elapsed = elapsed
        self._buckets: deque[tuple[int, int, int]] = deque()

    def count(self, number: int, hits: int) -> None:
        """`number` more of which `hits` are of the kind."""
        step = int(self._elapsed() // STEP)
        if self._buckets and self._buckets[-1][0] == step:
            _, before, hits_before = self._buckets.pop()
            number, hits = number + before, hits + hits_before
        self._buckets.append((step, number, hits))
        self._forget(step)

    def value(self) -> float:
        self._forget(int(self._elapsed() // STEP))
        total = sum(number for _, number, _ in self._buckets)
        return sum(hits for _, _, hits in self._buckets) / total if total else 0.0

    def _forget(self, now: int) -> None:
        while self._buckets and self._buckets[0][0] <= now - self._steps:
            self._buckets.popleft()
