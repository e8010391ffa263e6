"""Tables: what a benchmark found, printed and kept with the machine named."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [list(head), ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"


def keep(name: str, title: str, text: str) -> Path:
    """Write `results/<name>.md`, over the last one."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text(f"# {title}\n\n{datetime.now(UTC):%Y-%m-%d}, {machine()}\n\n{text}\n")
    return path


def keep_figures(name: str, figures: Mapping[str, Any]) -> Path:
    """Write `results/<name>.json`, for what is computed from it later."""
    path = RESULTS / f"{name}.json"
    told = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), **figures}
    path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
    return path


def read_figures(name: str) -> dict[str, Any]:
    """Empty where that benchmark has not run."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}
