"""Pausing an instance's queue: requests are accepted and wait, nothing is begun, what is being sent ends as usual."""

from datetime import datetime

from common.requests.queue import PauseQueue
from common.tables import pause as table
from frontend.operation import Call, Operation, Read, Write
from frontend.operations.rings import ring
from frontend.replies.common import written
from frontend.replies.queue import QueuePause
from frontend.services import Services


async def read_pause(services: Services, call: Call[None, None]) -> QueuePause:
    return _shown(await services.pool.fetchval(table.READ, call.access.id))


async def set_pause(services: Services, call: Call[None, PauseQueue]) -> QueuePause:
    """Idempotent: pausing again keeps the first moment."""
    since = await services.pool.fetchval(table.SET, call.access.id, call.body.value)
    await ring(services, call.access.shard, call.access.id)
    return _shown(since)


def _shown(since: datetime | None) -> QueuePause:
    return QueuePause(value=since is not None, since=None if since is None else written(since))


OPERATIONS = (
    Operation("GET", "queue/pause", Read(read_pause), "Whether the queue is paused", QueuePause, tag="queue"),
    Operation(
        "PUT",
        "queue/pause",
        Write(set_pause),
        "Pause the queue, or (false) let it go on",
        QueuePause,
        body=PauseQueue,
        tag="queue",
        example={"value": True},
    ),
)
