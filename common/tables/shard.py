"""shard: who owns which instances, and the fence that every write of an owner passes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.postgres import Connection, Pool

# Whoever locks several shards locks them in the order of their ids. An UPDATE alone would take them in the order of
# the heap, and then a renewal and a fenced batch, each holding what the other wants, end in a deadlock.

# Every claim raises the epoch. A shard can be claimed when its owner's time in Postgres is over, whoever holds what in
# Redis; the claimer must hold the Redis lease as well before it acts. A row that somebody has locked is left for the
# next round: a suspended owner may hold its fence, and the other shards must not wait for that.
CLAIM = """
    WITH free AS (
        SELECT id
        FROM shard
        WHERE id = ANY($1::integer[]) AND (lease_until IS NULL OR lease_until <= now() OR node = $2)
        ORDER BY id
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE shard
    SET epoch = epoch + 1, node = $2, lease_until = now() + $3::interval, claimed_at = now(), renewed_at = now(),
        handed_to = NULL
    FROM free
    WHERE shard.id = free.id
    RETURNING shard.id, shard.epoch"""

# One statement for the heartbeat and all leases.
RENEW = """
    WITH alive AS (
        INSERT INTO node (id, name, version, address, capacity, sessions, is_draining)
        VALUES ($3, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (id) DO UPDATE
        SET sessions = excluded.sessions, seen_at = now(), is_draining = node.is_draining OR excluded.is_draining
    ), ours AS (
        SELECT shard.id
        FROM unnest($1::integer[], $2::bigint[]) AS held (id, epoch)
        JOIN shard ON shard.id = held.id AND shard.epoch = held.epoch AND shard.node = $3
        ORDER BY shard.id
        FOR NO KEY UPDATE OF shard
    )
    UPDATE shard
    SET lease_until = now() + $4::interval, renewed_at = now()
    FROM ours
    WHERE shard.id = ours.id
    RETURNING shard.id"""

RELEASE = """
    WITH ours AS (
        SELECT shard.id, held.target
        FROM unnest($1::integer[], $2::bigint[], $4::text[]) AS held (id, epoch, target)
        JOIN shard ON shard.id = held.id AND shard.epoch = held.epoch AND shard.node = $3
        ORDER BY shard.id
        FOR NO KEY UPDATE OF shard
    )
    UPDATE shard
    SET lease_until = NULL, node = NULL, handed_to = ours.target
    FROM ours
    WHERE shard.id = ours.id
    RETURNING shard.id"""

LIST = """
    SELECT id, epoch, node, lease_until, lease_until IS NULL OR lease_until <= now() AS is_free, handed_to, claimed_at,
           renewed_at, lease_until - now() AS left
    FROM shard
    ORDER BY id"""

COUNT_SESSIONS = """
    SELECT shard, count(*) AS sessions
    FROM instance
    WHERE device IS NOT NULL
    GROUP BY shard"""

COUNT = """
    SELECT count(*) FROM shard"""

COUNT_WAITING = """
    SELECT count(*) FROM shard WHERE id = ANY($1::integer[]) AND (lease_until IS NULL OR lease_until <= now())"""

IS_OWNED = """
    SELECT EXISTS (SELECT FROM shard WHERE id = $1 AND lease_until > now())"""

# FOR SHARE: a plain join could still see the old epoch while a takeover commits. One lock per shard and statement.
FENCE = """
    SELECT shard.id, shard.epoch
    FROM unnest($1::integer[], $2::bigint[]) AS held (id, epoch)
    JOIN shard ON shard.id = held.id AND shard.epoch = held.epoch
    ORDER BY shard.id
    FOR SHARE OF shard"""


@dataclass(frozen=True, slots=True)
class Shard:
    """`left` is what remains of the lease by the clock of Postgres; None when it is free."""

    id: int
    epoch: int
    node: str | None
    lease_until: datetime | None
    is_free: bool
    handed_to: str | None = None
    claimed_at: datetime | None = None
    renewed_at: datetime | None = None
    left: timedelta | None = None


async def list_shards_of(pool: Pool) -> list[Shard]:
    return [Shard(*row) for row in await pool.fetch(LIST)]


async def count_sessions(pool: Pool) -> dict[int, int]:
    """Linked instances by shard; shards without any are left out."""
    return {row[0]: row[1] for row in await pool.fetch(COUNT_SESSIONS)}


async def fenced(connection: Connection, held: dict[int, int]) -> set[int]:
    """Inside a transaction: lock these shards at these epochs; the ones that are still ours."""
    rows = await connection.fetch(FENCE, list(held), list(held.values()))
    return {row[0] for row in rows}


async def count(connection: Connection) -> int:
    return int(await connection.fetchval(COUNT))
