"""`./pombo` as a child process, as a person or a script runs it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from common.local.processes import free_port
from tests.waiting import PATIENCE

POMBO = Path(__file__).resolve().parent.parent.parent / "pombo"
STORES = ("POSTGRES_DSN", "DATABASE_URL", "REDIS_URL", "REDIS_ADDR")
UNHURRIED = {"MESSAGE_DELAY_MIN": "0", "MESSAGE_DELAY_MAX": "0"}


def pombo(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, on stores of its own unless `variables` name others, without pauses between sends."""
    inherited = {name: value for name, value in os.environ.items() if name not in STORES}
    return subprocess.run(
        [POMBO, *arguments],
        env={**inherited, **UNHURRIED, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def up(data: Path, *arguments: str, whatsapp: str = "simulated", **variables: str) -> dict[str, Any]:
    """Start a stack; what `up --detach` printed of it."""
    # The usual port may be wanted by a stack of another test at the same time.
    port = () if "--port" in arguments or data.exists() else ("--port", str(free_port()))
    done = pombo("up", "--detach", "--whatsapp", whatsapp, "--data", str(data), *port, *arguments, **variables)
    assert done.returncode == 0, done.stderr
    described: dict[str, Any] = json.loads(done.stdout)
    return described
