"""Redis: what its client has to be taught before the tasks that use it can be stopped."""

import asyncio
import sys
from collections.abc import Iterable

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import TimeoutError as RedisTimeout


def cancellable(client: Redis) -> Redis:
    """The same client, none of whose calls survives its task's cancellation. Use it before its first call.

    redis-py writes through `asyncio.wait_for`, which before Python 3.12 forgets a cancellation that comes together with
    the result. A loop that was told to stop then goes on, and whoever waits for its end waits for ever.
    """
    if sys.version_info < (3, 12):
        pool = client.connection_pool
        pool.connection_class = type("Connection", (_Cancellable, pool.connection_class), {})
    return client


class _Cancellable(AbstractConnection):
    """Bounds its writes itself. It belongs to one call at a time, so the limit may be lifted below."""

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        patience, self.socket_timeout = self.socket_timeout, None
        try:
            async with asyncio.timeout(patience):
                await super().send_packed_command(command, check_health)
        except TimeoutError:
            raise RedisTimeout("Timeout writing to socket") from None
        finally:
            self.socket_timeout = patience
