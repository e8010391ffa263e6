"""The panel as a browser meets it: a client that is logged in, and instances to look at."""

from collections.abc import AsyncIterator

import pytest

from tests.frontend.conftest import Standing
from tests.frontend.panel.browser import Browser, logged_in


@pytest.fixture
async def browser(standing: Standing) -> AsyncIterator[Browser]:
    async with logged_in(standing.gateway) as browser:
        yield browser
