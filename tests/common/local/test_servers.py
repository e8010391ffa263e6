"""The embedded servers: what they keep, and who may enter."""

import signal
from pathlib import Path

import asyncpg
import pytest
import redis
from redis.exceptions import AuthenticationError

from common.local.postgres import Postgres, find_binaries
from common.local.processes import StartFailed, stop_all
from common.local.valkey import Valkey, find_binary

pytestmark = pytest.mark.anyio


async def query(dsn: str, statement: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_postgres_keeps_its_rows_over_an_orderly_restart(own_postgres: Postgres) -> None:
    with own_postgres.running():
        await query(own_postgres.dsn(), "CREATE TABLE kept AS SELECT 7 AS number")

    with own_postgres.running():
        assert await query(own_postgres.dsn(), "SELECT number FROM kept") == 7


async def test_postgres_keeps_committed_rows_when_it_is_killed(own_postgres: Postgres) -> None:
    process = own_postgres.start()
    await query(own_postgres.dsn(), "CREATE TABLE kept AS SELECT 7 AS number")
    stop_all([process], signal.SIGKILL, 10.0)

    with own_postgres.running():
        assert await query(own_postgres.dsn(), "SELECT number FROM kept") == 7


async def test_postgres_with_a_password_refuses_those_without_it(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "closed", password="p@ss:/word")
    with server.running():
        assert await query(server.dsn(), "SELECT 1") == 1
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(f"postgresql://pombo:wrong@127.0.0.1:{server.port}/postgres", "SELECT 1")


async def test_postgres_opens_no_folder_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "data")
    with server.running():
        assert await query(server.dsn(), "SELECT 1") == 1

    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_postgres_that_is_configured_wrongly_says_so(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "bad", settings={"shared_buffers": "plenty"})

    with pytest.raises(StartFailed, match="shared_buffers"):
        server.start()


def test_a_given_folder_of_binaries_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).touch()
    monkeypatch.setenv("PG_BIN", str(tmp_path))

    assert find_binaries() == tmp_path


def test_a_given_folder_without_binaries_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))

    assert find_binaries() != tmp_path


def test_a_durable_valkey_keeps_its_streams_over_a_restart(own_valkey: Valkey) -> None:
    with own_valkey.running(), redis.Redis.from_url(own_valkey.url()) as client:
        client.xadd("stream", {"id": "7"})

    with own_valkey.running(), redis.Redis.from_url(own_valkey.url()) as client:
        assert client.xlen("stream") == 1


def test_a_valkey_with_a_password_refuses_those_without_it(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "closed", password="secret")
    with server.running():
        with redis.Redis.from_url(server.url()) as client:
            assert client.ping()
        with redis.Redis.from_url(f"redis://127.0.0.1:{server.port}") as client, pytest.raises(AuthenticationError):
            client.ping()


def test_a_given_valkey_binary_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "redis-server").touch()
    monkeypatch.setenv("VALKEY_BIN", str(tmp_path / "redis-server"))

    assert find_binary() == tmp_path / "redis-server"
