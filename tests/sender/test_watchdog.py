"""The watchdog ends a process whose loop hangs past its leases, and no other."""

import subprocess
import sys
import threading

from common.clock import SystemClock
from sender.watchdog import EXIT_CODE, Watchdog
from tests.waiting import PATIENCE

HANGS = """
import asyncio, time
from common.clock import SystemClock
from sender.watchdog import Watchdog

async def main():
    clock = SystemClock()
    until = clock.elapsed() + 0.2
    with Watchdog(lambda: until, clock, grace=0.2):
        time.sleep(600)

asyncio.run(main())
"""


def test_a_loop_that_hangs_past_the_leases_ends_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == EXIT_CODE
    assert "hangs past the leases" in done.stderr


def ended_within(seconds: float, deadline: float | None) -> bool:
    """Whether a watchdog over this deadline would have ended the process."""
    ended = threading.Event()
    with Watchdog(lambda: deadline, SystemClock(), grace=0.1, end=lambda code: ended.set()):
        return ended.wait(seconds)


def test_a_node_without_shards_or_with_time_left_lives_on() -> None:
    assert not ended_within(0.5, None)
    assert not ended_within(0.5, SystemClock().elapsed() + 60)


def test_a_loop_that_gives_up_within_its_grace_lives_on() -> None:
    ended = threading.Event()
    deadlines = iter([0.0, 0.0])
    with Watchdog(lambda: next(deadlines, None), SystemClock(), grace=0.2, end=lambda code: ended.set()):
        assert not ended.wait(0.8)
