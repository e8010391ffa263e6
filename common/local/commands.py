"""Commands that are run to their end, and words for the person who waits. Standard output is left to the answer."""

import subprocess
import sys
from collections.abc import Mapping, Sequence


def run(command: Sequence[object], variables: Mapping[str, str] | None = None, *, quiet: bool = False) -> bool:
    """Whether the command exists and succeeded. What it prints goes to standard error."""
    output = subprocess.DEVNULL if quiet else sys.stderr
    try:
        done = subprocess.run([str(part) for part in command], env=variables, stdout=output, stderr=output, check=False)
    except OSError:
        return False
    return done.returncode == 0


def say(text: str) -> None:
    sys.stderr.write(f"pombo: {text}\n")
    sys.stderr.flush()
