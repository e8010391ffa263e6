"""Child processes by identity."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from common.local.processes import (
    Process,
    StartFailed,
    await_ready,
    free_port,
    launch,
    started_at,
    stop_all,
)
from tests.waiting import PATIENCE

SLEEPER = "import sys, time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def start(folder: Path, program: str, text: str = "") -> tuple[Process, Path]:
    """A python that runs `program`, and its log."""
    log = folder / "program.log"
    process = launch(
        "program", [sys.executable, "-c", program], log=log, cwd=folder, environment=dict(os.environ), text=text
    )
    return process, log


def test_a_process_is_ready_once_its_condition_holds(tmp_path: Path) -> None:
    process, log = start(tmp_path, SLEEPER)

    await_ready(process, lambda: "up" in log.read_text(), log=log)

    assert process.is_alive()
    assert stop_all([process], signal.SIGTERM, 5.0) == []
    assert not process.is_alive()


def test_a_process_that_ignores_the_request_is_killed_and_named(tmp_path: Path) -> None:
    process, log = start(tmp_path, DEAF)
    await_ready(process, lambda: "up" in log.read_text(), log=log)

    assert stop_all([process], signal.SIGTERM, 0.1) == [process]
    assert not process.is_alive()


def test_a_process_that_ends_while_starting_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process, log = start(tmp_path, "raise SystemExit('no such setting')")

    with pytest.raises(StartFailed, match=r"program ended while starting[\s\S]*no such setting"):
        await_ready(process, lambda: False, log=log)


def test_a_process_that_takes_too_long_is_reported(tmp_path: Path) -> None:
    process, log = start(tmp_path, SLEEPER)

    with pytest.raises(StartFailed, match="was not ready within 0 s"):
        await_ready(process, lambda: False, log=log, patience=0.05)
    stop_all([process], signal.SIGKILL, 5.0)


def test_a_recycled_pid_is_another_process_and_gets_no_signal() -> None:
    process = Process("somebody else", os.getpid(), "an earlier start")

    assert not process.is_alive()
    assert stop_all([process], signal.SIGKILL, 0.1) == []


def test_an_ended_child_does_not_look_alive_as_a_zombie(tmp_path: Path) -> None:
    process, _ = start(tmp_path, "pass")

    assert process.wait(PATIENCE)
    assert started_at(process.pid) is None


def test_text_for_a_process_is_its_standard_input(tmp_path: Path) -> None:
    process, log = start(tmp_path, "print(input()[::-1])", text="secret\n")

    assert process.wait(PATIENCE)
    assert log.read_text() == "terces\n"


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        assert free_port(taken.getsockname()[1]) != taken.getsockname()[1]


def test_a_free_port_is_kept() -> None:
    port = free_port()

    assert free_port(port) == port
