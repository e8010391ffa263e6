"""The doorbell: tell the owner of a shard, through Redis, where to look. A lost ring costs time, never a message."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from common import keys
from common.redis import taught

_APPEND = resources.files("common").joinpath("scripts/append.lua").read_text(encoding="utf-8")


def writer(url: str, timeout: float = 2.0) -> Redis:
    """A client that tries once. redis-py's own retries append again when only the reply was lost."""
    client: Redis = Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0), protocol=2
    )
    return taught(client)


class Doorbell:
    """Appends ids to the streams and rings. Raises what Redis raises: the caller decides that it does not matter."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(_APPEND)

    async def append(self, ids: Mapping[tuple[int, UUID], Sequence[int]]) -> None:
        """One call for a whole batch: message ids by (shard, instance), in order.

        On a Redis cluster the scripts' keys must share a slot: call once per shard there.
        """
        names: list[str] = []
        arguments: list[str | int] = [keys.BELL_LENGTH, keys.STREAM_SECONDS]
        for (shard, instance), numbers in ids.items():
            names.append(keys.stream(shard, instance))
            names.append(keys.bell(shard))
            arguments.append(instance.hex)
            arguments.append(len(numbers))
            arguments.extend(numbers)
        await self._append(keys=names, args=arguments)

    async def ring(self, shard: int, instances: Iterable[UUID]) -> None:
        """Say that something about these instances changed (created, settings, cancel, replay)."""
        await self.append({(shard, instance): () for instance in instances})

    async def call(self, nodes: Iterable[str]) -> None:
        """Wake these nodes: what they hold, or should hold, has changed."""
        pipeline = self._redis.pipeline(transaction=False)
        for node in nodes:
            pipeline.xadd(keys.node(node), {"c": ""}, maxlen=keys.CALLS)
            pipeline.expire(keys.node(node), keys.CALL_SECONDS)
        if len(pipeline):
            await pipeline.execute()
