"""The pool: how long its callers wait."""

import asyncio
from contextlib import suppress

import pytest

from common.local.postgres import Postgres
from common.postgres import OUTAGES, Pool, open_pool
from tests.hanging import stopped
from tests.waiting import eventually, within

pytestmark = pytest.mark.anyio

PATIENCE = 0.4
SECONDS = 20.0  # far above what is expected, for a busy machine, and far below the thirty that it was once


async def test_a_server_that_hangs_is_told_to_everybody_soon_and_comes_back(own_postgres: Postgres) -> None:
    with own_postgres.running() as process:
        pool = await open_pool(own_postgres.dsn(), 2, "test", patience=PATIENCE)
        with stopped(process), within(SECONDS):
            answers = await asyncio.gather(*(pool.fetchval("SELECT 1") for _ in range(30)), return_exceptions=True)
        assert all(isinstance(answer, OUTAGES) for answer in answers)
        assert await eventually(lambda: is_answered(pool))
        await pool.close()


async def is_answered(pool: Pool) -> bool:
    """A busy machine may take longer than this pool waits, but not every time."""
    with suppress(*OUTAGES):
        return bool(await pool.fetchval("SELECT 1"))
    return False


async def test_who_waits_for_a_busy_connection_waits_no_longer_than_that(database: str) -> None:
    pool = await open_pool(database, 1, "test", patience=PATIENCE)
    async with pool.acquire():
        with within(SECONDS), pytest.raises(TimeoutError):
            await pool.fetchval("SELECT 1")
    assert await eventually(lambda: is_answered(pool))
    await pool.close()


async def test_a_call_may_ask_for_more_patience(database: str) -> None:
    pool = await open_pool(database, 1, "test", patience=PATIENCE)
    with pytest.raises(TimeoutError):
        await pool.fetchval("SELECT pg_sleep(2)")
    assert await pool.fetchval("SELECT 1 FROM pg_sleep(0.6)", timeout=60) == 1
    await pool.close()


async def test_the_server_ends_a_statement_that_takes_too_long(database: str) -> None:
    pool = await open_pool(database, 1, "test", statement_timeout=0.2, patience=60)
    with pytest.raises(OUTAGES):
        await pool.fetchval("SELECT pg_sleep(5)")
    await pool.close()


async def test_a_transaction_that_was_left_open_ends_when_its_connection_is_given_back(database: str) -> None:
    pool = await open_pool(database, 1, "test")
    async with pool.acquire() as connection:
        await connection.execute("CREATE TABLE left_open ()")
        await connection.execute("BEGIN")
        await connection.execute("DROP TABLE left_open")
    assert await pool.fetchval("SELECT to_regclass('left_open') IS NOT NULL")
    assert await pool.fetchval("SELECT pg_current_xact_id_if_assigned() IS NULL")
    await pool.execute("DROP TABLE left_open")
    await pool.close()
