"""The packages of the peers that run on node: fetched by npm, checked against `pins.txt`, unpacked into `.cache`.

A line of `pins.txt` is a place below `node_modules`, a version and the digest of the archive. No script of a package
runs.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.local.commands import say
from common.local.programs import ROOT

PINS = Path(__file__).parent / "pins.txt"
FOLDER = ROOT / ".cache" / "peers"
OLDEST_NODE = 20


class Unavailable(Exception):
    """The peers on node cannot run here. The message says why."""


@dataclass(frozen=True, slots=True)
class Pin:
    place: str
    version: str
    digest: str

    @property
    def name(self) -> str:
        return self.place.rpartition("/node_modules/")[2]


def read_pins(file: Path = PINS) -> list[Pin]:
    return [Pin(*line.split()) for line in file.read_text().splitlines()]


def find_node() -> Path:
    """Raises Unavailable when node or npm is missing or too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Unavailable("node and npm are not on this machine")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    major = re.match(r"v(\d+)", version)
    if major is None or int(major[1]) < OLDEST_NODE:
        raise Unavailable(f"node {version} is older than {OLDEST_NODE}")
    return Path(node)


def install(folder: Path = FOLDER, pins: Sequence[Pin] | None = None) -> Path:
    """The folder that holds `node_modules`, made where it is not there yet. Raises Unavailable."""
    pins = read_pins() if pins is None else pins
    wanted = hashlib.sha256(repr(pins).encode()).hexdigest()
    marker = folder / "installed"
    if marker.exists() and marker.read_text() == wanted:
        return folder
    say(f"installing {len(pins)} packages of the peers into .cache (once) ...")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as archives:
        files = _fetch(sorted({f"{pin.name}@{pin.version}" for pin in pins}), Path(archives))
        for pin in pins:
            unpack(files[pin.name, pin.version], pin, folder / "node_modules" / pin.place)
    marker.write_text(wanted)
    return folder


def unpack(archive: Path, pin: Pin, place: Path) -> None:
    """Raises Unavailable for an archive that is not the pinned one."""
    content = archive.read_bytes()
    kind, _, expected = pin.digest.partition("-")
    if base64.b64encode(hashlib.new(kind, content).digest()).decode() != expected:
        raise Unavailable(f"{pin.name} {pin.version} is not the pinned one; nothing of it is used")
    place.mkdir(parents=True)
    with tarfile.open(archive) as opened:
        for member in opened.getmembers():
            # All is below one folder, mostly `package`, which may be named otherwise.
            _, _, inside = member.name.partition("/")
            if inside and member.isfile():
                opened.extract(member.replace(name=inside, mode=0o644, uname="", gname=""), place, filter="data")


def _fetch(specifications: Sequence[str], folder: Path) -> dict[tuple[str, str], Path]:
    command = ["npm", "pack", "--json", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    done = subprocess.run([*command, *specifications], capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        raise Unavailable(f"npm could not fetch the peers: {done.stderr.strip()[-300:]}")
    told = json.loads(done.stdout)
    # Newer versions of npm tell an object by name.
    packed = told if isinstance(told, list) else list(told.values())
    return {
        (each["name"], each["version"]): folder / each["filename"].replace("@", "").replace("/", "-") for each in packed
    }
