"""A frontend in this process for each test that wants one."""

from collections.abc import AsyncIterator

import pytest

from common.local.processes import free_port
from common.postgres import Pool
from common.settings import FrontendSettings
from tests.frontend.gateway import Caller, Gateway, gateway_on, settings_for


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
