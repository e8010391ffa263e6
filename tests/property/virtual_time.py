"""Time that only a test moves, for the processes of a test and for their database alike."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import asyncpg

from tests.clock import ManualClock

# Unqualified `now()` finds ours before the built-in one. The defaults of columns were bound before: they are set anew.
INSTALL = """
    CREATE SCHEMA virtual;
    CREATE TABLE virtual.moment (now timestamptz NOT NULL);
    INSERT INTO virtual.moment VALUES (pg_catalog.now());
    CREATE FUNCTION virtual.now() RETURNS timestamptz
        LANGUAGE sql STABLE AS 'SELECT moment.now FROM virtual.moment';
    CREATE FUNCTION virtual.clock_timestamp() RETURNS timestamptz
        LANGUAGE sql STABLE AS 'SELECT moment.now FROM virtual.moment';
    DO $$
    DECLARE
        stamp record;
    BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = virtual, public, pg_catalog', current_database());
        FOR stamp IN
            SELECT adrelid::regclass AS place, attname
            FROM pg_attrdef
            JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
            WHERE pg_get_expr(adbin, adrelid) = 'now()'
        LOOP
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT virtual.now()', stamp.place, stamp.attname);
        END LOOP;
    END $$"""

MOVE = """
    UPDATE virtual.moment SET now = $1"""


async def install(dsn: str, *, shards: int) -> None:
    """Make every later connection to this database see the virtual time; leave it that many shards."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(INSTALL)
    await connection.execute("DELETE FROM shard WHERE id >= $1", shards)
    await connection.close()


class VirtualTime:
    """One time for all; a clock that is frozen stays behind until it is thawed."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._start = datetime.now(UTC).replace(microsecond=0)
        self._clocks: dict[str, ManualClock] = {}
        self.elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed)

    async def begin(self) -> None:
        await self._pool.execute(MOVE, self._start)

    def clock(self, name: str) -> ManualClock:
        """A clock of its own for one process, until it is `forgotten`."""
        clock = self._clocks[name] = ManualClock(self._start)
        clock.move(self.elapsed)
        return clock

    def forget(self, name: str) -> None:
        self._clocks.pop(name, None)

    def next_wake(self, names: Iterable[str]) -> float | None:
        """How many seconds from now the first sleeper of these processes is woken."""
        wakes = (moment for name in names for moment in self._clocks[name].wakes_at)
        first = min(wakes, default=None)
        return None if first is None else max(0.0, first - self._offset)

    async def move(self, seconds: float, names: Iterable[str]) -> None:
        """The database first: whoever wakes finds the same time there."""
        self.elapsed += seconds
        await self._pool.execute(MOVE, self.now())
        for name in names:
            self.catch_up(name)

    def catch_up(self, name: str) -> None:
        clock = self._clocks[name]
        clock.move(self._offset - clock.elapsed())

    @property
    def _offset(self) -> float:
        return ManualClock.ORIGIN + self.elapsed
