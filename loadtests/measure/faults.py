"""Faults: what is done to a cluster under load. Each leaves it whole again, with two frontends and two senders."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from random import Random

import asyncpg
import psutil
from redis.asyncio import Redis

from loadtests.measure.cluster import TTL, Cluster, Engine, Server

ASIDE = 3600.0  # seconds by which a clock is stepped

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


async def lose_replies_of_redis(cluster: Cluster, chance: Random) -> None:
    """Requests arrive and their replies do not: what was asked has happened, and nobody was told."""
    await _lose_replies(cluster, chance, "valkey")


async def lose_replies_of_postgres(cluster: Cluster, chance: Random) -> None:
    """Commits hold and nobody is told."""
    await _lose_replies(cluster, chance, "postgres")


async def _lose_replies(cluster: Cluster, chance: Random, server: Server) -> None:
    for name in (chance.choice(cluster.running("sender")), chance.choice(cluster.running("frontend"))) * 2:
        link = cluster.link(name, server)
        link.lose_replies()
        await asyncio.sleep(chance.uniform(0.3, 0.8))
        link.mend()


async def part_from_redis(cluster: Cluster, chance: Random) -> None:
    """One sender and Redis do not hear each other, for longer than a lease lives; everybody else does."""
    await _part(cluster, chance, "valkey")


async def part_from_postgres(cluster: Cluster, chance: Random) -> None:
    await _part(cluster, chance, "postgres")


async def part_from_whatsapp(cluster: Cluster, chance: Random) -> None:
    await _part(cluster, chance, "whatsapp")


async def _part(cluster: Cluster, chance: Random, server: Server) -> None:
    link = cluster.link(chance.choice(cluster.running("sender")), server)
    link.part()
    await asyncio.sleep(TTL + 2)
    link.mend()
    await asyncio.sleep(1)


async def step_clocks(cluster: Cluster, chance: Random) -> None:
    """One sender's clock goes an hour ahead and another's an hour back, and a frontend's follows; then a hand-over
    between senders whose clocks disagree; then all are right again."""
    ahead, back = cluster.running("sender")[:2]
    cluster.skew(ahead, ASIDE)
    cluster.skew(back, -ASIDE)
    cluster.skew(chance.choice(cluster.running("frontend")), chance.choice((ASIDE, -ASIDE)))
    await asyncio.sleep(2)
    await cluster.end(ahead)
    await cluster.start(ahead)
    await asyncio.sleep(1)
    for name in (*cluster.running("sender"), *cluster.running("frontend")):
        cluster.skew(name, 0)
    await asyncio.sleep(1)


async def kill_host(cluster: Cluster, chance: Random) -> None:
    """kill -9, or the library's own abort, of one process that holds sessions; twice."""
    for number in (signal.SIGKILL, signal.SIGABRT):
        pid = cluster.processes[chance.choice(cluster.running("sender"))].pid
        hosts = [each for each in psutil.Process(pid).children() if "sender.host" in each.cmdline()]
        if hosts:
            chance.choice(hosts).send_signal(number)
        await asyncio.sleep(1.5)


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
    "replies of Valkey lost": lose_replies_of_redis,
    "replies of Postgres lost": lose_replies_of_postgres,
    "a sender parted from Valkey": part_from_redis,
    "a sender parted from Postgres": part_from_postgres,
    "clocks stepped by an hour": step_clocks,
    "rolling restart": rolling_restart,
    "senders 1 > 4 > 2": scale,
    "FLUSHALL and kill -9": everything_at_once,
}

OF_SESSIONS: dict[str, Fault] = {
    "kill -9 a session host": kill_host,
    "kill -9 a sender": kill_sender,
    "SIGSTOP a sender past its leases": suspend_sender,
    "a sender parted from WhatsApp": part_from_whatsapp,
    "a sender parted from Valkey": part_from_redis,
    "FLUSHALL": flush_redis,
    "rolling restart": rolling_restart,
    "senders 1 > 4 > 2": scale,
}
"""Those that real sessions meet on the WhatsApp emulator: each takes longer there, so not all."""


def of_engine(engine: Engine) -> dict[str, Fault]:
    return FAULTS if engine == "simulated" else OF_SESSIONS
