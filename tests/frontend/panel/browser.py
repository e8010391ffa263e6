"""A browser without a screen: it keeps cookies, follows what it is sent to, and fills forms that a page holds."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from tests.frontend.gateway import PARTNER_TOKEN, Gateway

FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.S)
FIELD = re.compile(r"<(?:input|textarea)\b[^>]*>", re.S)


class Browser:
    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.page = ""
        self.status = 0
        self.path = ""

    async def go(self, path: str, **headers: str) -> str:
        """The page that is shown in the end."""
        return self._shown(await self.client.get(path, headers=headers))

    async def send(self, action: str, /, **values: str) -> str:
        """Fill the page's form with this action and send it; the page that is shown in the end."""
        fields = self._form(action) | values
        return self._shown(await self.client.post(action, data=fields))

    def _form(self, action: str) -> dict[str, str]:
        """The hidden fields of that form, as they are."""
        for form in FORM.findall(self.page):
            head = form[: form.index(">")]
            if f'action="{action}"' in head:
                fields = [dict(re.findall(r'([a-z]+)="([^"]*)"', field)) for field in FIELD.findall(form)]
                hidden = [field for field in fields if field.get("type") == "hidden"]
                return {field["name"]: html.unescape(field["value"]) for field in hidden}
        raise LookupError(f"the page has no form for {action}")

    def _shown(self, answer: httpx2.Response) -> str:
        self.page, self.status, self.path = answer.text, answer.status_code, answer.url.raw_path.decode()
        return self.page


@asynccontextmanager
async def visiting(gateway: Gateway, **headers: str) -> AsyncIterator[Browser]:
    """Somebody who is not logged in."""
    transport = gateway.client._transport
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://pombo.test", follow_redirects=True, timeout=30, headers=headers
    ) as client:
        yield Browser(client)


@asynccontextmanager
async def logged_in(gateway: Gateway, **headers: str) -> AsyncIterator[Browser]:
    async with visiting(gateway, **headers) as browser:
        await browser.go("/panel/login")
        await browser.send("/panel/login", token=PARTNER_TOKEN)
        assert browser.path == "/panel/instances", browser.page
        yield browser
