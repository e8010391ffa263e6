"""What developers run: the suite, the checks, the benchmarks. Each returns an exit code."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from common.local import models
from common.local.commands import say
from common.local.programs import ROOT


def test(arguments: Sequence[str]) -> int:
    """The whole suite on all cores; with arguments of one's own exactly what they say."""
    # One more than there are cores: tests of real processes mostly wait for them.
    spread = [] if arguments else ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
    return _python("-m", "pytest", *spread, *arguments)


def check(arguments: Sequence[str]) -> int:
    """All checks run, also after one has failed. With `--parity` only the matrix of routes and states is printed, with
    `--audit` only the advisories against pinned packages, which needs a network."""
    if arguments == ["--parity"]:
        return _python("-m", "frontend.parity", "tests/contract/collection.txt")
    if arguments[:1] == ["--audit"]:
        return _python("-m", "common.local.advisories", *arguments[1:])
    if arguments:
        say("usage: ./pombo check [--parity | --audit]")
        return 2
    checks = {
        "format": ("-m", "ruff", "format", "--check", "."),
        "lint": ("-m", "ruff", "check", "."),
        "types": ("-m", "mypy"),
        "types of pombo": ("-m", "mypy", "pombo"),
        "boundaries": (str(Path(sys.executable).with_name("lint-imports")),),
        "parity": ("-m", "pytest", "-q", "tests/contract/test_parity.py"),
        "SQL": ("-m", "pytest", "tests/common/test_sql.py"),
        "pins": ("-m", "common.local.bill", "--check"),
        "manifests": ("-m", "pytest", "tests/k8s/test_manifests.py", "tests/k8s/test_dockerfile.py"),
        "alerts": ("-m", "pytest", "tests/k8s/test_alerts.py"),
    }
    failed = []
    for name, command in checks.items():
        say(f"checking {name} ...")
        if _python(*command):
            failed.append(name)
    if models.can_be_checked():
        say("checking models ...")
        if not models.check(ROOT / "tests" / "models"):
            failed.append("models")
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def bench(arguments: Sequence[str]) -> int:
    """`bench NAME ...` runs `loadtests.bench.NAME`."""
    known = sorted(path.stem for path in (ROOT / "loadtests" / "bench").glob("[a-z]*.py"))
    if not arguments or arguments[0] not in known:
        say(f"usage: ./pombo bench {{{','.join(known)}}} [options]")
        return 2
    return _python("-m", f"loadtests.bench.{arguments[0]}", *arguments[1:])


def openapi(arguments: Sequence[str]) -> int:
    return _python("-m", "frontend.artefacts", *arguments)


def sbom(arguments: Sequence[str]) -> int:
    return _python("-m", "common.local.bill", *arguments)


def statements(arguments: Sequence[str]) -> int:
    return _python("-m", "common.statements", *arguments)


def migrate(arguments: Sequence[str]) -> int:
    return _on_database("migrate", "common.schema", arguments)


def rekey(arguments: Sequence[str]) -> int:
    return _on_database("rekey", "common.rekey", arguments)


def _on_database(command: str, module: str, arguments: Sequence[str]) -> int:
    if arguments:
        say(f"{command} takes no arguments; it works on POSTGRES_DSN.")
        return 2
    if not (os.environ.get("POSTGRES_DSN") or os.environ.get("DATABASE_URL")):
        say("set POSTGRES_DSN to the database that is meant.")
        return 2
    return _python("-m", module)


def _python(*arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode
