"""Fresh databases for tests: copied from one migrated template, and emptied to be used again."""

import asyncio
import itertools
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg

from common.local.postgres import Postgres
from common.schema import migrate

TEMPLATE = "template_of_tests"
SHARDS = 256

END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""

# Whatever a test may have added to, taken from or renamed in the schema: then its database is not used again.
SHAPE = """
    SELECT
        (SELECT count(*) FROM pg_class) AS relations,
        (SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
        (SELECT count(*) FROM pg_constraint) AS constraints,
        (SELECT count(*) FROM pg_attribute) AS columns,
        (SELECT count(*) FROM pg_trigger) AS triggers,
        (SELECT count(*) FROM pg_proc) AS functions"""

LIST_TABLES = """
    SELECT quote_ident(relname)
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
      AND relname <> 'schema_migration'"""

LIST_SEQUENCES = """
    SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'"""

Result = TypeVar("Result")


class Databases:
    """A copy of the template is some four hundred files; emptying one that was used takes a tenth of the time.

    Works from a thread of its own, since a fixture may be called while the loop of a test is running.
    """

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._empty: list[str] = []
        self._runner = asyncio.Runner()
        self._thread = ThreadPoolExecutor(1, "databases")
        self._run(migrate(server.dsn(TEMPLATE), shards=SHARDS))
        self._shape = self._run(self._look())
        self._connection = self._run(asyncpg.connect(server.dsn()))

    def create(self, *, migrated: bool = True) -> str:
        """The DSN of a database in which nothing has happened."""
        if migrated and self._empty:
            return self._empty.pop()
        name = f"test_{next(self._numbers)}"
        template = TEMPLATE if migrated else "template1"
        self._run(self._connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log"))
        return self._server.dsn(name)

    def drop(self, dsn: str) -> None:
        """Done with it and with the session store beside it, also while somebody is connected."""
        name = dsn.rpartition("/")[2]
        if self._run(self._is_emptied(dsn)):
            self._empty.append(dsn)
        else:
            self._run(self._connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        self._run(self._connection.execute(f'DROP DATABASE IF EXISTS "{name}_whatsapp" WITH (FORCE)'))

    def close(self) -> None:
        self._run(self._connection.close())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    async def _look(self) -> asyncpg.Record:
        connection = await asyncpg.connect(self._server.dsn(TEMPLATE))
        try:
            return await connection.fetchrow(SHAPE)
        finally:
            await connection.close()

    async def _is_emptied(self, dsn: str) -> bool:
        """Whether it is as new. Others are thrown out first: what they still write would be the next test's."""
        try:
            connection = await asyncpg.connect(dsn)
        except asyncpg.InvalidCatalogNameError:
            return False
        try:
            await connection.execute(END_OTHERS)
            if await connection.fetchrow(SHAPE) != self._shape:
                return False
            # As a replica would: without looking at references, which all of them lose together.
            statements = ["SET session_replication_role = replica"]
            statements += [f"DELETE FROM {row[0]}" for row in await connection.fetch(LIST_TABLES)]
            statements += [f"ALTER SEQUENCE {row[0]} RESTART" for row in await connection.fetch(LIST_SEQUENCES)]
            statements.append(f"INSERT INTO shard (id) SELECT generate_series(0, {SHARDS - 1})")
            await connection.execute("; ".join(statements))
        finally:
            await connection.close()
        return True

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._thread.submit(self._runner.run, work).result()
