"""Preferences: what the instance is set to do by itself. Stored, shown by /me at once, and the owner is told."""

from collections.abc import Awaitable, Callable
from typing import Any

from common.requests.instance import SetCallRejectMessage, SetFlag, SetName
from common.tables import instance as table
from frontend.operation import Call, Operation, Write
from frontend.operations.rings import ring
from frontend.replies.common import Done
from frontend.services import Services

DONE = Done(value=True)


def _set(statement: str) -> Callable[[Services, Call[None, Any]], Awaitable[Done]]:
    """`value` true says that it was stored, also when what was stored is false."""

    async def store(services: Services, call: Call[None, Any]) -> Done:
        await services.pool.execute(statement, call.access.id, call.body.value)
        await ring(services, call.access.shard, call.access.id)
        return DONE

    return store


async def set_call_reject_message(services: Services, call: Call[None, SetCallRejectMessage]) -> Done:
    await services.pool.execute(table.PREFER_CALL_REJECT_MESSAGE, call.access.id, call.body.value or None)
    await ring(services, call.access.shard, call.access.id)
    return DONE


OPERATIONS = (
    Operation(
        "PUT",
        "update-name",
        Write(_set(table.RENAME)),
        "Rename the instance",
        Done,
        body=SetName,
        tag="instance",
        example={"value": "Front desk 2"},
    ),
    Operation(
        "PUT",
        "update-auto-read-message",
        Write(_set(table.PREFER_AUTO_READ_MESSAGE)),
        "Mark received messages as read by itself",
        Done,
        body=SetFlag,
        tag="instance",
        example={"value": True},
    ),
    Operation(
        "PUT",
        "update-auto-read-status",
        Write(_set(table.PREFER_AUTO_READ_STATUS)),
        "Mark received status posts as seen as well",
        Done,
        body=SetFlag,
        tag="instance",
        example={"value": True},
    ),
    Operation(
        "PUT",
        "update-call-reject-auto",
        Write(_set(table.PREFER_CALL_REJECT_AUTO)),
        "Reject incoming calls by itself",
        Done,
        body=SetFlag,
        tag="instance",
        example={"value": True},
    ),
    Operation(
        "PUT",
        "update-call-reject-message",
        Write(set_call_reject_message),
        "The text that is sent after a rejected call",
        Done,
        body=SetCallRejectMessage,
        tag="instance",
        example={"value": "We do not take calls, please write."},
    ),
)
