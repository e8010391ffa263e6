"""The virtual environment of `./pombo`, installed from a hash-pinned lock file.

Runs before anything is installed, hence the standard library only.
"""

import fcntl
import hashlib
import json
import os
import sys
from pathlib import Path

from common.local.commands import run, say
from common.local.package_index import index_for_uv
from common.local.uv import find_uv

DEVELOP = "requirements-dev.lock"


class SetupFailed(Exception):
    """The environment cannot be made. The message says what is missing and what to do about it."""


class Environment:
    """`.venv` below `root`, or another folder. A marker in it remembers which lock file it was made from."""

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self._root = root
        self._folder = folder or root / ".venv"
        self._cache = root / ".cache"
        self._marker = self._folder / "pombo.json"
        self.python = self._folder / "bin" / "python"

    def prepare(self, lock: str) -> Path:
        """The python of an environment with all that `lock` names. With unchanged files a second call is instant."""
        if self.is_prepared(lock):
            return self.python
        self._cache.mkdir(exist_ok=True)
        with (self._cache / "setup.lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if not self.is_prepared(lock):
                self._marker.unlink(missing_ok=True)
                say(f"installing the packages of {lock} into {self._folder.name} (once) ...")
                self._install(lock)
                self._marker.write_text(json.dumps({"lock": lock, "sha256": self._fingerprint(lock)}))
        return self.python

    def is_prepared(self, lock: str) -> bool:
        """The packages for development include those for running."""
        try:
            known = json.loads(self._marker.read_text())
            usable = known["lock"] in {lock, DEVELOP} and self.python.exists()
            return usable and bool(known["sha256"] == self._fingerprint(known["lock"]))
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _install(self, lock: str) -> None:
        """With uv when it can be had, else with pip alone. Both refuse a file whose hash is not in `lock`."""
        uv = find_uv(self._cache / "uv")
        if uv is not None and self._install_with_uv(uv, lock):
            return
        say("uv is not to be had or failed; trying pip, which takes longer ...")
        if not self._install_with_pip(lock):
            raise SetupFailed(
                "the packages could not be installed. If neither uv nor pip is here, install one of them (Debian: "
                "apt-get install python3-venv) or name your package index in PIP_INDEX_URL or UV_DEFAULT_INDEX."
            )

    def _install_with_uv(self, uv: Path, lock: str) -> bool:
        variables = {**os.environ, **index_for_uv(), "UV_PYTHON_DOWNLOADS": "never"}
        create = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, self._folder]
        if not self.python.exists() and not run(create, variables):
            return False
        # `install`, not `sync`: what somebody added to this environment by hand is theirs to remove.
        return run(
            [uv, "pip", "install", "--quiet", "--python", self.python, "--require-hashes", "-r", self._root / lock],
            variables,
        )

    def _install_with_pip(self, lock: str) -> bool:
        arguments = ["install", "--quiet", "--require-hashes", "--disable-pip-version-check", "-r", self._root / lock]
        if run([sys.executable, "-m", "pip", "--version"], quiet=True):
            made = self.python.exists() or run([sys.executable, "-m", "venv", "--without-pip", self._folder])
            return made and run([sys.executable, "-m", "pip", "--python", self.python, *arguments])
        made = run([sys.executable, "-m", "venv", self._folder], quiet=True)
        return made and run([self.python, "-m", "pip", *arguments])

    def _fingerprint(self, lock: str) -> str:
        return hashlib.sha256((self._root / lock).read_bytes()).hexdigest()
