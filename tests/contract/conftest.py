"""One frontend for a whole table of the contract."""

from collections.abc import AsyncIterator, Iterator

import pytest

from common.local.valkey import Valkey
from common.postgres import Pool, open_pool
from tests.databases import Databases
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.web_server import WebServer, answer, web_server


@pytest.fixture(scope="module")
def table_dsn(databases: Databases) -> Iterator[str]:
    dsn = databases.create()
    yield dsn
    databases.drop(dsn)


@pytest.fixture(scope="module")
async def table_pool(table_dsn: str, anyio_backend: str) -> AsyncIterator[Pool]:
    pool = await open_pool(table_dsn, 2, "test")
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
async def files(anyio_backend: str) -> AsyncIterator[WebServer]:
    """Where the files are that are fetched before the answer."""
    film, sound = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"ID3\3\0\0\0\0\0\0"
    async with web_server({"/it.mp4": answer(film), "/it.ogg": answer(sound)}) as served:
        yield served


@pytest.fixture(scope="module")
async def integrator(table_dsn: str, table_pool: Pool, valkey: Valkey, anyio_backend: str) -> AsyncIterator[Caller]:
    """Somebody with one connected instance."""
    async with gateway_on(
        settings_for(table_dsn, valkey.url(), auth_cache_ttl=60, outbound_allowed_networks="127.0.0.1/32")
    ) as gateway:
        yield await gateway.create(table_pool)
