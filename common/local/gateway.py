"""The HTTP API of a local stack, as an integrator uses it."""

from dataclasses import dataclass
from typing import Any

from common.local.http import request


class Refused(Exception):
    """The gateway answered with an error."""


@dataclass(frozen=True, slots=True)
class Instance:
    id: str
    token: str


class Gateway:
    """Methods raise Unreachable when nobody answers."""

    def __init__(self, base_url: str, client_token: str, partner_token: str) -> None:
        self._base_url = base_url
        self._client = {"Client-Token": client_token}
        self._partner = {"Authorization": f"Bearer {partner_token}"}

    def create(self, name: str) -> Instance:
        """A new instance, subscribed, so that it outlives its days of trial. Raises Refused."""
        made = self._succeed("POST", f"{self._base_url}/instances/integrator/on-demand", {"name": name}, self._partner)
        instance = Instance(made["id"], made["token"])
        self._succeed("POST", self.url(instance, "integrator/on-demand/subscription"), {}, self._partner)
        return instance

    def exists(self, instance: Instance) -> bool:
        return request("GET", self.url(instance, "status"), headers=self._client)[0] == 200

    def is_connected(self, instance: Instance) -> bool:
        status, state = request("GET", self.url(instance, "status"), headers=self._client)
        return status == 200 and state.get("connected") is True

    def qr_code(self, instance: Instance) -> str | None:
        """The code to scan now; None while there is none, or when there is no need for one."""
        status, answer = request("GET", self.url(instance, "qr-code"), headers=self._client, timeout=30.0)
        value = answer.get("value")
        return value if status == 200 and isinstance(value, str) else None

    def send_text(self, instance: Instance, phone: str, message: str) -> dict[str, Any]:
        """The ids that the message got. Raises Refused."""
        body = {"phone": phone, "message": message}
        return self._succeed("POST", self.url(instance, "send-text"), body, self._client)

    def nodes(self) -> dict[str, Any]:
        """The sender nodes, as the partner sees them. Raises Refused."""
        return self._succeed("GET", f"{self._base_url}/nodes", None, self._partner)

    def drain(self, node: str, *, value: bool) -> None:
        """Let a node hand everything on, or (false) take part again. Raises Refused."""
        self._succeed("PUT", f"{self._base_url}/nodes/drain", {"node": node, "value": value}, self._partner)

    def url(self, instance: Instance, route: str) -> str:
        return f"{self._base_url}/instances/{instance.id}/token/{instance.token}/{route}"

    def _succeed(self, method: str, url: str, body: dict[str, Any] | None, headers: dict[str, str]) -> dict[str, Any]:
        status, answer = request(method, url, body, headers)
        if status >= 300:
            raise Refused(f"{method} {url.removeprefix(self._base_url)} was answered with {status} {answer}")
        return answer
