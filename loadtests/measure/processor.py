"""Processor time of processes and their children, and which core they may use."""

import contextlib
import os
from collections.abc import Iterable, Mapping

import psutil


class Meter:
    """Processor seconds (user and system) of named processes since the meter was made or last read."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = self._now()

    def read(self) -> dict[str, float]:
        before, self._before = self._before, self._now()
        return {name: self._before[name] - before[name] for name in self._pids}

    def _now(self) -> dict[str, float]:
        return {name: _seconds(pid) for name, pid in self._pids.items()}


def pin(pids: Iterable[int], core: int) -> None:
    """Keep processes, with their children of now and later, on one core."""
    for pid in pids:
        for process in _family(pid):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(process.pid, {core})


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def _seconds(pid: int) -> float:
    total = 0.0
    for process in _family(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            # What ended children used is counted with their parent.
            total += times.user + times.system + times.children_user + times.children_system
    return total
