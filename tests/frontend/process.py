"""A frontend as a child process, as it runs in earnest, with its log in a file."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.local.http import answers
from common.local.processes import free_port
from tests.frontend.gateway import CLIENT_TOKEN, ENCRYPTION_KEY, PARTNER_TOKEN
from tests.waiting import PATIENCE


class Frontend:
    def __init__(self, url: str, log: Path, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def running(dsn: str, redis_url: str, folder: Path, **settings: str) -> Iterator[Frontend]:
    """A frontend that is up. It is killed at the end, if it has not been stopped."""
    port = free_port()
    environment = {
        **os.environ,
        "POSTGRES_DSN": dsn,
        "REDIS_URL": redis_url,
        "HTTP_ADDR": f"127.0.0.1:{port}",
        "CLIENT_AUTH_TOKEN": CLIENT_TOKEN,
        "PARTNER_AUTH_TOKEN": PARTNER_TOKEN,
        "TOKEN_ENCRYPTION_KEY": ENCRYPTION_KEY,
        **settings,
    }
    log = folder / "frontend.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "frontend"], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    frontend = Frontend(f"http://127.0.0.1:{port}", log, process)
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(f"{frontend.url}/health"):
            assert process.poll() is None, frontend.log
            assert time.monotonic() < deadline, frontend.log
            time.sleep(0.05)
        yield frontend
    finally:
        process.kill()
        process.wait()
