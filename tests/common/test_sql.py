"""Every SQL constant of the tables is prepared against the migrated schema, so a wrong column fails in a second."""

from collections.abc import Mapping

import asyncpg
import pytest

from common.statements import statements

pytestmark = pytest.mark.anyio


async def test_every_statement_can_be_prepared(database: str) -> None:
    assert statements()
    assert await refused(database, statements()) == {}


async def refused(database: str, asked: Mapping[str, str]) -> dict[str, str]:
    """What Postgres does not understand, and why."""
    found = {}
    connection = await asyncpg.connect(database)
    try:
        for name, statement in asked.items():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                found[name] = str(error)
    finally:
        await connection.close()
    return found
