"""Advisories: what is known against the pinned packages, asked of the OSV database by name and version. Only when
somebody wants that: everything else here works without a network."""

import argparse
import json
import sys
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.local.bill import packages

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
DATABASE = "https://api.osv.dev/v1/querybatch"
PATIENCE = 30.0  # seconds for its answer
MOST = 500  # questions of one request; the database takes 1000

Ask = Callable[[dict[str, Any]], dict[str, Any]]


class Unreachable(Exception):
    """The database of advisories cannot be reached, so nothing is known; try again with a network."""


def known_against(pins: Sequence[tuple[str, str]], ask: Ask) -> dict[tuple[str, str], list[str]]:
    """The numbers of advisories by package and version, for those that have any. Raises Unreachable."""
    found = {}
    for start in range(0, len(pins), MOST):
        some = pins[start : start + MOST]
        queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in some]
        answer = ask({"queries": queries})
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(some):
            raise Unreachable("The database of advisories gave an answer that is not understood.")
        for pin, result in zip(some, results, strict=True):
            if numbers := sorted(each["id"] for each in result.get("vulns", ())):
                found[pin] = numbers
    return found


def ask_database(question: dict[str, Any], url: str = DATABASE) -> dict[str, Any]:
    """Raises Unreachable."""
    request = urllib.request.Request(url, json.dumps(question).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            told: dict[str, Any] = json.load(answer)
    except (OSError, ValueError) as error:
        raise Unreachable(f"{Unreachable.__doc__} ({error})") from error
    return told


def main() -> int:
    parser = argparse.ArgumentParser(prog="./pombo check --audit", description=__doc__)
    parser.add_argument("--database", default=DATABASE, help=f"another that speaks like {DATABASE}")
    options = parser.parse_args()
    pins = sorted({(each.name, each.version) for name in LOCKS for each in packages(ROOT / name)})
    try:
        found = known_against(pins, lambda question: ask_database(question, options.database))
    except Unreachable as problem:
        sys.stderr.write(f"pombo: {problem}\n")
        return 2
    for (name, version), numbers in found.items():
        sys.stderr.write(f"{name} {version}: {', '.join(numbers)}\n")
    sys.stderr.write(f"pombo: advisories against {len(found)} of {len(pins)} pinned packages\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
