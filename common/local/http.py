"""Small JSON requests to programs of the local stack."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

# Never through a proxy that the environment names: these addresses mean this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Unreachable(Exception):
    """Nobody answered at that address."""


def request(
    method: str,
    url: str,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer, whatever the status; a body that is no JSON object counts as empty.

    Raises Unreachable when no answer came, or only a part of one.
    """
    content = None if body is None else json.dumps(body).encode()
    kind = {} if body is None else {"Content-Type": "application/json"}
    asked = urllib.request.Request(url, content, {**kind, **(headers or {})}, method=method)
    try:
        with _opener.open(asked, timeout=timeout) as answer:
            return answer.status, _object(answer.read())
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, _object(answer.read())
    except (OSError, http.client.HTTPException) as problem:
        raise Unreachable(f"{method} {url}: {problem}") from problem


def answers(url: str) -> bool:
    """Whether a GET is answered with a success."""
    try:
        return request("GET", url, timeout=5.0)[0] < 300
    except Unreachable:
        return False


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
