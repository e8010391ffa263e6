"""A stack with an emulated WhatsApp, and a Chromium that looks at its panel. Where there is no Chromium, a reason."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Page, find_chromium, open_page
from tests.system.pombo import pombo, up

SETTINGS = {
    "WEBHOOK_HTTP_HOSTS": "127.0.0.1",
    "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
    "EVENT_RETRY_DELAYS": "0s,100ms",
    "PANEL_INTERVAL": "200ms",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    if find_chromium() is None:
        pytest.skip("no Chromium is installed here (Debian: apt-get install chromium)")
    data = tmp_path_factory.mktemp("browser") / "data"
    yield up(data, whatsapp="emulated", **SETTINGS)
    pombo("down", "--data", str(data))


@pytest.fixture
async def page(stack: dict[str, Any], tmp_path: Path, anyio_backend: str) -> AsyncIterator[Page]:
    """A tab in which the operator has logged in."""
    async with open_page(tmp_path) as page:
        await page.go(f"{stack['base_url']}/panel/login")
        await page.fill("token", stack["partner_token"])
        await page.click("Log in")
        await page.says("Instances")
        yield page
        assert page.complaints == []
