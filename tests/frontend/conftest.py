"""A frontend in this process, of a test's own or standing for all tests of a file."""

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from common.local.processes import free_port
from common.local.valkey import Valkey
from common.postgres import Pool, open_pool
from common.settings import FrontendSettings
from tests.databases import Databases
from tests.frontend.gateway import FILES, Caller, Gateway, gateway_on, settings_for


@pytest.fixture(scope="session", autouse=True)
def _no_files_left() -> Iterator[None]:
    yield
    shutil.rmtree(FILES, ignore_errors=True)


@pytest.fixture
def settings(database: str, redis_url: str) -> FrontendSettings:
    return settings_for(database, redis_url)


@pytest.fixture
async def gateway(settings: FrontendSettings, anyio_backend: str) -> AsyncIterator[Gateway]:
    async with gateway_on(settings) as gateway:
        yield gateway


@pytest.fixture
async def caller(gateway: Gateway, pool: Pool) -> Caller:
    """An instance that is linked and connected."""
    return await gateway.create(pool)


@pytest.fixture
async def unlinked(gateway: Gateway) -> Caller:
    """An instance that nobody has linked yet."""
    return await gateway.create()


@pytest.fixture
def unused_port() -> int:
    """A port of the loopback interface where nobody listens."""
    return free_port()


@dataclass(frozen=True, slots=True)
class Standing:
    """A frontend and a connected instance for all tests of a file: each of them finds what the earlier ones stored."""

    gateway: Gateway
    caller: Caller
    pool: Pool


@pytest.fixture(scope="module")
def standing_settings(databases: Databases, valkey: Valkey) -> Iterator[FrontendSettings]:
    """Settings on a database that stands as long; a file may change them in a fixture of this name."""
    dsn = databases.create()
    yield settings_for(dsn, valkey.url())
    databases.drop(dsn)


@pytest.fixture(scope="module")
async def standing(standing_settings: FrontendSettings, anyio_backend: str) -> AsyncIterator[Standing]:
    pool = await open_pool(standing_settings.postgres_dsn.get_secret_value(), 4, "test")
    async with gateway_on(standing_settings) as gateway:
        yield Standing(gateway, await gateway.create(pool), pool)
    await pool.close()
