"""All tests of a file share one frontend; each has an instance of its own."""

import pytest

from common.postgres import Pool
from tests.frontend.conftest import Standing
from tests.frontend.gateway import Caller, Gateway
from tests.frontend.outcomes import Outcomes


@pytest.fixture
def gateway(standing: Standing) -> Gateway:
    return standing.gateway


@pytest.fixture
def pool(standing: Standing) -> Pool:
    return standing.pool


@pytest.fixture
async def caller(standing: Standing, anyio_backend: str) -> Caller:
    return await standing.gateway.create(standing.pool)


@pytest.fixture
def outcomes(standing: Standing) -> Outcomes:
    return Outcomes(standing.pool)
