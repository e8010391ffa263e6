"""A server that speaks S3, in a process of its own, for whoever needs a bucket or kills it."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from common.local.http import answers
from common.local.processes import free_port
from common.media.bucket import BucketAddress

NAME = "files"
START_PATIENCE = 30.0


class BucketServer:
    """Keeps what it is given in memory: after `kill` and `start` it is empty, as is the bucket that is made anew."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> BucketAddress:
        return BucketAddress(NAME, self.endpoint, "us-east-1", "testing", SecretStr("testing"))

    @property
    def settings(self) -> dict[str, str]:
        return {
            "S3_BUCKET": NAME,
            "S3_ENDPOINT": self.endpoint,
            "S3_ACCESS_KEY": "testing",
            "S3_SECRET_KEY": "testing",
        }

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_PATIENCE
        while not answers(f"{self.endpoint}/moto-api/data.json"):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"the bucket server does not start: {self._log.read_text()}")
            time.sleep(0.05)
        urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/{NAME}", method="PUT")).close()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def running(self) -> Iterator["BucketServer"]:
        self.start()
        try:
            yield self
        finally:
            self.kill()
