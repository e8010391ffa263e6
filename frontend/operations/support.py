"""Support: every route and what stands behind it, for whoever decides what to build on."""

from collections import Counter
from collections.abc import Iterable, Sequence

from frontend.operation import Call, Guard, Operation, Read
from frontend.replies.support import Counts, RouteSupport, SupportShown
from frontend.services import Services
from frontend.support import State


def shown(operations: Sequence[Operation]) -> SupportShown:
    supports = [operation.support for operation in operations]
    return SupportShown(
        direct=_count(support.direct for support in supports),
        relay=_count(support.relay for support in supports),
        routes=[RouteSupport.of(operation) for operation in operations],
    )


def operation_on(others: Sequence[Operation]) -> Operation:
    """The operation that lists the others."""
    listed = shown(others)

    async def read(services: Services, call: Call[None, None]) -> SupportShown:
        return listed

    return Operation(
        "GET",
        "/support",
        Read(read),
        "Every route of the API, what stands behind it, and what is missing where nothing does",
        SupportShown,
        guard=Guard.NOBODY,
        tag="support",
    )


def _count(states: Iterable[State]) -> Counts:
    counted = Counter(states)
    return Counts(**{state.value: counted[state] for state in State})
