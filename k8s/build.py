"""Writes what is built from code: rule files and the board. Run `python -m k8s.build` after a change."""

import json
from pathlib import Path

import yaml

from k8s.alerts import rules
from k8s.dashboards.board import board

HERE = Path(__file__).parent
NOTE = "# Written by `python -m k8s.build` from rules.py.\n"


def built() -> dict[Path, str]:
    """The files and what is in them."""
    return {
        HERE / "alerts" / "rules.yaml": NOTE + _yaml(rules.groups()),
        HERE / "alerts" / "prometheusrule.yaml": NOTE + _yaml(rules.resource()),
        HERE / "dashboards" / "pombo.json": json.dumps(board(), indent=1) + "\n",
    }


def _yaml(value: object) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, width=160))


if __name__ == "__main__":
    for path, text in built().items():
        path.write_text(text, encoding="utf-8")
