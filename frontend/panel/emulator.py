"""The emulator's control API, for the virtual phone. Its address is the operator's own, so no guard is in between."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from frontend.problems import Problem

PATIENCE = aiohttp.ClientTimeout(total=30.0)
MOST_PHONES = 200


class Emulator:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = f"{url.rstrip('/')}/control"

    async def accounts(self) -> list[dict[str, Any]]:
        answer = await self._ask("GET", "accounts")
        return list(answer["accounts"])[:MOST_PHONES]

    async def add(self, phone: str, name: str, script: str) -> None:
        await self._ask("POST", "accounts", {"phone": phone, "name": name or phone, "script": script})

    async def scan(self, phone: str, code: str) -> None:
        """Returns when the device is linked."""
        await self._ask("POST", "scan", {"phone": phone, "qr": code})

    async def messages(self, phone: str) -> list[dict[str, Any]]:
        """What this phone received, in the order of arrival."""
        answer = await self._ask("GET", f"contacts/{quote(phone, safe='')}/messages")
        return list(answer["messages"])

    async def write(self, phone: str, to: str, text: str) -> None:
        await self._ask("POST", f"contacts/{quote(phone, safe='')}/send", {"to": to, "text": text})

    async def read(self, phone: str, message: str) -> None:
        await self._ask("POST", f"contacts/{quote(phone, safe='')}/mark", {"id": message, "kind": "read"})

    async def _ask(self, method: str, route: str, body: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Raises a Problem with the emulator's own words."""
        try:
            async with self._session.request(
                method, f"{self._url}/{route}", json=body, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Problem(503, "The emulator cannot be reached now.") from error
        if answer.status >= 300 or not isinstance(told, dict):
            text = told.get("error") if isinstance(told, dict) else None
            raise Problem(answer.status if 400 <= answer.status < 500 else 502, str(text or "the emulator refused"))
        return told
