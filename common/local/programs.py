"""The programs of a local stack: how each is started, how it says that it is ready, how long it may take to stop."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.local.data_folder import DataFolder
from common.local.http import answers
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
    is_ready: Callable[[], bool]

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
        await_ready(process, self.is_ready, log=data.log_of(self.name), patience=START_PATIENCE)


def frontend(number: int, port: int, environment: Mapping[str, str]) -> Program:
    url = f"http://127.0.0.1:{port}"
    own = {"HTTP_ADDR": f"127.0.0.1:{port}"}
    return Program(f"frontend-{number}", "frontend", (), {**environment, **own}, lambda: answers(f"{url}/ready"))


def sender(number: int, port: int, environment: Mapping[str, str]) -> Program:
    url = f"http://127.0.0.1:{port}"
    own = {"SENDER_HTTP_ADDR": f"127.0.0.1:{port}"}
    return Program(f"sender-{number}", "sender", (), {**environment, **own}, lambda: answers(f"{url}/ready"))


def emulator(port: int, folder: Path, environment: Mapping[str, str]) -> Program:
    url = f"http://127.0.0.1:{port}/control/environment"
    arguments = ("--port", str(port), "--data", str(folder))
    return Program("emulator", "sender.whatsapp.emulator", arguments, environment, lambda: answers(url))
