"""uv, the installer: found on this machine or fetched once, pinned by hash. Standard library only."""

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from common.local.commands import run, say
from common.local.package_index import configured_index, fetch_file

VERSION = "0.13.9"
WHEELS = {
    ("Linux", "x86_64"): (
        f"uv-{VERSION}-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("Linux", "aarch64"): (
        f"uv-{VERSION}-py3-none-manylinux_2_28_aarch64.whl",
        "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    ),
    ("Darwin", "x86_64"): (
        f"uv-{VERSION}-py3-none-macosx_10_12_x86_64.whl",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
    ("Darwin", "arm64"): (
        f"uv-{VERSION}-py3-none-macosx_11_0_arm64.whl",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
}
KNOWN = frozenset(sha256 for _, sha256 in WHEELS.values())
_QUIETLY = ("--quiet", "--disable-pip-version-check", "--only-binary", ":all:")


def find_uv(home: Path) -> Path | None:
    """uv from PATH, from an earlier run (`home`), or fetched into `home` by whichever way works; None if none does."""
    kept = home / "bin" / "uv"
    for candidate in (shutil.which("uv"), kept):
        if candidate and run([candidate, "--version"], quiet=True):
            return Path(candidate)
    say("fetching uv ...")
    for fetch in (into_an_environment, by_pip_download, by_hand, with_debian_packages):
        if fetch(home) and run([kept, "--version"], quiet=True):
            return kept
    return None


def into_an_environment(home: Path) -> bool:
    """The usual way. On a Debian without python3-venv `venv` fails for want of ensurepip."""
    if not run([sys.executable, "-m", "venv", "--clear", home], quiet=True):
        shutil.rmtree(home, ignore_errors=True)
        return False
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(" ".join([f"uv=={VERSION}", *(f"--hash=sha256:{sha256}" for sha256 in KNOWN)]) + "\n")
        wanted.flush()
        return run([home / "bin" / "python", "-m", "pip", "install", *_QUIETLY, "-r", wanted.name], quiet=True)


def by_pip_download(home: Path) -> bool:
    """pip without venv: a wheel may be fetched where an installation outside of an environment is refused."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", *_QUIETLY, "--no-deps", "-d", folder, f"uv=={VERSION}"]
        return run(command, quiet=True) and unpack(Path(folder).glob("*.whl"), home)


def by_hand(home: Path) -> bool:
    """Neither pip nor venv, but an index that their configuration names."""
    index, wheel = configured_index(), WHEELS.get((platform.system(), platform.machine()))
    if index is None or wheel is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / wheel[0]
        try:
            file.write_bytes(fetch_file(index, "uv", wheel[0]))
        except (OSError, ValueError) as problem:
            say(f"uv could not be fetched: {problem}")
            return False
        return unpack([file], home)


def with_debian_packages(home: Path) -> bool:
    """The last resort, for root on a Debian that has python3 and nothing else: Debian's own ensurepip."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0 or run([sys.executable, "-c", "import ensurepip"], quiet=True):
        return False
    say("there is neither pip nor venv: installing Debian's python3-venv ...")
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([apt, "update", "-q"], variables, quiet=True)
    install = [apt, "install", "-y", "-q", "--no-install-recommends", "python3-venv"]
    return run(install, variables, quiet=True) and into_an_environment(home)


def unpack(wheels: Iterable[Path], home: Path) -> bool:
    """Keep the program of the first wheel whose content is one of those pinned above."""
    for wheel in wheels:
        if hashlib.sha256(wheel.read_bytes()).hexdigest() not in KNOWN:
            say(f"{wheel.name} is not the pinned one; it is not used.")
            continue
        program = home / "bin" / "uv"
        program.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            program.write_bytes(archive.read(f"uv-{VERSION}.data/scripts/uv"))
        program.chmod(0o755)
        return True
    return False
