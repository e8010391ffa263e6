"""Authentication: who may call. Instance id and token, the Client-Token, the partner's and the operator's token."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
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
    """The secrets of this installation. Without a partner token every partner route answers 401.

    The former ones are good as well, while callers change over. Without an admin token the partner's opens its routes.
    """

    client: bytes
    partner: bytes | None
    former_client: bytes | None = None
    former_partner: bytes | None = None
    admin: bytes | None = None


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

    def __init__(self, instances: Instances, tokens: Tokens, clock: Clock) -> None:
        self._instances = instances
        self._tokens = tokens
        self._clock = clock

    async def instance(self, name: str, token: str, now: float) -> Access:
        """The instance that id and token name. The problem is the same whichever of them is wrong."""
        access = await self._instances.get(name, now)
        hashed = hashlib.sha256(token.encode()).digest()
        if hmac.compare_digest(hashed, _NO_HASH if access is None else access.token_hash) and access is not None:
            return access
        former = None if access is None else access.former_token_hash
        if access is None or former is None or not hmac.compare_digest(hashed, former):
            raise problems.unauthorized()
        return access

    def client(self, access: Access, headers: Headers) -> None:
        """The Client-Token, and that the instance has not run out."""
        received = headers.get(b"client-token")
        if received is None or not hmac.compare_digest(received, self._tokens.client):
            former = self._tokens.former_client
            if received is None or former is None or not hmac.compare_digest(received, former):
                raise problems.not_allowed(received)
        if access.due is not None and access.due <= self._clock.now():
            kind = "subscription" if access.is_subscribed else "trial"
            raise problems.Problem(403, f"the {kind} of this instance has ended; subscribe it to go on")

    def partner(self, headers: Headers) -> None:
        self._bearer(headers, self._tokens.partner, self._tokens.former_partner)

    def admin(self, headers: Headers) -> None:
        if self._tokens.admin is None:
            self.partner(headers)
        else:
            self._bearer(headers, self._tokens.admin)

    def _bearer(self, headers: Headers, *expected: bytes | None) -> None:
        scheme, _, received = headers.get(b"authorization", b"").partition(b" ")
        token = received.strip()
        # All of them are compared: how long it takes says nothing about which one is near.
        found = [each is not None and hmac.compare_digest(token, each) for each in expected]
        if scheme.lower() != b"bearer" or not any(found):
            raise problems.partner_unauthorized()
