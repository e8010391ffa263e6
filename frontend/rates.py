"""Rates: how many requests an instance, or an address, may make in a time. Counted in Redis, for all frontends."""

from dataclasses import dataclass
from importlib import resources

from redis.asyncio import Redis
from redis.exceptions import RedisError

from common import keys, logs
from common.settings import Rate
from frontend.problems import Problem

_TAKE = resources.files("common").joinpath("scripts/rate.lua").read_text(encoding="utf-8")

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """None: no limit."""

    instance: Rate | None = None
    address: Rate | None = None


class Rates:
    """Without Redis everybody is let through: a limit protects from load, it guards no secret."""

    def __init__(self, redis: Redis, limits: RateLimits) -> None:
        self._take = redis.register_script(_TAKE)
        self._limits = limits

    async def of_address(self, address: str | None) -> None:
        """Before anything is looked up. Raises a Problem."""
        if self._limits.address is not None and address is not None:
            await self._check(keys.rate("address", address), self._limits.address)

    async def of_instance(self, instance: str) -> None:
        """Raises a Problem."""
        if self._limits.instance is not None:
            await self._check(keys.rate("instance", instance), self._limits.instance)

    async def _check(self, key: str, rate: Rate) -> None:
        try:
            wait = int(await self._take(keys=[key], args=[rate.amount, int(rate.span.total_seconds() * 1000)]))
        except (RedisError, OSError) as error:
            log.warning("rates not counted", error=type(error).__name__)
            return
        if wait:
            seconds = str(max(1, -(-wait // 1000))).encode()
            raise Problem(429, "too many requests; slow down", ((b"retry-after", seconds),))
