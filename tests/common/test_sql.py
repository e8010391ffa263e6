"""Every SQL constant of the tables is prepared against the migrated schema, so a wrong column fails in a second."""

import importlib
import pkgutil

import asyncpg
import pytest

import common.tables

pytestmark = pytest.mark.anyio


def statements() -> list[tuple[str, str]]:
    found = []
    for module in pkgutil.iter_modules(common.tables.__path__):
        table = importlib.import_module(f"common.tables.{module.name}")
        for name, value in vars(table).items():
            if name.isupper() and not name.startswith("_") and isinstance(value, str):
                found.append((f"{module.name}.{name}", value))
    return found


async def test_every_statement_can_be_prepared(database: str) -> None:
    assert statements()
    connection = await asyncpg.connect(database)
    try:
        for name, statement in statements():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                pytest.fail(f"{name}: {error}")
    finally:
        await connection.close()
