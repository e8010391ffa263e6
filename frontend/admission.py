"""Admission: the list of addresses and the rates. An installation with neither asks nothing of a request."""

from collections.abc import Mapping
from typing import Any

from frontend.callers import Callers
from frontend.rates import Rates


class Admission:
    """`is_open`: there is nothing to check, so nobody needs to call."""

    def __init__(self, callers: Callers, rates: Rates | None = None) -> None:
        self._callers = callers
        self._rates = rates
        self.is_open = rates is None and not callers.has_list

    def address(self, client: Any, headers: Mapping[bytes, bytes]) -> str | None:
        return self._callers.address(client, headers)

    async def enter(self, client: Any, headers: Mapping[bytes, bytes]) -> None:
        """Before anything is looked up. Raises a Problem."""
        address = self._callers.address(client, headers)
        self._callers.check(address)
        if self._rates is not None:
            await self._rates.of_address(address)

    async def of_instance(self, instance: str) -> None:
        """Once it is known who calls. Raises a Problem."""
        if self._rates is not None:
            await self._rates.of_instance(instance)
