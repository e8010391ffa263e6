"""Faults: what is done to a cluster under load. Each leaves it whole again, with two frontends and two senders."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from random import Random

import asyncpg
from redis.asyncio import Redis

from loadtests.measure.cluster import TTL, Cluster

Fault = Callable[[Cluster, Random], Awaitable[None]]

END_BACKENDS = """
    SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < $1"""
LOCK_SHARDS = """
    SELECT FROM shard WHERE id % 2 = 0 ORDER BY id FOR UPDATE"""


async def kill_sender(cluster: Cluster, chance: Random) -> None:
    """kill -9, then nobody for longer than a lease lives, then a new process of that name."""
    name = chance.choice(cluster.running("sender"))
    await cluster.end(name, "kill")
    await asyncio.sleep(TTL + 1)
    await cluster.start(name)


async def kill_frontend(cluster: Cluster, chance: Random) -> None:
    name = chance.choice(cluster.running("frontend"))
    await cluster.end(name, "kill")
    await cluster.start(name)


async def suspend_sender(cluster: Cluster, chance: Random) -> None:
    """SIGSTOP for longer than a lease lives; then it wakes up and believes that no time has passed."""
    name = chance.choice(cluster.running("sender"))
    cluster.signal(name, "suspend")
    await asyncio.sleep(TTL + chance.uniform(1, 2))
    cluster.signal(name, "resume")
    await asyncio.sleep(1)


async def flush_redis(cluster: Cluster, chance: Random) -> None:
    client = Redis.from_url(cluster.valkey.url())
    for _ in range(3):
        await client.flushall()
        await asyncio.sleep(chance.uniform(0.1, 0.5))
    await client.aclose()


async def restart_redis(cluster: Cluster, chance: Random) -> None:
    await cluster.restart_store(cluster.valkey, "valkey")


async def pause_redis(cluster: Cluster, chance: Random) -> None:
    """It hangs for longer than a lease lives: neither answers nor refuses."""
    cluster.signal("valkey", "suspend")
    await asyncio.sleep(TTL + 1)
    cluster.signal("valkey", "resume")


async def restart_postgres(cluster: Cluster, chance: Random) -> None:
    await cluster.restart_store(cluster.postgres, "postgres")


async def end_backends(cluster: Cluster, chance: Random) -> None:
    """Connections of all programs end in the middle of what they do."""
    connection = await asyncpg.connect(cluster.dsn)
    for _ in range(3):
        await connection.execute(END_BACKENDS, 0.5)
        await asyncio.sleep(chance.uniform(0.1, 0.5))
    await connection.close()


async def idle_in_transaction(cluster: Cluster, chance: Random) -> None:
    """A stranger locks half of the shards and forgets about it: neither renewals nor fences get through."""
    connection = await asyncpg.connect(cluster.dsn)
    async with connection.transaction():
        await connection.execute(LOCK_SHARDS)
        await asyncio.sleep(TTL + 1)
    await connection.close()


async def rolling_restart(cluster: Cluster, chance: Random) -> None:
    """One sender after the other: stopped in order, started again."""
    for name in cluster.running("sender"):
        await cluster.end(name)
        await cluster.start(name)


async def scale(cluster: Cluster, chance: Random) -> None:
    """Down to one, up to four, down to two."""
    for senders in (1, 4, 2):
        await cluster.scale(senders)
        await asyncio.sleep(2)


async def everything_at_once(cluster: Cluster, chance: Random) -> None:
    """A sender is killed while Redis has just lost its memory."""
    name = chance.choice(cluster.running("sender"))
    client = Redis.from_url(cluster.valkey.url())
    await client.flushall()
    await client.aclose()
    cluster.processes[name].send(signal.SIGKILL)
    await cluster.end(name, "kill")
    await cluster.start(name)


FAULTS: dict[str, Fault] = {
    "kill -9 a sender": kill_sender,
    "kill -9 a frontend": kill_frontend,
    "SIGSTOP a sender past its leases": suspend_sender,
    "FLUSHALL": flush_redis,
    "restart Valkey": restart_redis,
    "hang Valkey": pause_redis,
    "restart Postgres": restart_postgres,
    "end backends": end_backends,
    "idle in transaction": idle_in_transaction,
    "rolling restart": rolling_restart,
    "senders 2 > 1 > 4 > 2": scale,
    "FLUSHALL and kill -9": everything_at_once,
}
