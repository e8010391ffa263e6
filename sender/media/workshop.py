"""The workshop: a few media workers, started when there is work, ended when there is none or when one misbehaves.

Films take seconds to minutes and everything else a moment, so there is one worker more than films may have.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sender.media.job import Converted, Job, NotUsable, TryAgain, read_answer

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "sender.media.worker")
LONGEST_ANSWER = 4 * 1024 * 1024
JOBS_OF_ONE = 100  # then a worker is replaced: codecs leak
FILMS = frozenset({"gif", "video", "video-note"})
IDLE = 60.0  # seconds that a worker is kept without work

# A worker reads hostile files, so it is given none of our environment but what Python needs to start.
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class _Worker:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._jobs = 0
        self.leave: asyncio.TimerHandle | None = None

    @property
    def is_spent(self) -> bool:
        return self._jobs >= JOBS_OF_ONE or self._process.returncode is not None

    async def ask(self, job: Job) -> bytes:
        """One line of answer. Raises NotUsable or TryAgain when the worker dies of it."""
        self._jobs += 1
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(ConnectionError):
            self._process.stdin.write(job.to_line())
            await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if line.endswith(b"\n"):
            return line
        if await self._process.wait() == -signal.SIGKILL:
            raise TryAgain("the conversion was killed")  # by the system, for want of memory
        raise NotUsable("the file breaks the program that converts it")

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        self.kill()
        await self._process.wait()


class Workshop:
    """`convert` from any task; leaving its context ends the workers that rest. Films have `workers` of them at most."""

    def __init__(self, workers: int, patience: timedelta, command: Sequence[str] = COMMAND) -> None:
        self._slots = asyncio.Semaphore(workers + 1)
        self._slots_of_films = asyncio.Semaphore(workers)
        self._patience = patience.total_seconds()
        self._command = command
        self._resting: list[_Worker] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._resting:
            await self._take_resting().end()

    async def convert(self, job: Job) -> Converted:
        """Waits for a free worker, then at most the patience. Raises NotUsable, TryAgain."""
        async with self._slot(job):
            worker = self._take_resting() if self._resting else await self._start()
            line = None
            try:
                async with asyncio.timeout(self._patience):
                    line = await worker.ask(job)
            except TimeoutError:
                raise NotUsable("the file takes too long to convert") from None
            except ValueError:
                raise NotUsable("the file breaks the program that converts it") from None
            finally:
                if line is None or worker.is_spent:
                    await worker.end()
                else:
                    self._rest(worker)
        return read_answer(line)

    @asynccontextmanager
    async def _slot(self, job: Job) -> AsyncIterator[None]:
        async with self._slots_of_films if job.form in FILMS else nullcontext(), self._slots:
            yield

    async def _start(self) -> _Worker:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=ROOT,
            env={**environment, "PYTHONPATH": str(ROOT), "HOME": "/"},
            limit=LONGEST_ANSWER,
        )
        return _Worker(process)

    def _rest(self, worker: _Worker) -> None:
        self._resting.append(worker)
        worker.leave = asyncio.get_running_loop().call_later(IDLE, self._dismiss, worker)

    def _take_resting(self) -> _Worker:
        """The last that came to rest, so that the others may grow idle."""
        worker = self._resting.pop()
        if worker.leave is not None:
            worker.leave.cancel()
        return worker

    def _dismiss(self, worker: _Worker) -> None:
        self._resting.remove(worker)
        worker.kill()
