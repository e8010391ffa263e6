"""Memory of processes and their children while something runs: how much more than before, at its highest."""

import contextlib
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psutil

INTERVAL = 0.05  # seconds


class Peak:
    """`above` are the bytes that each process held more than at the beginning, at the moment it held most."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = self._now()
        self._most = dict(self._before)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    @property
    def before(self) -> dict[str, int]:
        return dict(self._before)

    @property
    def most(self) -> dict[str, int]:
        return dict(self._most)

    def _watch(self) -> None:
        while not self._done.wait(INTERVAL):
            for name, held in self._now().items():
                self._most[name] = max(self._most[name], held)

    def _now(self) -> dict[str, int]:
        return {name: _resident(pid) for name, pid in self._pids.items()}


def _resident(pid: int) -> int:
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += int(process.memory_info().rss)
    return total
