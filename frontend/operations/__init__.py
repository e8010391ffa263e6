"""The API as a table: one module per contract domain, each a tuple of Operations and the few functions with SQL."""

from frontend.operation import Operation
from frontend.operations import (
    events,
    instance,
    messages,
    nodes,
    partner,
    preferences,
    profile,
    queue,
    status,
    webhooks,
)

ALL: tuple[Operation, ...] = (
    *messages.OPERATIONS,
    *status.OPERATIONS,
    *queue.OPERATIONS,
    *instance.OPERATIONS,
    *preferences.OPERATIONS,
    *profile.OPERATIONS,
    *webhooks.OPERATIONS,
    *events.OPERATIONS,
    *partner.OPERATIONS,
    *nodes.OPERATIONS,
)
