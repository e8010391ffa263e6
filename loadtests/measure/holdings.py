"""Holdings: what the processes and stores of a cluster hold at one moment."""

import asyncio

import asyncpg
import psutil
from redis.asyncio import Redis

from loadtests.measure.cluster import Cluster

# Partitions count for their parent.
TABLES = """
    SELECT coalesce(parent.relname, child.relname)::text AS name, sum(pg_total_relation_size(child.oid))::bigint,
           sum(coalesce(stat.n_dead_tup, 0))::bigint
    FROM pg_class AS child
    JOIN pg_stat_user_tables AS stat ON stat.relid = child.oid
    LEFT JOIN pg_inherits ON pg_inherits.inhrelid = child.oid
    LEFT JOIN pg_class AS parent ON parent.oid = pg_inherits.inhparent
    GROUP BY 1
    HAVING sum(pg_total_relation_size(child.oid)) > 1000000"""

CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"""

MEGABYTE = 1024 * 1024


class Holdings:
    def __init__(self, stack: Cluster) -> None:
        self._stack = stack

    async def look(self) -> dict[str, float]:
        """By name with its unit. A process that is gone is left out."""
        found = await asyncio.to_thread(self._processes)
        connection = await asyncpg.connect(self._stack.dsn)
        try:
            for name, size, dead in await connection.fetch(TABLES):
                found[f"table {name}, MB"] = size / MEGABYTE
                found[f"table {name}, dead rows"] = float(dead)
            found["Postgres, connections"] = float(await connection.fetchval(CONNECTIONS))
        finally:
            await connection.close()
        redis = Redis.from_url(self._stack.valkey.url())
        try:
            found["Redis, MB"] = (await redis.info("memory"))["used_memory"] / MEGABYTE
            found["Redis, keys"] = float(await redis.dbsize())
        finally:
            await redis.aclose()
        return found

    def _processes(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, process in self._stack.processes.items():
            try:
                seen = psutil.Process(process.pid)
                found[f"{name}, MB"] = seen.memory_info().rss / MEGABYTE
                found[f"{name}, file descriptors"] = float(seen.num_fds())
            except psutil.NoSuchProcess:
                continue
        return found
