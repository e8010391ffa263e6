"""Logins: how often an address may try the partner token within a time."""

from collections import OrderedDict
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common import keys, logs
from common.clock import Clock

log = logs.get(__name__)

MOST_KNOWN = 10_000  # addresses that a frontend counts by itself


class Logins:
    """Counted in Redis for all frontends, and here as well: without Redis the limit holds for each frontend."""

    def __init__(self, redis: Redis, clock: Clock, attempts: int, window: timedelta) -> None:
        self._redis = redis
        self._clock = clock
        self._attempts = attempts
        self._window = window.total_seconds()
        self._counted: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def may_try(self, address: str) -> bool:
        """Counts one attempt."""
        name = _network_of(address)
        count = self._count(name)
        try:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.set(keys.logins(name), 0, ex=int(self._window), nx=True)
            pipeline.incr(keys.logins(name))
            _, shared = await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("logins not counted for all frontends", error=type(error).__name__)
            shared = 0
        return max(count, int(shared)) <= self._attempts

    async def succeeded(self, address: str) -> None:
        """Forget what was counted: whoever knows the token may mistype it again."""
        name = _network_of(address)
        self._counted.pop(name, None)
        try:
            await self._redis.delete(keys.logins(name))
        except (RedisError, OSError) as error:
            log.warning("logins not forgotten", error=type(error).__name__)

    def _count(self, name: str) -> int:
        now = self._clock.elapsed()
        count, until = self._counted.pop(name, (0, now + self._window))
        if until <= now:
            count, until = 0, now + self._window
        self._counted[name] = (count + 1, until)
        if len(self._counted) > MOST_KNOWN:
            self._counted.popitem(last=False)
        return count + 1


def _network_of(address: str) -> str:
    """Who has one IPv6 address has a whole /64 of them."""
    try:
        known = ip_address(address)
    except ValueError:
        return "unknown"
    return known.exploded[:19] if isinstance(known, IPv6Address) else str(known)
