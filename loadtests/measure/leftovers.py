"""Leftovers: what the stores keep when a run is at rest. Nothing may grow with what has died or with what is done."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from common import keys
from loadtests.measure.report import table

PATIENCE = 100.0  # seconds: a dead node is forgotten after twenty lives of a lease

HISTORY = frozenset(
    {
        "message_history", "message_attempt", "message_dead_letter", "event", "event_attempt", "event_dead_letter",
        "event_message", "received_message", "idempotency", "number_account",
        "load_sample",
    }
)  # fmt: skip
"""What is kept for as long as the settings say, and then goes by itself."""

TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
      AND relname NOT LIKE 'audit\\_%' AND relname NOT LIKE 'whatsmeow\\_%' AND relname <> 'schema_migration'
    ORDER BY relname"""
COUNT = """
    SELECT count(*) FROM {}"""
HELD = """
    SELECT count(*)
    FROM message_queue
    JOIN instance ON instance.id = instance_id
    WHERE status = 'uncertain' AND uncertain_policy = 'hold'"""


@dataclass(frozen=True, slots=True)
class Alive:
    """How many of each are there now; whatever is bounded is bounded by these."""

    instances: int
    shards: int
    frontends: int
    senders: int
    chats: int = 0  # of one instance


@dataclass(frozen=True, slots=True)
class Kept:
    """`most`: what may be there. None: it goes by itself after a time of its own."""

    what: str
    found: int
    most: int | None

    @property
    def is_too_much(self) -> bool:
        return self.most is not None and self.found > self.most


async def settle(dsn: str, redis_url: str, alive: Alive, patience: float = PATIENCE) -> list[Kept]:
    """What is left once nothing is too much, or after all patience."""
    deadline = time.monotonic() + patience
    while True:
        found = await look(dsn, redis_url, alive)
        if not any(kept.is_too_much for kept in found) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(1)


async def look(dsn: str, redis_url: str, alive: Alive) -> list[Kept]:
    return [*await _rows(dsn, alive), *await _keys(redis_url, alive)]


def shown(found: Sequence[Kept]) -> str:
    head = ("left behind", "found", "may be")
    rows = [(kept.what, kept.found, "goes by itself" if kept.most is None else kept.most) for kept in found]
    return table(head, rows)


async def _rows(dsn: str, alive: Alive) -> list[Kept]:
    connection = await asyncpg.connect(dsn)
    try:
        bounds = {
            "shard": alive.shards,
            "node": alive.senders,
            "message_queue": await connection.fetchval(HELD),
            "chat": alive.instances * alive.chats,
            "event_outbox": 0,
            "event_inbox": 0,
        }
        names = [row[0] for row in await connection.fetch(TABLES)]
        found = {name: await connection.fetchval(COUNT.format(name)) for name in names}
    finally:
        await connection.close()
    # A table that nobody has thought of yet has a row for each instance at most.
    return [
        Kept(f"table {name}", count, None if name in HISTORY else bounds.get(name, alive.instances))
        for name, count in found.items()
        if count or name in bounds
    ]


async def _keys(url: str, alive: Alive) -> list[Kept]:
    redis: Redis = Redis.from_url(url, decode_responses=True)
    try:
        found = [key async for key in redis.scan_iter(count=1000)]
        kinds = Counter(key.partition(":")[0] for key in found)
        fleeting = [key for key in found if key.partition(":")[0] in ("ask", "answer", "node")]
        eternal = [key for key in fleeting if await redis.ttl(key) < 0]
        streams = [key for key in found if key.startswith("stream:")]
        endless = sum([await redis.ttl(key) < 0 for key in streams])
        entries = sum([await redis.xlen(key) for key in streams])
        readers = sum([len(await redis.xinfo_consumers(key, keys.GROUP)) for key in streams])
        pending = sum([(await redis.xpending(key, keys.GROUP))["pending"] for key in streams])
        rings = max([await redis.xlen(key) for key in found if key.startswith("bell:")], default=0)
    finally:
        await redis.aclose()
    return [
        Kept("keys lease", kinds["lease"], alive.shards),
        Kept("keys bell", kinds["bell"], alive.shards),
        Kept("longest bell", rings, keys.BELL_LENGTH + 200),
        Kept("keys stream", kinds["stream"], alive.instances),
        Kept("streams without an end", endless, 0),
        Kept("entries of streams", entries, None),
        Kept("read and not deleted", pending, 0),
        Kept("readers of streams", readers, len(streams)),
        Kept("ask, answer, node without an end", len(eternal), 0),
        Kept("other keys", sum(kinds.values()) - sum(kinds[kind] for kind in KINDS), 0),
    ]


KINDS = ("lease", "bell", "stream", "ask", "answer", "node")
