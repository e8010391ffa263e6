"""Run one of the programs with a wall clock that is stepped: `python -m loadtests.measure.skewed sender FILE`.

The machine's own clock cannot be moved for one process, so the program is told another time than the system's: by as
many seconds as FILE says at that moment. The program itself knows nothing of it. What only counts time that passes
(leases, pauses, timeouts) goes by the clock since boot, which no step moves, here or on a real machine.
"""

import runpy
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from common.clock import SystemClock


class Skew:
    """Seconds by which the clock is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = -1.0
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        # A step is noticed soon, and a clock that is asked often costs no read each time.
        if (now := time.monotonic()) - self._read_at > 0.05:
            self._read_at = now
            self._seconds = float(self._path.read_text() or 0) if self._path.exists() else 0.0
        return self._seconds


def main() -> None:
    program, path = sys.argv[1], Path(sys.argv[2])
    skew = Skew(path)

    def now(self: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=skew.seconds)

    SystemClock.now = now  # type: ignore[method-assign]
    if program == "sender":
        from sender import answers

        answers.time = lambda: time.time() + skew.seconds  # type: ignore[attr-defined]
    sys.argv = [program]
    runpy.run_module(program, run_name="__main__")


if __name__ == "__main__":
    main()
