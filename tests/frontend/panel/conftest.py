"""The panel as a browser meets it: a client that is logged in, and instances to look at."""

from collections.abc import AsyncIterator

import pytest

from tests.frontend.conftest import Standing
from tests.frontend.gateway import Caller
from tests.frontend.outcomes import Outcomes
from tests.frontend.panel.browser import Browser, logged_in


@pytest.fixture
async def browser(standing: Standing) -> AsyncIterator[Browser]:
    async with logged_in(standing.gateway) as browser:
        yield browser


@pytest.fixture
async def caller(standing: Standing, anyio_backend: str) -> Caller:
    """A connected instance of the test's own."""
    return await standing.gateway.create(standing.pool)


@pytest.fixture
def outcomes(standing: Standing) -> Outcomes:
    return Outcomes(standing.pool)
