"""node: the sender nodes that are alive. Their heartbeat is part of `shard.RENEW`; the dead are forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.postgres import Executor

# A node is alive for as long as its leases would live.
LIST = """
    SELECT id, name, version, address, capacity, sessions, is_draining, started_at, seen_at,
           seen_at > now() - $1::interval AS is_alive
    FROM node
    ORDER BY name, started_at, id"""

DRAIN = """
    UPDATE node SET is_draining = $2 WHERE id = $1 OR name = $1 RETURNING id"""

REMOVE = """
    DELETE FROM node WHERE id = $1"""

FORGET_DEAD = """
    DELETE FROM node WHERE seen_at < now() - $1::interval"""


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    name: str
    version: str
    address: str
    capacity: int
    sessions: int
    is_draining: bool
    started_at: datetime
    seen_at: datetime
    is_alive: bool


async def list_nodes(connection: Executor, ttl: timedelta) -> Sequence[Node]:
    return [Node(*row) for row in await connection.fetch(LIST, ttl)]


OVERVIEW = """
    SELECT node.id, node.name, version, address, capacity,
           -- a dead node has left its last count behind
           CASE WHEN held.shards > 0 THEN sessions ELSE 0 END, is_draining, started_at, now() - seen_at,
           coalesce(held.shards, 0), held.lease_age
    FROM node
    LEFT JOIN (
        SELECT node, count(*) AS shards, max(now() - renewed_at) AS lease_age
        FROM shard
        WHERE lease_until > now()
        GROUP BY node
    ) AS held ON held.node = node.id
    ORDER BY node.name, started_at, node.id"""

COUNT_SHARDS = """
    SELECT count(*), count(*) FILTER (WHERE lease_until IS NULL OR lease_until <= now()) FROM shard"""


@dataclass(frozen=True, slots=True)
class NodeInFull:
    """A node and what it holds; `lease_age` is that of the lease renewed longest ago."""

    id: str
    name: str
    version: str
    address: str
    capacity: int
    sessions: int
    is_draining: bool
    started_at: datetime
    seen_ago: timedelta
    shards: int
    lease_age: timedelta | None


@dataclass(frozen=True, slots=True)
class Overview:
    nodes: Sequence[NodeInFull]
    shards: int
    free: int


async def read_overview(connection: Executor) -> Overview:
    nodes = [NodeInFull(*row) for row in await connection.fetch(OVERVIEW)]
    shards, free = (await connection.fetch(COUNT_SHARDS))[0]
    return Overview(nodes, shards, free)
