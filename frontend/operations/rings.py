"""Rings: tell the owner of an instance that something about it changed. It may fail: the owner's sweep finds it too."""

from collections.abc import Sequence
from uuid import UUID

from redis.exceptions import RedisError

from common import logs
from frontend.services import Services

log = logs.get(__name__)


async def ring(services: Services, shard: int, instance: UUID, ids: Sequence[int] = ()) -> None:
    """`ids` are rows that were put into the instance's queue."""
    try:
        await services.doorbell.append({(shard, instance): ids})
    except (RedisError, OSError) as error:
        services.metrics.hints_lost.inc()
        log.warning("doorbell not reached", error=type(error).__name__)
