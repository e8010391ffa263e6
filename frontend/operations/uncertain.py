"""Messages in doubt: what is to become of them by themselves, and one at a time by hand."""

from common.callbacks import Told
from common.requests.queue import SettleMessage, SetUncertainPolicy
from common.tables import story as story_table
from common.tables import uncertain as table
from frontend import problems
from frontend.operation import Call, Operation, Read, Write
from frontend.operations.dead_letters import read_id
from frontend.operations.rings import ring
from frontend.operations.telling import tell
from frontend.replies.queue import Settled, UncertainPolicy
from frontend.services import Services

NO_RELAY = "resend-same-id needs the wire relay: set this instance's wire to relay first (integrator/wire)"
SETTLED_AS_FAILED = "its outcome never became known; it was settled as failed"
STATEMENTS = {"sent": table.SETTLE_AS_SENT, "failed": table.SETTLE_AS_FAILED, "resend": table.SEND_AGAIN}


async def read_policy(services: Services, call: Call[None, None]) -> UncertainPolicy:
    return UncertainPolicy(value=await services.pool.fetchval(table.READ_POLICY, call.access.id))


async def set_policy(services: Services, call: Call[None, SetUncertainPolicy]) -> UncertainPolicy:
    """It holds for what is in doubt already as well."""
    value = await services.pool.fetchval(table.SET_POLICY, call.access.id, call.body.value)
    if value is None:
        raise problems.Problem(409, NO_RELAY)
    return UncertainPolicy(value=value)


async def settle(services: Services, call: Call[None, SettleMessage]) -> Settled:
    """A compare-and-set: a receipt or the policy may have been quicker, and then this is refused."""
    zaap_id = read_id(call.variable)
    if zaap_id is None:
        raise problems.not_found("message not found")
    outcome = call.body.outcome
    async with services.pool.acquire() as connection, connection.transaction():
        settled = await connection.fetch(STATEMENTS[outcome], call.access.id, zaap_id)
        if outcome == "resend":
            told = []  # it is told when it was sent
        else:
            error = None if outcome == "sent" else SETTLED_AS_FAILED
            told = [Told(row[0], row[2], row[3], row[1], error) for row in settled]
        await tell(services, connection, told, sent_at=services.clock.now() if outcome == "sent" else None)
    if not settled:
        story = await story_table.find(services.pool, call.access.id, zaap_id)
        if story is None:
            raise problems.not_found("message not found")
        raise problems.Problem(409, "the message is not in doubt")
    services.metrics.settled.labels(outcome).inc()
    await ring(services, call.access.shard, call.access.id)
    return Settled(zaapId=zaap_id.hex.upper(), outcome=outcome)


OPERATIONS = (
    Operation(
        "GET",
        "uncertain-policy",
        Read(read_policy),
        "What becomes of messages whose outcome was lost",
        UncertainPolicy,
        tag="queue",
    ),
    Operation(
        "PUT",
        "uncertain-policy",
        Write(set_policy),
        "Hold such messages, send them again, or assume that they were sent",
        UncertainPolicy,
        body=SetUncertainPolicy,
        tag="queue",
        refusals=(409,),
        example={"value": "resend"},
    ),
    Operation(
        "POST",
        "queue/{zaapId}/settle",
        Write(settle),
        "Decide about one message whose outcome was lost",
        Settled,
        body=SettleMessage,
        tag="queue",
        refusals=(404, 409),
        example={"outcome": "sent"},
    ),
)
