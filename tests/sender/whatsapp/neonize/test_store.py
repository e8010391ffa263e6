from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from sender.whatsapp.neonize.store import Store

pytestmark = pytest.mark.anyio

DEVICE = "5511900000001:1@s.whatsapp.net"


@pytest.fixture
async def store(database: str, anyio_backend: str) -> AsyncIterator[Store]:
    store = await Store(f"{database}_whatsapp").open()
    yield store
    await store.close()


async def test_the_database_is_made_when_it_is_missing(store: Store, database: str) -> None:
    connection = await asyncpg.connect(f"{database}_whatsapp")
    await connection.close()
    again = await Store(f"{database}_whatsapp").open()
    await again.close()


async def test_a_device_is_found_by_its_exact_address_only(store: Store, database: str) -> None:
    connection = await asyncpg.connect(f"{database}_whatsapp")
    await connection.execute("CREATE TABLE whatsmeow_device (jid text, lid text, push_name text, platform text)")
    await connection.execute("INSERT INTO whatsmeow_device VALUES ($1, NULL, 'Ana', '')", DEVICE)
    await connection.close()
    found = await store.find(DEVICE)
    assert found is not None
    assert (found.jid, found.lid, found.name, found.platform) == (DEVICE, None, "Ana", None)
    assert await store.find("5511900000001@s.whatsapp.net") is None


async def test_one_node_at_a_time_makes_tables(store: Store, database: str) -> None:
    lock = await store.schema_lock()
    other = await asyncpg.connect(f"{database}_whatsapp")
    free = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    assert await other.fetchval(free) == 1
    await lock.close()
    second = await store.schema_lock()
    await second.close()
    await other.close()


def test_the_library_is_given_a_url_that_lets_idle_connections_go() -> None:
    url = urlsplit(Store("postgresql://u:p@127.0.0.1:5/x", 12).url)
    query = parse_qs(url.query)
    assert (url.scheme, url.hostname, url.path) == ("postgresql", "127.0.0.1", "/x")
    assert query["idle_session_timeout"] == ["12000"]
    assert query["sslmode"] == ["disable"]
    assert parse_qs(urlsplit(Store("postgres://db/x?sslmode=require").url).query)["sslmode"] == ["require"]


def test_what_is_no_url_would_become_a_file_and_is_refused() -> None:
    with pytest.raises(ValueError, match="Postgres URL"):
        _ = Store("host=127.0.0.1 dbname=x").url
