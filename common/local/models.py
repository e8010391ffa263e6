"""Models: the protocols as Promela, explored by spin. Every model has broken twins, and those must be refuted.

A twin is made by a name that the model tests with `#ifdef`; a checker that lets one pass would prove nothing.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from common.local.commands import say

TWIN = re.compile(r"^#if(?:def|ndef) (\w+)", re.MULTILINE)
DEPTH = 500_000
PATIENCE = 120.0  # seconds for one exploration


def can_be_checked() -> bool:
    return shutil.which("spin") is not None and shutil.which("gcc") is not None


def check(folder: Path) -> bool:
    """Whether every model holds and every twin is refuted."""
    unsound = [model for model in sorted(folder.glob("*.pml")) if not _holds_and_twins_fail(model)]
    return not unsound


def _holds_and_twins_fail(model: Path) -> bool:
    sound = True
    for twin in ["", *sorted(set(TWIN.findall(model.read_text())))]:
        name = f"{model.stem} with {twin}" if twin else model.stem
        found = explore(model, twin)
        if found is None:
            say(f"{name} could not be explored.")
        elif found == bool(twin):
            continue
        else:
            say(f"{name} was not refuted." if twin else f"{name} does not hold.")
        sound = False
    return sound


def explore(model: Path, twin: str = "") -> bool | None:
    """Whether an error was found; None when the exploration did not come to an end."""
    with tempfile.TemporaryDirectory(prefix="pombo-model-") as folder:
        defined = [f"-D{twin}"] if twin else []
        for command in (
            ["spin", *defined, "-a", str(model)],
            ["gcc", "-O2", "-w", "-DSAFETY", "-o", "pan", "pan.c"],
            ["./pan", f"-m{DEPTH}"],
        ):
            try:
                done = subprocess.run(
                    command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
                )
            except (subprocess.TimeoutExpired, FileNotFoundError):
                return None
            if done.returncode:
                return None
    errors = re.search(r"errors: (\d+)", done.stdout)
    if errors is None or "max search depth too small" in done.stdout:
        return None
    return int(errors[1]) > 0
