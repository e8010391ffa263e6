"""The SQL that this version asks of the main database, and the migrations that it asks it of.

`python -m common.statements` writes both for a release; the next version's suite prepares them against its own schema,
because old programs go on under it until they are replaced.
"""

import argparse
import importlib
import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import common.tables
from common.schema import read_migrations

RECORD = Path("tests/common/former_release.json")


def statements() -> Mapping[str, str]:
    """Every statement of the tables by its module and name."""
    found = {}
    for module in pkgutil.iter_modules(common.tables.__path__):
        table = importlib.import_module(f"common.tables.{module.name}")
        for name, value in vars(table).items():
            if name.isupper() and not name.startswith("_") and isinstance(value, str):
                found[f"{module.name}.{name}"] = value
    return found


def record() -> dict[str, Any]:
    return {"migrations": [each.name for each in read_migrations()], "statements": dict(sorted(statements().items()))}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo statements", description="Write what this release asks of Postgres.")
    parser.add_argument("--output", type=Path, default=RECORD, help=f"file (default: {RECORD})")
    options = parser.parse_args()
    options.output.write_text(json.dumps(record(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
