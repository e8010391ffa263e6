"""Child processes that may outlive us: started with a log, known by pid and start time, stopped with patience."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import SystemRandom

POLL = 0.02  # seconds between two looks at a process
NOBODY = 65534
FIRST_PORT, LAST_PORT = 18_000, 32_000
PORT_TRIES = 200


class StartFailed(Exception):
    """A process did not become ready. The message names it and ends with the tail of its log."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process, by pid and start time: a recycled pid is a different process and is never signalled."""

    name: str
    pid: int
    started: str

    def is_alive(self) -> bool:
        _reap(self.pid)
        return started_at(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        if self.is_alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def wait(self, patience: float) -> bool:
        """Whether the process has ended within `patience` seconds."""
        deadline = time.monotonic() + patience
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True


def stop_all(processes: Sequence[Process], number: signal.Signals, patience: float) -> list[Process]:
    """Ask all at once, wait `patience` seconds for all, kill the rest and return those."""
    for process in processes:
        process.send(number)
    deadline = time.monotonic() + patience
    stubborn = [process for process in processes if not process.wait(deadline - time.monotonic())]
    for process in stubborn:
        process.send(signal.SIGKILL)
    for process in stubborn:
        process.wait(5.0)
    return stubborn


def launch(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str],
    as_nobody: bool = False,
    text: str = "",
) -> Process:
    """Start `command` in a session of its own, so that a Ctrl-C in our terminal reaches only us.

    Output is appended to `log`. `text` becomes its standard input (small: it has to fit into a pipe).
    """
    standard_input = pipe_holding(text)
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                [str(part) for part in command],
                stdin=standard_input,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=dict(environment),
                start_new_session=True,
                **(user_nobody() if as_nobody else {}),  # type: ignore[call-overload]
            )
    finally:
        os.close(standard_input)
    started = started_at(child.pid) or "ended"
    # From here on the process is known by identity alone, as it is to a later `down`.
    child.returncode = 0
    return Process(name, child.pid, started)


def await_ready(process: Process, is_ready: Callable[[], bool], *, log: Path, patience: float = 60.0) -> None:
    """Wait until `is_ready`. Raises StartFailed, with the log's tail, when the process ends or takes too long."""
    deadline = time.monotonic() + patience
    while not is_ready():
        if not process.is_alive():
            raise StartFailed(f"{process.name} ended while starting.\n{tail(log)}")
        if time.monotonic() > deadline:
            raise StartFailed(f"{process.name} was not ready within {patience:.0f} s.\n{tail(log)}")
        time.sleep(POLL)


def tail(log: Path, lines: int = 25) -> str:
    if not log.exists():
        return f"({log} does not exist)"
    last = log.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join([f"--- last lines of {log} ---", *last, "---"])


def free_port(preferred: int = 0) -> int:
    """`preferred` when nobody listens there, else any free port of the loopback interface.

    None of those that the system gives to outgoing connections: one might take it before its program listens.
    """
    chance = SystemRandom()
    for port in (preferred, *(chance.randrange(FIRST_PORT, LAST_PORT) for _ in range(PORT_TRIES))):
        if not port:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StartFailed("there is no free port on 127.0.0.1")


def started_at(pid: int) -> str | None:
    """When the process started, as a text that no other process with this pid can have; None if it has ended."""
    if not Path("/proc/self/stat").exists():
        return _started_at_without_proc(pid)
    try:
        # The name in parentheses may hold anything, so fields are counted from the last parenthesis.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{_boot()}-{ticks}"


def user_nobody() -> dict[str, object]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def is_root() -> bool:
    return os.geteuid() == 0


def pipe_holding(text: str) -> int:
    """The read end of a pipe that holds `text` and nothing after it. Secrets go this way: arguments show in `ps`."""
    read_end, write_end = os.pipe()
    os.write(write_end, text.encode())
    os.close(write_end)
    if is_root():
        # A child that runs as nobody may open /dev/stdin only if the pipe is its own.
        os.fchown(read_end, NOBODY, NOBODY)
    return read_end


@lru_cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return "boot"


def _started_at_without_proc(pid: int) -> str | None:
    answer = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def _reap(pid: int) -> None:
    """Collect the exit status if the process is our child, else it would look alive for ever as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
