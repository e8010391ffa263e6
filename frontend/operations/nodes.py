"""Sender nodes, for whoever operates them: who holds what, how fresh the leases are, and draining one."""

from redis.exceptions import RedisError

from common import logs
from common.requests.partner import DrainNode
from common.tables import node as table
from frontend import problems
from frontend.operation import Call, Guard, Operation, Read, Write
from frontend.replies.common import written
from frontend.replies.nodes import Drained, Nodes, NodeShown
from frontend.services import Services

log = logs.get(__name__)


async def list_nodes(services: Services, call: Call[None, None]) -> Nodes:
    overview = await table.read_overview(services.pool)
    return Nodes(
        nodes=[
            NodeShown(
                id=each.id,
                name=each.name,
                version=each.version,
                address=each.address,
                capacity=each.capacity,
                sessions=each.sessions,
                shards=each.shards,
                leaseAge=None if each.lease_age is None else round(each.lease_age.total_seconds(), 3),
                seenAgo=round(max(0.0, each.seen_ago.total_seconds()), 3),
                startedAt=written(each.started_at),
                draining=each.is_draining,
            )
            for each in overview.nodes
        ],
        shards=overview.shards,
        free=overview.free,
    )


async def drain(services: Services, call: Call[None, DrainNode]) -> Drained:
    """A draining node hands its shards on and claims none, until this is taken back or it is started again."""
    rows = await services.pool.fetch(table.DRAIN, call.body.node, call.body.value)
    if not rows:
        raise problems.not_found("node not found")
    nodes = [row[0] for row in rows]
    try:
        await services.doorbell.call(nodes)
    except (RedisError, OSError) as error:
        log.warning("nodes not called; they look in their next round", error=type(error).__name__)
    return Drained(nodes=nodes, draining=call.body.value)


OPERATIONS = (
    Operation(
        "GET",
        "/nodes",
        Read(list_nodes),
        "List the sender nodes with their shards, sessions and leases",
        Nodes,
        guard=Guard.ADMIN,
        tag="nodes",
    ),
    Operation(
        "PUT",
        "/nodes/drain",
        Write(drain),
        "Let a node hand everything to the others, or (false) take part again",
        Drained,
        body=DrainNode,
        guard=Guard.ADMIN,
        tag="nodes",
        refusals=(404,),
        example={"node": "sender-1", "value": True},
    ),
)
