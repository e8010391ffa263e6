"""Partners: create, list and subscribe instances. Paths from the root, and the partner's own token."""

from datetime import UTC, datetime
from uuid import uuid4

from common.requests.partner import CreateInstance, ListInstances, Subscribe, UpdateSubscription
from common.tables import instance as table
from common.tables.instance import LAST_DAYS, TRIAL, NewInstance, shard_of
from frontend.operation import Call, Guard, Operation, Plain, Read, Write
from frontend.operations.rings import ring
from frontend.replies.common import milliseconds
from frontend.replies.partner import Created, InstancePage, ListedInstance
from frontend.services import Services
from frontend.tokens import digest, new_token

OK = Plain("OK")
NO_END = datetime(9999, 12, 31, tzinfo=UTC)  # what a running subscription shows as its end: nobody sends a bill here


async def create_instance(services: Services, call: Call[None, CreateInstance]) -> Created:
    """A trial of two days, from now on ready to be linked."""
    asked = call.body
    instance, token = uuid4(), new_token()
    due = services.clock.now() + TRIAL
    new = NewInstance(
        id=instance,
        shard=shard_of(instance, services.shards),
        name=asked.name,
        session_name=asked.sessionName,
        token_hash=digest(token),
        token_cipher=services.vault.seal(instance, token),
        middleware="mobile" if asked.isDevice else "web",
        business_device=bool(asked.businessDevice),
        disable_enqueue_when_disconnected=bool(asked.disableEnqueueWhenDisconnected),
        call_reject_auto=bool(asked.callRejectAuto),
        call_reject_message=asked.callRejectMessage,
        auto_read_message=bool(asked.autoReadMessage),
        auto_read_status=bool(asked.autoReadStatus),
        receive_callback_sent_by_me=asked.receivedAndDeliveryCallbackUrl is not None,
        delivery_callback_url=asked.deliveryCallbackUrl,
        received_callback_url=asked.receivedCallbackUrl,
        received_and_delivery_callback_url=asked.receivedAndDeliveryCallbackUrl,
        presence_chat_callback_url=asked.presenceChatCallbackUrl,
        connected_callback_url=asked.connectedCallbackUrl,
        disconnected_callback_url=asked.disconnectedCallbackUrl,
        message_status_callback_url=asked.messageStatusCallbackUrl,
        due=due,
    )
    await table.insert(services.pool, new)
    await ring(services, new.shard, instance)
    return Created(id=instance.hex.upper(), token=token, due=str(milliseconds(due)))


async def list_instances(services: Services, call: Call[ListInstances, None]) -> InstancePage:
    asked = call.query
    async with services.pool.acquire() as connection:
        total, instances = await table.list_matching(
            connection,
            asked.query,
            asked.middleware,
            limit=asked.pageSize,
            offset=(asked.page - 1) * asked.pageSize,
        )
    return InstancePage(
        total=total,
        totalPage=-(-total // asked.pageSize),
        pageSize=asked.pageSize,
        page=asked.page,
        content=[ListedInstance.of(each, services.vault.show(each.id, each.token_cipher)) for each in instances],
    )


async def subscribe(services: Services, call: Call[None, Subscribe]) -> Plain:
    await services.pool.execute(table.SUBSCRIBE, call.access.id, NO_END, call.body.withCalls)
    await ring(services, call.access.shard, call.access.id)
    return OK


async def update_subscription(services: Services, call: Call[None, UpdateSubscription]) -> Plain:
    await services.pool.execute(table.ADD_CALLS, call.access.id)
    return OK


async def cancel(services: Services, call: Call[None, None]) -> Plain:
    """The instance stays usable for thirty days. Idempotent."""
    await services.pool.execute(table.CANCEL, call.access.id, LAST_DAYS)
    return OK


OPERATIONS = (
    Operation(
        "POST",
        "/instances/integrator/on-demand",
        Write(create_instance),
        "Create an instance: a trial of two days",
        Created,
        body=CreateInstance,
        guard=Guard.PARTNER,
        tag="partner",
        example={"name": "Shop 12", "deliveryCallbackUrl": "https://hooks.example.com/zap/delivery"},
    ),
    Operation(
        "GET",
        "/instances",
        Read(list_instances),
        "List the instances, page by page",
        InstancePage,
        query=ListInstances,
        status=201,
        guard=Guard.PARTNER,
        tag="partner",
    ),
    Operation(
        "POST",
        "integrator/on-demand/subscription",
        Write(subscribe),
        "Subscribe an instance, so that it outlives its trial",
        Plain,
        body=Subscribe,
        body_optional=True,
        status=201,
        guard=Guard.PARTNER,
        tag="partner",
        example={"withCalls": False},
    ),
    Operation(
        "PUT",
        "integrator/on-demand/subscription/update",
        Write(update_subscription),
        "Move an instance to the plan with calls",
        Plain,
        body=UpdateSubscription,
        status=201,
        guard=Guard.PARTNER,
        tag="partner",
        example={"withCalls": True},
    ),
    Operation(
        "POST",
        "integrator/on-demand/cancel",
        Write(cancel),
        "Cancel the subscription; the instance stays usable for thirty days",
        Plain,
        status=201,
        guard=Guard.PARTNER,
        tag="partner",
    ),
)
