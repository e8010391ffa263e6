"""shard and node: who owns which instances, and the fence that every write of an owner passes."""

from dataclasses import dataclass
from datetime import datetime

from common.postgres import Connection, Pool

# Whoever locks several shards locks them in the order of their ids. An UPDATE alone would take them in the order of
# the heap, and then a renewal and a fenced batch, each holding what the other wants, end in a deadlock.

# Every claim raises the epoch. A shard can be claimed when its owner's time in Postgres is over, whoever holds what in
# Redis; the claimer must hold the Redis lease as well before it acts.
CLAIM = """
    WITH free AS (
        SELECT id
        FROM shard
        WHERE id = ANY($1::integer[]) AND (lease_until IS NULL OR lease_until <= now() OR node = $2)
        ORDER BY id
        FOR NO KEY UPDATE
    )
    UPDATE shard
    SET epoch = epoch + 1, node = $2, lease_until = now() + $3::interval
    FROM free
    WHERE shard.id = free.id
    RETURNING shard.id, epoch"""

_OURS = """
    WITH ours AS (
        SELECT shard.id
        FROM unnest($1::integer[], $2::bigint[]) AS held (id, epoch)
        JOIN shard ON shard.id = held.id AND shard.epoch = held.epoch AND shard.node = $3
        ORDER BY shard.id
        FOR NO KEY UPDATE OF shard
    )"""

RENEW = f"""
    {_OURS}
    UPDATE shard
    SET lease_until = now() + $4::interval
    FROM ours
    WHERE shard.id = ours.id
    RETURNING shard.id"""

RELEASE = f"""
    {_OURS}
    UPDATE shard
    SET lease_until = NULL, node = NULL
    FROM ours
    WHERE shard.id = ours.id
    RETURNING shard.id"""

LIST = """
    SELECT id, epoch, node, lease_until, lease_until IS NULL OR lease_until <= now() AS is_free
    FROM shard
    ORDER BY id"""

COUNT = """
    SELECT count(*) FROM shard"""

IS_OWNED = """
    SELECT EXISTS (SELECT FROM shard WHERE id = $1 AND lease_until > now())"""

# FOR SHARE: a plain join could still see the old epoch while a takeover commits. One lock per shard and statement.
FENCE = """
    SELECT shard.id, shard.epoch
    FROM unnest($1::integer[], $2::bigint[]) AS held (id, epoch)
    JOIN shard ON shard.id = held.id AND shard.epoch = held.epoch
    ORDER BY shard.id
    FOR SHARE OF shard"""

UPSERT_NODE = """
    INSERT INTO node (id, version, address, capacity, sessions)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id) DO UPDATE
    SET version = excluded.version, address = excluded.address, capacity = excluded.capacity,
        sessions = excluded.sessions, seen_at = now()"""

REMOVE_NODE = """
    DELETE FROM node WHERE id = $1"""

FORGET_DEAD_NODES = """
    DELETE FROM node WHERE seen_at < now() - interval '1 hour'"""


@dataclass(frozen=True, slots=True)
class Shard:
    id: int
    epoch: int
    node: str | None
    lease_until: datetime | None
    is_free: bool


async def list_shards_of(pool: Pool) -> list[Shard]:
    return [Shard(*row) for row in await pool.fetch(LIST)]


async def fenced(connection: Connection, held: dict[int, int]) -> set[int]:
    """Inside a transaction: lock these shards at these epochs; the ones that are still ours."""
    rows = await connection.fetch(FENCE, list(held), list(held.values()))
    return {row[0] for row in rows}


async def count(connection: Connection) -> int:
    return int(await connection.fetchval(COUNT))
