"""The frontend as an integrator meets it: settings, a client, and calls as a partner or with one instance's token."""

import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from pydantic import SecretStr

from common.clock import Clock
from common.postgres import Pool
from common.sentry import Reports
from common.settings import FrontendSettings
from frontend.app import open_app

CLIENT_TOKEN = "client-token-of-the-tests"
PARTNER_TOKEN = "partner-token-of-the-tests"
ENCRYPTION_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

FILES = Path(tempfile.gettempdir()) / f"pombo-files-of-tests-{os.getpid()}"
"""Where files go unless a test says otherwise; gone at the end of the run."""

LINK = """
    UPDATE instance
    SET device = '5511900000001:7@s.whatsapp.net', phone = '5511900000001', session_state = $2, version = version + 1
    WHERE id = $1"""


def settings_for(dsn: str, redis_url: str, **changes: Any) -> FrontendSettings:
    """Nothing is cached between requests unless a test asks for it."""
    values: dict[str, Any] = {
        "postgres_dsn": SecretStr(dsn),
        "redis_url": SecretStr(redis_url),
        "client_auth_token": SecretStr(CLIENT_TOKEN),
        "partner_auth_token": SecretStr(PARTNER_TOKEN),
        "token_encryption_key": SecretStr(ENCRYPTION_KEY),
        "auth_cache_ttl": 0,
        "ask_timeout": 5,
        "media_local_storage_path": str(FILES),
        **changes,
    }
    return FrontendSettings(**values)


class Caller:
    """An integrator with the id and token of one instance."""

    def __init__(self, client: httpx2.AsyncClient, id: str, token: str) -> None:
        self.client = client
        self.id = id
        self.token = token

    @property
    def uuid(self) -> UUID:
        return UUID(self.id)

    @property
    def base(self) -> str:
        return f"/instances/{self.id}/token/{self.token}"

    async def call(
        self, method: str, route: str, *, headers: Mapping[str, str] | None = None, **content: Any
    ) -> httpx2.Response:
        return await self.client.request(
            method, f"{self.base}/{route}", headers={"Client-Token": CLIENT_TOKEN, **(headers or {})}, **content
        )

    async def get(self, route: str, **content: Any) -> httpx2.Response:
        return await self.call("GET", route, **content)

    async def post(self, route: str, json: Any = None, **content: Any) -> httpx2.Response:
        return await self.call("POST", route, json={} if json is None else json, **content)

    async def delete(self, route: str, **content: Any) -> httpx2.Response:
        return await self.call("DELETE", route, **content)

    async def send_text(self, message: str = "hello", *, key: str | None = None, **fields: Any) -> httpx2.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.post("send-text", {"phone": "5511988887777", "message": message, **fields}, headers=headers)

    async def post_bytes(
        self, route: str, body: bytes, content_type: str = "application/json", **headers: str
    ) -> httpx2.Response:
        return await self.call("POST", route, content=body, headers={"Content-Type": content_type, **headers})

    def through(self, gateway: "Gateway") -> "Caller":
        """The same instance, called over another frontend."""
        return Caller(gateway.client, self.id, self.token)


class Gateway:
    """One frontend, called in this process."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def as_partner(self, method: str, path: str, **content: Any) -> httpx2.Response:
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {PARTNER_TOKEN}"}, **content)

    async def create(self, pool: Pool | None = None, *, state: str = "connected", **fields: Any) -> Caller:
        """A new instance; with a pool its phone is linked and its session in `state`."""
        answer = await self.as_partner("POST", "/instances/integrator/on-demand", json={"name": "Front desk", **fields})
        assert answer.status_code == 200, answer.text
        created = answer.json()
        caller = Caller(self.client, created["id"], created["token"])
        if pool is not None:
            await pool.execute(LINK, caller.uuid, state)
        return caller


@asynccontextmanager
async def gateway_on(
    settings: FrontendSettings, clock: Clock | None = None, reports: Reports | None = None
) -> AsyncIterator[Gateway]:
    async with open_app(settings, clock, reports) as app:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://pombo.test", timeout=30) as client:
            yield Gateway(client)
