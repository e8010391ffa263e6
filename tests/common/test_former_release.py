"""The programs of the release before go on under this version's schema: all that they ask is still understood, and what
they write still fits. `./pombo statements` makes the record anew at each release."""

import json
import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from common.schema import FOLDER, migrate
from common.statements import RECORD, record
from tests.common.test_sql import refused
from tests.databases import SHARDS

pytestmark = pytest.mark.anyio

FORMER: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / RECORD).read_text(encoding="utf-8"))

LIST_COLUMNS = """
    SELECT table_name || '.' || column_name, udt_name,
           is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS'
    FROM information_schema.columns
    JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name !~ '_(default|[0-9]{8})$'"""


async def columns(dsn: str) -> dict[str, tuple[str, bool]]:
    """Each column's type, and whether an INSERT may leave it out."""
    connection = await asyncpg.connect(dsn)
    try:
        return {row[0]: (row[1], row[2]) for row in await connection.fetch(LIST_COLUMNS)}
    finally:
        await connection.close()


async def test_every_statement_of_the_release_before_is_understood(database: str) -> None:
    assert len(FORMER["statements"]) > 100
    assert await refused(database, FORMER["statements"]) == {}


async def test_what_the_release_before_writes_fits(database: str, empty_database: str, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in FORMER["migrations"]:
        shutil.copy(FOLDER / f"{name}.sql", folder)
    await migrate(empty_database, shards=SHARDS, folder=folder)
    before, now = await columns(empty_database), await columns(database)
    assert {name: now.get(name, ("gone", False))[0] for name in before} == {
        name: kind for name, (kind, _) in before.items()
    }
    tables = {name.partition(".")[0] for name in before}
    added = {name: fits for name, (_, fits) in now.items() if name not in before and name.partition(".")[0] in tables}
    assert [name for name, fits in added.items() if not fits] == []


def test_a_record_holds_what_this_version_asks() -> None:
    made = record()
    assert set(FORMER["migrations"]) <= set(made["migrations"])
    assert "instance.FIND" in made["statements"]
