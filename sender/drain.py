"""Drain: before this machine's node is told to stop, its shards go to the others one by one while everything goes on.

Run it as `python -m sender.drain` beside the node, with the same environment. It ends when the node holds nothing,
when nobody is there to take over, or after DRAIN_TIMEOUT; what is left then is handed over by the stop itself.
"""

import asyncio
from datetime import timedelta
from typing import Literal

from redis.exceptions import RedisError

from common import logs
from common.clock import Clock, SystemClock
from common.doorbell import Doorbell, writer
from common.postgres import OUTAGES, Pool, open_pool
from common.settings import SenderSettings
from common.tables import node as table
from common.tables.node import NodeInFull

log = logs.get(__name__)

LOOK = 0.5  # seconds between two looks at what the node still holds

Outcome = Literal["empty", "alone", "late"]


class Drain:
    def __init__(self, pool: Pool, doorbell: Doorbell, clock: Clock, lease: timedelta, patience: timedelta) -> None:
        """`lease`: a node that has said nothing for so long is not there."""
        self._pool = pool
        self._doorbell = doorbell
        self._clock = clock
        self._lease = lease
        self._patience = patience.total_seconds()

    async def run(self, name: str) -> Outcome:
        deadline = self._clock.elapsed() + self._patience
        marked = False
        while self._clock.elapsed() < deadline:
            try:
                nodes = (await table.read_overview(self._pool)).nodes
                if not any(each.shards for each in nodes if each.name == name):
                    return "empty"
                if not any(self._takes(each) for each in nodes if each.name != name):
                    return "alone"
                if not marked:
                    rows = await self._pool.fetch(table.DRAIN, name, True)
                    marked = True
                    await self._doorbell.call([row[0] for row in rows])
            except (RedisError, *OUTAGES) as error:
                log.warning("drain goes on without", error=type(error).__name__)
            await self._clock.sleep_until(min(deadline, self._clock.elapsed() + LOOK))
        return "late"

    def _takes(self, node: NodeInFull) -> bool:
        return not node.is_draining and node.seen_ago < self._lease


async def main() -> None:
    settings = SenderSettings()
    logs.configure(settings.log_level, "drain")
    pool = await open_pool(settings.postgres_dsn.get_secret_value(), 2, "pombo drain")
    redis = writer(settings.redis)
    try:
        drain = Drain(pool, Doorbell(redis), SystemClock(), settings.redis_lock_ttl, settings.drain_timeout)
        log.info("drained", node=settings.node_name, outcome=await drain.run(settings.node_name))
    finally:
        await redis.aclose()
        await pool.close()


if __name__ == "__main__":
    asyncio.run(main())
