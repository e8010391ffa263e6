"""The programs of a local stack: how each is started, how it says that it is ready, how long it may take to stop."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from common.local.data_folder import DataFolder
from common.local.http import Unreachable, answers, request
from common.local.processes import Process, await_ready, launch

ROOT = Path(__file__).resolve().parent.parent.parent

START_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """One of our own programs, run as `python -m <module>`."""

    name: str
    module: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    is_ready: Callable[[int], bool]
    """Told the process id: what answers at the address may be somebody else's program."""

    def start(self, data: DataFolder) -> Process:
        """Returns at once; `await_ready` is told the rest."""
        return launch(
            self.name,
            [sys.executable, "-m", self.module, *self.arguments],
            log=data.log_of(self.name),
            cwd=ROOT,
            environment=self.environment,
        )

    def await_ready(self, process: Process, data: DataFolder) -> None:
        log = data.log_of(self.name)
        await_ready(process, lambda: self.is_ready(process.pid), log=log, patience=START_PATIENCE)


def frontend(number: int, port: int, environment: Mapping[str, str]) -> Program:
    url = f"http://127.0.0.1:{port}"
    own = {"HTTP_ADDR": f"127.0.0.1:{port}"}
    return Program(f"frontend-{number}", "frontend", (), {**environment, **own}, partial(_is_ready, url))


def sender(number: int, port: int, environment: Mapping[str, str]) -> Program:
    url = f"http://127.0.0.1:{port}"
    # One name for the process, its log and its node: that is what `./pombo nodes --drain` is told.
    own = {"SENDER_HTTP_ADDR": f"127.0.0.1:{port}", "NODE_ID": f"sender-{number}"}
    return Program(f"sender-{number}", "sender", (), {**environment, **own}, partial(_is_ready, url))


def emulator(port: int, folder: Path, environment: Mapping[str, str]) -> Program:
    url = f"http://127.0.0.1:{port}/control/environment"
    arguments = ("--port", str(port), "--data", str(folder))
    return Program("emulator", "sender.whatsapp.emulator", arguments, environment, lambda _: answers(url))


def _is_ready(url: str, pid: int) -> bool:
    try:
        status, answer = request("GET", f"{url}/ready", timeout=5.0)
    except Unreachable:
        return False
    return status == 200 and answer.get("pid") == pid
