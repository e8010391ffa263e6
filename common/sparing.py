"""Sparing: of lines that somebody else can bring about without end, a few are logged and the others counted."""

import time
from collections.abc import Callable


class Sparing:
    """At most `most` lines in any `span` seconds that begin with one."""

    def __init__(self, most: int = 10, span: float = 60.0, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._span = span
        self._elapsed = elapsed
        self._began = float("-inf")
        self._written = 0
        self._left_out = 0

    def left_out(self) -> int | None:
        """How many lines were left out before this one; None: this one is to be left out too."""
        now = self._elapsed()
        if now - self._began >= self._span:
            self._began, self._written = now, 0
        if self._written >= self._most:
            self._left_out += 1
            return None
        self._written += 1
        left_out, self._left_out = self._left_out, 0
        return left_out
