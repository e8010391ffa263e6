"""The API as a table: one module per contract domain, each a tuple of Operations and the few functions with SQL."""

from frontend.operation import Operation
from frontend.operations import (
    business,
    calls,
    chats,
    communities,
    contacts,
    events,
    groups,
    instance,
    messages,
    mobile,
    newsletters,
    nodes,
    partner,
    preferences,
    privacy,
    profile,
    queue,
    security,
    status,
    support,
    tags,
    webhooks,
)

_OTHERS: tuple[Operation, ...] = (
    *messages.OPERATIONS,
    *status.OPERATIONS,
    *queue.OPERATIONS,
    *instance.OPERATIONS,
    *preferences.OPERATIONS,
    *profile.OPERATIONS,
    *contacts.OPERATIONS,
    *chats.OPERATIONS,
    *groups.OPERATIONS,
    *communities.OPERATIONS,
    *newsletters.OPERATIONS,
    *privacy.OPERATIONS,
    *business.OPERATIONS,
    *tags.OPERATIONS,
    *calls.OPERATIONS,
    *mobile.OPERATIONS,
    *webhooks.OPERATIONS,
    *events.OPERATIONS,
    *partner.OPERATIONS,
    *nodes.OPERATIONS,
    *security.OPERATIONS,
)

ALL: tuple[Operation, ...] = (*_OTHERS, support.operation_on(_OTHERS))
