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
