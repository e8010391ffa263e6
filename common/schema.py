"""The schema of the main database: applies `migrations/` once and in order, however many programs start at a time.

Run it as `python -m common.schema`. It needs a direct connection: a pooler in transaction mode breaks session locks.
With `--wait` it applies nothing and ends as soon as somebody else has: what a new program waits for before it starts.
"""

import asyncio
import hashlib
import re
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import structlog

from common import logs
from common.postgres import OUTAGES, Connection
from common.settings import Settings

FOLDER = Path(__file__).parent.parent / "migrations"
LOCK = 0x506F_6D62_6F  # "Pombo": the advisory lock that the one applying starter holds
LOCK_POLL = 0.1  # seconds between two tries for that lock
LOCK_TIMEOUT = timedelta(seconds=5)  # a migration that waits longer for a table would stop all traffic on it
LOCK_TRIES = 10
PATIENCE = timedelta(minutes=30)
LOOK_AGAIN = 1.0  # seconds between two looks at what has been applied
DAYS_AHEAD = 14
NO_TRANSACTION = "-- no-transaction"

log = structlog.get_logger(__name__)

CREATE_MIGRATION = """
    CREATE TABLE IF NOT EXISTS schema_migration (
        number      integer PRIMARY KEY,
        name        text NOT NULL,
        sha256      text NOT NULL,
        applied_at  timestamptz NOT NULL DEFAULT now(),
        took        interval NOT NULL
    )
"""

LIST_MIGRATIONS = """
    SELECT number, name, sha256
    FROM schema_migration
"""

RECORD_MIGRATION = """
    INSERT INTO schema_migration (number, name, sha256, took)
    VALUES ($1, $2, $3, $4)
"""

TRY_LOCK = "SELECT pg_try_advisory_lock($1)"

UNLOCK = "SELECT pg_advisory_unlock($1)"

INSERT_SHARDS = """
    INSERT INTO shard (id)
    SELECT generate_series(0, $1::integer - 1)
    WHERE NOT EXISTS (SELECT FROM shard)
"""

ENSURE_PARTITIONS = """
    SELECT ensure_day_partitions((today - 1)::date, (today + $1::integer)::date)
    FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) AS clock
"""


class SchemaError(Exception):
    """The migrations on disk and those in the database do not fit together."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. With the header `-- no-transaction` each statement runs by itself (concurrent indexes need that);
    such a file has no bodies with inner semicolons and can be run again after half of it was done."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def is_transactional(self) -> bool:
        return NO_TRANSACTION not in self.text.splitlines()

    @property
    def is_afterwards(self) -> bool:
        """Whether it waits until no old program runs any more, so that new ones must not wait for it."""
        return self.text.lower().startswith("-- after")

    @property
    def statements(self) -> list[str]:
        """The statements of a file without a transaction: they end with a semicolon at the end of a line."""
        parts = re.split(r";[ \t]*(?:\n|\Z)", self.text)
        return [part for part in parts if re.sub(r"--[^\n]*", "", part).strip()]


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The files in order of their numbers. Raises SchemaError for a name without a number or a number given twice."""
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"([0-9]{4})_[a-z0-9_]+", path.stem)
        if match is None:
            raise SchemaError(f"{path.name} is not named like 0001_what_it_does.sql")
        migrations.append(Migration(int(match[1]), path.stem, path.read_text()))
    if len({migration.number for migration in migrations}) < len(migrations):
        raise SchemaError(f"a number is given twice in {folder}")
    return migrations


async def migrate(dsn: str, *, shards: int, folder: Path = FOLDER, patience: timedelta = PATIENCE) -> list[str]:
    """Bring the database of `dsn` up to date and return the names of what this call applied.

    Idempotent and safe to run at the same time from anywhere. Makes the database when the server has none of that
    name. Raises SchemaError when an applied file was edited since.
    """
    await ensure_database(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "pombo schema", "timezone": "UTC"})
    try:
        async with _alone(connection, patience):
            applied = await _apply_missing(connection, read_migrations(folder))
            if await connection.fetchval("SELECT to_regclass('shard') IS NOT NULL"):
                await connection.execute(INSERT_SHARDS, shards)
                await connection.execute(ENSURE_PARTITIONS, DAYS_AHEAD)
            return applied
    finally:
        await connection.close()


async def await_schema(dsn: str, *, folder: Path = FOLDER, patience: timedelta = PATIENCE) -> None:
    """Return once every file that goes before the roll-out is applied; also a server that is away is waited for.

    Raises TimeoutError after `patience`.
    """
    wanted = {each.number for each in read_migrations(folder) if not each.is_afterwards}
    async with asyncio.timeout(patience.total_seconds()):
        while missing := wanted - await _applied(dsn):
            log.info("schema not up to date yet", missing=len(missing))
            await asyncio.sleep(LOOK_AGAIN)


