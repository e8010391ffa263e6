"""Assignment: which node should hold which shard. Pure; every node computes it by itself from what Postgres shows.

It is advice, never a right: two nodes that saw different moments may disagree, and leases decide.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SLACK = 1.1  # a node may hold this many times its fair share before it gives: moving a shard reconnects real phones
MOST_SHARDS = 32  # given away in one round of renewals ...
MOST_SESSIONS = 64  # ... and with them no more sessions than this, but always one shard


@dataclass(frozen=True, slots=True)
class Member:
    """A node that is alive. `name` outlives a restart, `id` does not; scores go by the name, so shards come home."""

    id: str
    name: str
    capacity: int
    is_draining: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """One shard: who holds it (None: it is free), for whom it was released, and how many sessions it has."""

    shard: int
    holder: str | None
    handed_to: str | None = None
    sessions: int = 0

    @property
    def weight(self) -> int:
        return 1 + self.sessions


def assign(members: Iterable[Member], holdings: Iterable[Holding]) -> dict[int, str]:
    """The node that each shard should be with. Shards stay where they are unless their node is over its share.

    Nobody is refused for want of room: when all nodes are full the work is spread by their capacity.
    """
    candidates = sorted((each for each in members if not each.is_draining), key=lambda each: each.id)
    shards = sorted(holdings, key=lambda holding: holding.shard)
    if not candidates:
        return {}
    total = sum(holding.weight for holding in shards)
    room = sum(candidate.capacity for candidate in candidates)
    limits = {each.id: math.ceil(SLACK * total * each.capacity / room) for each in candidates}
    loads: dict[str, int] = defaultdict(int)
    assigned: dict[int, str] = {}

    def put(holding: Holding, node: str) -> None:
        assigned[holding.shard] = node
        loads[node] += holding.weight

    scores = {(each.id, holding.shard): score(each, holding.shard) for each in candidates for holding in shards}
    at_home = {holding.shard: max(candidates, key=lambda each: scores[each.id, holding.shard]).id for holding in shards}
    stays = [holding for holding in shards if _present(holding) in limits]
    # Those that would come back by themselves are kept before those that only happen to be here.
    stays.sort(key=lambda holding: (at_home[holding.shard] != _present(holding), holding.shard))
    for holding in stays:
        node = _present(holding)
        assert node is not None
        if loads[node] + holding.weight <= limits[node] or not loads[node]:
            put(holding, node)
    for holding in shards:
        if holding.shard in assigned:
            continue
        roomy = [each for each in candidates if loads[each.id] + holding.weight <= limits[each.id]]
        if roomy:
            put(holding, max(roomy, key=lambda each: scores[each.id, holding.shard]).id)
        else:
            put(holding, min(candidates, key=lambda each: (loads[each.id] / each.capacity, each.id)).id)
    return assigned


def moves(node: str, assigned: Mapping[int, str], holdings: Iterable[Holding]) -> dict[int, str]:
    """What `node` should give away in this round, and to whom: few enough that the receivers keep up."""
    leaving: dict[int, str] = {}
    sessions = 0
    for holding in sorted(holdings, key=lambda holding: holding.shard):
        target = assigned.get(holding.shard)
        if holding.holder != node or target is None or target == node:
            continue
        sessions += holding.sessions
        if leaving and (len(leaving) == MOST_SHARDS or sessions > MOST_SESSIONS):
            break
        leaving[holding.shard] = target
    return leaving


def waves(shards: Sequence[Holding], most: int = MOST_SESSIONS) -> list[list[Holding]]:
    """The shards cut into groups of at most `most` sessions (or one shard), those with sessions first."""
    groups: list[list[Holding]] = [[]]
    size = 0
    for holding in sorted(shards, key=lambda holding: (-holding.sessions, holding.shard)):
        if groups[-1] and (size + holding.sessions > most or len(groups[-1]) == MOST_SHARDS):
            groups.append([])
            size = 0
        groups[-1].append(holding)
        size += holding.sessions
    return [group for group in groups if group]


def score(member: Member, shard: int) -> float:
    """Weighted rendezvous: the highest score wins, and a node's share of wins goes by its capacity."""
    digest = hashlib.blake2b(f"{member.name}/{shard}".encode(), digest_size=8).digest()
    fraction = (int.from_bytes(digest) + 1) / (2**64 + 1)
    return -member.capacity / math.log(fraction)


def _present(holding: Holding) -> str | None:
    """Where the shard is, or is on its way to."""
    return holding.holder if holding.holder is not None else holding.handed_to
