"""The data folder of one stack: its secrets, ports, logs, and the record of what runs. Only its owner can read it."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from common.local.processes import Process, StartFailed, free_port


@dataclass(frozen=True, slots=True)
class Demo:
    """The instance that `up` makes for a first message, and a number to send it to."""

    id: str
    token: str
    contact: str


@dataclass(frozen=True, slots=True)
class Record:
    """What runs, as the next `up`, `status` or `down` needs to know it."""

    whatsapp: str
    postgres_dsn: str
    redis_url: str
    base_urls: tuple[str, ...] = ()
    sender_urls: tuple[str, ...] = ()
    emulator_url: str | None = None
    demo: Demo | None = None
    processes: tuple[Process, ...] = field(default=())

    def of_kind(self, kind: str) -> list[Process]:
        """Processes are named `sender-1`, `sender-2`, or just `postgres`."""
        return [process for process in self.processes if process.name.partition("-")[0] == kind]

    def alive(self) -> Self:
        return replace(self, processes=tuple(process for process in self.processes if process.is_alive()))

    def with_process(self, process: Process) -> Self:
        return replace(self, processes=(*self.processes, process))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, known: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **known,
                "base_urls": tuple(known["base_urls"]),
                "sender_urls": tuple(known["sender_urls"]),
                "demo": Demo(**known["demo"]) if known["demo"] else None,
                "processes": tuple(Process(**process) for process in known["processes"]),
            }
        )


class DataFolder:
    """`.data`, or wherever `--data` points. Stacks with different folders share nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._secrets = self.path / "secrets.json"
        self._ports = self.path / "ports.json"
        self._record = self.path / "stack.json"
        self._demos = self.path / "demo.json"

    @property
    def exists(self) -> bool:
        return self._secrets.exists()

    def log_of(self, name: str) -> Path:
        folder = self.path / "logs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder / f"{name}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One `up` or `down` at a time."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / "lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def credentials(self) -> dict[str, str]:
        """The secrets of this stack, made on the first call. A variable of the same name wins over the file."""
        made = {
            "CLIENT_AUTH_TOKEN": secrets.token_urlsafe(24),
            "PARTNER_AUTH_TOKEN": secrets.token_urlsafe(24),
            "TOKEN_ENCRYPTION_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "MEDIA_LOCAL_SECRET_KEY": secrets.token_urlsafe(24),
            "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
            "VALKEY_PASSWORD": secrets.token_urlsafe(24),
        }
        known = self._read(self._secrets) or {}
        if made.keys() - known.keys():
            # Also for a folder of an older version, whose secrets stay what they are.
            known = {**made, **known}
            self._write(self._secrets, known)
        return {name: os.environ.get(name) or value for name, value in known.items()}

    def port_of(self, name: str, preferred: int = 0, *, exact: int = 0) -> int:
        """The port `name` had before, if it is still free, else `preferred`, else any; or `exact` and no other.

        Raises StartFailed when `exact` is taken.
        """
        known = self._read(self._ports) or {}
        port = free_port(exact or known.get(name) or preferred)
        if exact and port != exact:
            raise StartFailed(f"port {exact} is taken.")
        self._write(self._ports, {**known, name: port})
        return port

    def last_port_of(self, name: str) -> int:
        return int((self._read(self._ports) or {})[name])

    def record(self) -> Record | None:
        known = self._read(self._record)
        return None if known is None else Record.from_json(known)

    def write_record(self, record: Record) -> None:
        self._write(self._record, record.to_json())

    def forget_record(self) -> None:
        self._record.unlink(missing_ok=True)

    def demo_of(self, whatsapp: str) -> Demo | None:
        """Demos are kept by kind of WhatsApp: a device linked with one is unknown to the other."""
        known = (self._read(self._demos) or {}).get(whatsapp)
        return None if known is None else Demo(**known)

    def write_demo(self, whatsapp: str, demo: Demo) -> None:
        self._write(self._demos, {**(self._read(self._demos) or {}), whatsapp: asdict(demo)})

    @staticmethod
    def _read(path: Path) -> dict[str, Any] | None:
        try:
            known: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        return known

    @staticmethod
    def _write(path: Path, content: Mapping[str, Any]) -> None:
        """Whole or not at all, and never readable by others, not even for a moment."""
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file, indent=2)
        unfinished.replace(path)
