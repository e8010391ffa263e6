"""Routes: the table of operations made ready for requests, found by one look-up on method and path shape."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

from prometheus_client import Counter, Histogram
from pydantic import BaseModel

from common.metrics import FrontendMetrics
from frontend import problems
from frontend.acceptance import ACCEPTANCES
from frontend.media_fields import media_fields
from frontend.operation import Ask, Effect, Guard, Operation, Send, Write
from frontend.problems import Problem

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Route:
    """One operation with everything bound that its requests share: validator, serializer, series of metrics."""

    __slots__ = (
        "_duration",
        "_method",
        "_metrics",
        "_served",
        "_statuses",
        "accepted",
        "body",
        "effect",
        "guard",
        "has_variable",
        "is_audited",
        "is_body_optional",
        "is_partner",
        "is_send",
        "kind",
        "media",
        "operation",
        "place",
        "query",
        "refusal",
        "status",
        "template",
        "to_json",
        "validate",
        "variables",
    )

    def __init__(
        self,
        metrics: FrontendMetrics,
        method: str,
        template: str,
        operation: Operation | None,
        refusal: Problem | None = None,
        guard: Guard = Guard.CLIENT,
    ) -> None:
        body = None if operation is None else operation.body
        request = None if operation is None else operation.request
        self.operation = operation
        self.refusal = refusal
        self.template = template
        self.effect: Effect | None = None if operation is None else operation.effect
        self.is_send = isinstance(self.effect, Send)
        self.kind: str = getattr(request, "kind", "")
        self.variables: tuple[str, ...] = () if operation is None else operation.variables
        self.has_variable = bool(self.variables)
        self.place: type[BaseModel] | None = None if operation is None else operation.place
        self.accepted = ACCEPTANCES[self.effect.told] if isinstance(self.effect, Send) else None
        self.guard = guard
        self.is_partner = guard in (Guard.PARTNER, Guard.ADMIN)
        # Sends are in the queue, with all that became of them.
        self.is_audited = isinstance(self.effect, Write) or (isinstance(self.effect, Ask) and method != "GET")
        self.is_body_optional = operation is not None and operation.body_optional
        self.status = 200 if operation is None else operation.status
        self.query: type[BaseModel] | None = None if operation is None else operation.query
        self.body = body
        self.media = media_fields(body) if body is not None and self.is_send else None
        # Pydantic's own class methods come back to these after some checks that a request model does not need.
        self.validate: Any = None if body is None else body.__pydantic_validator__.validate_json
        self.to_json: Any = None if request is None else request.__pydantic_serializer__.to_json
        self._metrics = metrics
        self._method = method
        self._duration: Histogram = metrics.request_duration.labels(template)
        self._served: Counter = metrics.requests.labels(method, template, str(self.status))
        self._statuses: dict[int, Counter] = {self.status: self._served}

    def done(self, status: int, took: float) -> None:
        """Count one request."""
        series = self._statuses.get(status)
        if series is None:
            series = self._statuses[status] = self._metrics.requests.labels(self._method, self.template, str(status))
        series.inc()
        self._duration.observe(took)


Match = tuple[Route, str, str, str]
"""The route, and the path's instance id, token and variable segment; empty where the path has none."""


class Routes:
    """Finds the route of a request. Its cost does not depend on how many operations there are."""

    def __init__(self, operations: Iterable[Operation], metrics: FrontendMetrics) -> None:
        self._metrics = metrics
        self._below: dict[str, Route] = {}
        self._root: dict[str, Route] = {}
        self._fixed: set[str] = set()
        self._longest = 1
        for operation in operations:
            route = Route(metrics, operation.method, operation.template, operation, guard=operation.guard)
            table = self._below if operation.is_below_instance else self._root
            shape = f"{operation.method} {_shape(operation.path)}"
            if shape in table:
                raise ValueError(f"two operations for {shape}")
            table[shape] = route
            if "{" not in operation.path:
                self._fixed.add(operation.path)
            self._longest = max(self._longest, operation.path.count("/") + 1)

    def match(self, method: str, path: str) -> Match:
        """Always a route: one that refuses when the path or the method is not known."""
        parts = path.split("/", 5)
        if len(parts) == 6 and parts[1] == "instances" and parts[3] == "token":
            rest = parts[5]
            route = self._below.get(f"{method} {rest}")
            if route is not None:
                return route, parts[2], parts[4], ""
            return self._match_variable(method, rest, parts[2], parts[4])
        route = self._root.get(f"{method} {path}")
        return (route or self._refuse(self._root, method, [path]), "", "", "")

    def _match_variable(self, method: str, rest: str, instance: str, token: str) -> Match:
        # `queue/count` is no message: a path without a variable is itself for every method, as in OpenAPI.
        # One that is longer than every operation's is not even taken apart.
        is_known = rest in self._fixed or rest.count("/") >= self._longest
        shapes = {} if is_known else dict(_shapes(rest))
        for shape, variable in shapes.items():
            route = self._below.get(f"{method} {shape}")
            if route is not None:
                return route, instance, token, variable
        return self._refuse(self._below, method, [rest, *shapes]), instance, token, ""

    def _refuse(self, table: dict[str, Route], method: str, shapes: list[str]) -> Route:
        """Who may hear whether a method is allowed is asked as for the methods that are."""
        label = method if method in _METHODS else "other"
        allowed = {known: table[key] for known in _METHODS for shape in shapes if (key := f"{known} {shape}") in table}
        if not allowed:
            return Route(self._metrics, label, "unknown", None, problems.not_found())
        first = next(iter(allowed.values()))
        refusal = problems.method_not_allowed(list(allowed))
        return Route(self._metrics, label, first.template, None, refusal, first.guard)


def _shape(path: str) -> str:
    return "/".join("{}" if segment.startswith("{") else segment for segment in path.split("/"))


def _shapes(rest: str) -> Iterable[tuple[str, str]]:
    """The shapes that `rest` may have, each with what then is the variable. The first segment never is."""
    segments = rest.split("/")
    places = [place for place in range(len(segments) - 1, 0, -1) if segments[place]]
    for chosen in (*((place,) for place in places), *combinations(places[::-1], 2)):
        shape = "/".join("{}" if place in chosen else segment for place, segment in enumerate(segments))
        yield shape, "/".join(segments[place] for place in chosen)
