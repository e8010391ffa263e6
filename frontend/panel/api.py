"""The API as the panel uses it: in this process, through the same door as everybody else.

So whatever the panel does is checked, refused, counted, audited and told to the owners as it is for integrators.
"""

from typing import Any
from urllib.parse import quote

import orjson

from common.tables.instance import Instance
from common.vault import Unreadable, Vault
from frontend.authentication import Tokens
from frontend.bodies import Message
from frontend.dispatch import Dispatch
from frontend.panel.visit import Visit
from frontend.problems import Problem


class Api:
    def __init__(self, dispatch: Dispatch, vault: Vault, tokens: Tokens) -> None:
        self._dispatch = dispatch
        self._vault = vault
        self._client = [(b"client-token", tokens.client)]
        self._partner = [(b"authorization", b"Bearer " + (tokens.partner or b""))]

    async def call(
        self, visit: Visit, instance: Instance, method: str, route: str, body: object = None
    ) -> dict[str, Any]:
        """The answer of a route below an instance. Raises its Problem."""
        return await self._request(visit, self._client, method, self._below(instance, route), body)

    async def call_as_partner(
        self, visit: Visit, method: str, route: str, body: object = None, instance: Instance | None = None
    ) -> dict[str, Any]:
        """The same of a partner's route, which may be below an instance."""
        path = route if instance is None else self._below(instance, route)
        return await self._request(visit, self._partner, method, path, body)

    def token_of(self, instance: Instance) -> str:
        """Empty when it cannot be read."""
        return self._vault.show(instance.id, instance.token_cipher)

    def _below(self, instance: Instance, route: str) -> str:
        try:
            token = self._vault.open(instance.id, instance.token_cipher)
        except Unreadable as error:
            raise Problem(409, str(error)) from None
        return f"/instances/{instance.id.hex.upper()}/token/{token}/{route}"

    async def _request(
        self, visit: Visit, credentials: list[tuple[bytes, bytes]], method: str, path: str, body: object
    ) -> dict[str, Any]:
        content = b"" if body is None else orjson.dumps(body)
        headers = [*credentials, (b"content-length", str(len(content)).encode())]
        if body is not None:
            headers.append((b"content-type", b"application/json"))
        scope: Message = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": b"",
            "headers": headers,
            "client": None if visit.address is None else (visit.address, 0),
        }
        answered: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            answered.append(message)

        await self._dispatch(scope, receive, send)
        status, answer = answered[0]["status"], _read(answered[1]["body"])
        if status >= 300:
            raise Problem(status, str(answer.get("error", status)))
        return answer


def _read(body: bytes) -> dict[str, Any]:
    """Some routes answer in plain text."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