async def _applied(dsn: str) -> set[int]:
    try:
        connection = await asyncpg.connect(dsn)
        try:
            return {row["number"] for row in await connection.fetch(LIST_MIGRATIONS)}
        finally:
            await connection.close()
    except (asyncpg.UndefinedTableError, asyncpg.InvalidCatalogNameError, *OUTAGES):
        return set()


async def ensure_database(dsn: str) -> None:
    """Make the database that `dsn` names unless it exists; connects through the server's `postgres` database."""
    try:
        connection = await asyncpg.connect(dsn)
    except asyncpg.InvalidCatalogNameError:
        await _create_database(dsn)
        return
    await connection.close()


async def _create_database(dsn: str) -> None:
    name = urlsplit(dsn).path.removeprefix("/")
    quoted = '"' + name.replace('"', '""') + '"'
    connection = await asyncpg.connect(dsn, database="postgres")
    try:
        await connection.execute(f"CREATE DATABASE {quoted}")
        log.info("database created", database=name)
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        # Another starter made it between our look and our try; which of the two errors comes is a matter of luck.
        return
    finally:
        await connection.close()


@asynccontextmanager
async def _alone(connection: Connection, patience: timedelta) -> AsyncIterator[None]:
    """Hold the lock of all starters. Polled: the snapshot of a waiting `pg_advisory_lock` would block a concurrent
    index build of the one who holds the lock, and Postgres would end both as a deadlock."""
    async with asyncio.timeout(patience.total_seconds()):
        while not await connection.fetchval(TRY_LOCK, LOCK):  # noqa: ASYNC110  # another program holds it, not a task
            await asyncio.sleep(LOCK_POLL)
    try:
        yield
    finally:
        await connection.execute(UNLOCK, LOCK)


async def _apply_missing(connection: Connection, migrations: Sequence[Migration]) -> list[str]:
    await connection.execute(CREATE_MIGRATION)
    known = {row["number"]: row for row in await connection.fetch(LIST_MIGRATIONS)}
    for migration in migrations:
        row = known.get(migration.number)
        if row is not None and row["sha256"] != migration.sha256:
            raise SchemaError(
                f"{migration.name} was applied as {row['name']} with other content: a migration is never edited, "
                "write a new one"
            )
    missing = [migration for migration in migrations if migration.number not in known]
    for migration in missing:
        took = await _apply(connection, migration)
        log.info("migration applied", name=migration.name, took=round(took.total_seconds(), 3))
    return [migration.name for migration in missing]


async def _apply(connection: Connection, migration: Migration) -> timedelta:
    """Try again while traffic holds the tables: each try waits only briefly, so that traffic does not queue behind.

    A migration of several tables may also meet a transaction that took them in another order.
    """
    for attempt in range(1, LOCK_TRIES + 1):
        try:
            return await _apply_once(connection, migration)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            # Without a transaction some of it may stand: that is for its reader to look at.
            if attempt == LOCK_TRIES or not migration.is_transactional:
                raise
            log.warning("migration waits for a lock", name=migration.name, attempt=attempt)
            await asyncio.sleep(attempt * LOCK_POLL)
    raise AssertionError("unreachable")


async def _apply_once(connection: Connection, migration: Migration) -> timedelta:
    started = time.monotonic()

    async def record() -> timedelta:
        took = timedelta(seconds=time.monotonic() - started)
        await connection.execute(RECORD_MIGRATION, migration.number, migration.name, migration.sha256, took)
        return took

    await connection.execute(f"SET lock_timeout = {int(LOCK_TIMEOUT.total_seconds() * 1000)}")
    if migration.is_transactional:
        async with connection.transaction():
            await connection.execute(migration.text)
            return await record()
    # A concurrent build waits for every older transaction as a matter of course: no limit on that.
    await connection.execute("SET lock_timeout = 0")
    for statement in migration.statements:
        await connection.execute(statement)
    return await record()


async def main() -> None:
    settings = Settings()
    logs.configure(settings.log_level, "schema")
    if sys.argv[1:] == ["--wait"]:
        await await_schema(settings.postgres_dsn.get_secret_value())
        return
    await migrate(settings.postgres_dsn.get_secret_value(), shards=settings.shard_count)
    await ensure_database(settings.session_store)
    log.info("schema is up to date")


if __name__ == "__main__":
    asyncio.run(main())
