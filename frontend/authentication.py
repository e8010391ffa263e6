"""Authentication: who may call. Instance id and token, the list of addresses, the Client-Token, the partner's token."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from uuid import UUID

from common.clock import Clock
from common.postgres import Pool
from common.tables import instance as table
from common.tables.instance import Access
from common.together import Together
from frontend import problems

Headers = dict[bytes, bytes]

_NO_HASH = bytes(32)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The two secrets of this installation. Without a partner token every partner route answers 401."""

    client: bytes
    partner: bytes | None


class Instances:
    """The instances that called lately, each kept for a moment, so that a busy one costs few queries.

    Those that are wanted at the same time are read by one query. `run` must be running.
    """

    def __init__(self, pool: Pool, lifetime: timedelta, size: int) -> None:
        self._lifetime = lifetime.total_seconds()
        self._size = size
        self._known: dict[str, tuple[Access, float]] = {}
        self._read: Together[UUID, Access] = Together(lambda ids: table.find_access(pool, ids))

    async def run(self) -> None:
        await self._read.run()

    async def get(self, name: str, now: float) -> Access | None:
        """The instance of this id, in any spelling, or None. `now` is the time of the request, in seconds.

        Raises an outage of `common.postgres.OUTAGES` when it has to be read and cannot be.
        """
        key = name.replace("-", "").lower()
        known = self._known.get(key)
        if known is not None and known[1] > now:
            return known[0]
        if len(name) not in (32, 36):
            return None
        try:
            instance = UUID(key)
        except ValueError:
            return None
        access = await self._read.get(instance)
        # Under its own spelling: what Python takes for the same id besides (spaces, braces) would never be forgotten.
        self.forget(instance)
        if access is not None:
            if len(self._known) >= self._size:
                del self._known[next(iter(self._known))]
            self._known[instance.hex] = (access, now + self._lifetime)
        return access

    def forget(self, id: UUID) -> None:
        self._known.pop(id.hex, None)


class Authentication:
    """Raises a Problem for whoever may not call. Secrets are compared in constant time."""

    def __init__(
        self, instances: Instances, tokens: Tokens, clock: Clock, networks: Sequence[IPv4Network | IPv6Network] = ()
    ) -> None:
        self._instances = instances
        self._tokens = tokens
        self._clock = clock
        self._networks = tuple(networks)

    async def instance(self, name: str, token: str, now: float) -> Access:
        """The instance that id and token name. The problem is the same whichever of them is wrong."""
        access = await self._instances.get(name, now)
        hashed = hashlib.sha256(token.encode()).digest()
        if not hmac.compare_digest(hashed, _NO_HASH if access is None else access.token_hash) or access is None:
            raise problems.unauthorized()
        return access

    def client(self, access: Access, headers: Headers, address: str | None) -> None:
        """The caller's address, the Client-Token, and that the instance has not run out."""
        if self._networks and not self._is_listed(address):
            raise problems.not_allowed(address)
        received = headers.get(b"client-token")
        if received is None or not hmac.compare_digest(received, self._tokens.client):
            raise problems.not_allowed(received)
        if access.due is not None and access.due <= self._clock.now():
            kind = "subscription" if access.is_subscribed else "trial"
            raise problems.Problem(403, f"the {kind} of this instance has ended; subscribe it to go on")

    def partner(self, headers: Headers) -> None:
        scheme, _, received = headers.get(b"authorization", b"").partition(b" ")
        expected = self._tokens.partner
        if expected is None or scheme.lower() != b"bearer" or not hmac.compare_digest(received.strip(), expected):
            raise problems.partner_unauthorized()

    def _is_listed(self, address: str | None) -> bool:
        try:
            caller = ip_address(address or "")
        except ValueError:
            return False
        return any(caller in network for network in self._networks)
