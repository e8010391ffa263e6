"""Callers: from which address a request comes, also behind proxies, and whether that address may call."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from common.public_address import Network
from frontend import problems

Address = IPv4Address | IPv6Address


class Callers:
    """`proxies` are believed about whom they forward for; `allowed` is who may call, empty for everybody."""

    def __init__(self, allowed: Sequence[Network] = (), proxies: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._proxies = tuple(proxies)
        self.has_list = bool(allowed)

    def address(self, client: Any, headers: Mapping[bytes, bytes]) -> str | None:
        """The nearest address that is none of our proxies. What stands before it in the header anybody may have
        written."""
        nearest: str | None = client[0] if client else None
        if not self._proxies or (found := _parsed(nearest)) is None:
            return nearest
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        while forwarded and any(found in network for network in self._proxies):
            before = _parsed(forwarded.pop().strip())
            if before is None:
                break
            found = before
        return str(found)

    def check(self, address: str | None) -> None:
        """Raises a Problem for an address that is not listed, when there is a list."""
        if self._allowed:
            found = _parsed(address)
            if found is None or not any(found in network for network in self._allowed):
                raise problems.not_allowed(address)


def _parsed(text: str | None) -> Address | None:
    try:
        found = ip_address(text or "")
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found
