"""The migration runner over a real Postgres."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from common.local.postgres import Postgres
from common.schema import SchemaError, await_schema, ensure_database, migrate, read_migrations
from tests.databases import SHARDS, Databases
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

TABLE = "CREATE TABLE shard (id integer PRIMARY KEY);\n"
PARTITIONS = """
CREATE FUNCTION ensure_day_partitions(first date, last date) RETURNS void LANGUAGE sql
    AS $$ SELECT $$;
"""
INDEX = """-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS shard_id;
CREATE INDEX CONCURRENTLY shard_id ON shard (id);
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_table.sql").write_text(TABLE + PARTITIONS)
    (folder / "0002_index.sql").write_text(INDEX)
    return folder


async def fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def test_eight_starters_at_once_apply_every_file_exactly_once(empty_database: str, folder: Path) -> None:
    applied = await asyncio.gather(*(migrate(empty_database, shards=8, folder=folder) for _ in range(8)))

    assert sorted(applied, key=len) == [*[[]] * 7, ["0001_table", "0002_index"]]
    assert len(await fetch(empty_database, "SELECT FROM schema_migration")) == 2
    assert len(await fetch(empty_database, "SELECT FROM shard")) == 8
    assert await fetch(empty_database, "SELECT FROM pg_index WHERE indexrelid = 'shard_id'::regclass AND indisvalid")


async def test_eight_starters_at_once_make_the_missing_database(databases: Databases, postgres: Postgres) -> None:
    dsn = postgres.dsn("made_by_starters")

    await asyncio.gather(*(migrate(dsn, shards=256) for _ in range(8)))

    assert len(await fetch(dsn, "SELECT FROM shard")) == 256
    databases.drop(dsn)


async def test_the_real_migrations_make_shards_and_the_partitions_of_the_coming_days(database: str) -> None:
    days = await fetch(database, "SELECT FROM pg_inherits WHERE inhparent = 'message_history'::regclass")

    assert len(await fetch(database, "SELECT FROM shard")) == SHARDS
    assert len(days) == 1 + 16  # the default one, yesterday, today and 14 days ahead


async def test_a_second_run_changes_nothing(database: str) -> None:
    assert await migrate(database, shards=7) == []
    assert len(await fetch(database, "SELECT FROM shard")) == SHARDS


async def test_an_edited_file_is_refused(empty_database: str, folder: Path) -> None:
    await migrate(empty_database, shards=1, folder=folder)
    (folder / "0001_table.sql").write_text(TABLE + PARTITIONS + "-- a comment is an edit too\n")

    with pytest.raises(SchemaError, match="0001_table was applied"):
        await migrate(empty_database, shards=1, folder=folder)


async def test_a_failing_file_leaves_nothing_of_itself_behind(empty_database: str, folder: Path) -> None:
    (folder / "0003_bad.sql").write_text("CREATE TABLE half (id integer);\nSELECT nonsense;\n")

    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(empty_database, shards=1, folder=folder)

    assert await fetch(empty_database, "SELECT FROM pg_class WHERE relname = 'half'") == []
    assert [row["number"] for row in await fetch(empty_database, "SELECT number FROM schema_migration")] == [1, 2]


async def test_a_half_built_concurrent_index_is_built_again(empty_database: str, folder: Path) -> None:
    await migrate(empty_database, shards=1, folder=folder)
    await fetch(empty_database, "DELETE FROM schema_migration WHERE number = 2 RETURNING 1")

    assert await migrate(empty_database, shards=1, folder=folder) == ["0002_index"]


async def test_a_migration_waits_out_traffic_that_holds_its_table(empty_database: str, folder: Path) -> None:
    await migrate(empty_database, shards=1, folder=folder)
    (folder / "0003_more.sql").write_text("ALTER TABLE shard ADD COLUMN name text;\n")
    writer = await asyncpg.connect(empty_database)
    transaction = writer.transaction()
    await transaction.start()
    await writer.execute("SELECT FROM shard")

    async with asyncio.TaskGroup() as tasks:
        migration = tasks.create_task(migrate(empty_database, shards=1, folder=folder))
        while not await writer.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not migration.done()
        await transaction.rollback()

    assert migration.result() == ["0003_more"]
    await writer.close()


async def test_a_migration_that_meets_traffic_crosswise_is_tried_again(empty_database: str, folder: Path) -> None:
    await migrate(empty_database, shards=1, folder=folder)
    (folder / "0003_two.sql").write_text("CREATE TABLE other (id integer);\n")
    await migrate(empty_database, shards=1, folder=folder)
    (folder / "0004_both.sql").write_text(
        "ALTER TABLE other ADD COLUMN name text;\nALTER TABLE shard ADD COLUMN name text;\n"
    )
    # Whoever looks for a deadlock first is the one that loses: this one never looks.
    writer = await asyncpg.connect(empty_database, server_settings={"deadlock_timeout": "1h"})
    transaction = writer.transaction()
    await transaction.start()
    await writer.execute("SELECT FROM shard")

    async with asyncio.TaskGroup() as tasks:
        migration = tasks.create_task(migrate(empty_database, shards=1, folder=folder))
        while not await writer.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not migration.done()
        await writer.execute("SELECT FROM other")
        await transaction.rollback()

    assert migration.result() == ["0004_both"]
    await writer.close()


async def test_a_database_that_exists_is_left_alone(database: str) -> None:
    await ensure_database(database)

    assert len(await fetch(database, "SELECT FROM shard")) == SHARDS


@pytest.mark.parametrize("name", ["first.sql", "1_table.sql", "0001-table.sql"])
def test_a_file_without_a_proper_number_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("SELECT 1;")

    with pytest.raises(SchemaError, match="is not named like"):
        read_migrations(tmp_path)


def test_a_number_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("SELECT 1;")
    (tmp_path / "0001_two.sql").write_text("SELECT 2;")

    with pytest.raises(SchemaError, match="given twice"):
        read_migrations(tmp_path)


async def test_a_program_waits_until_another_has_applied_what_goes_before_the_roll_out(
    empty_database: str, folder: Path
) -> None:
    waiting = asyncio.create_task(await_schema(empty_database, folder=folder))
    await migrate(empty_database, shards=8, folder=folder)
    (folder / "0003_later.sql").write_text("-- after: what only old programs read\nDROP FUNCTION now_and_then;\n")

    await asyncio.wait_for(waiting, PATIENCE)
    await asyncio.wait_for(await_schema(empty_database, folder=folder), PATIENCE)
