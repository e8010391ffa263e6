"""What is supported: every route with its state."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from frontend.operation import Operation

Stated = Literal["served", "composed", "local", "unavailable"]


class RouteSupport(BaseModel):
    """`missing`: what upstream would have to offer, for the whole route or a part of it."""

    model_config = ConfigDict(frozen=True)

    method: str
    path: str
    domain: str
    direct: Stated
    relay: Stated
    missing: str | None

    @classmethod
    def of(cls, operation: Operation) -> "RouteSupport":
        support = operation.support
        return cls(
            method=operation.method,
            path=operation.path if operation.path.startswith("/") else f"/{operation.path}",
            domain=operation.tag,
            direct=support.direct.value,
            relay=support.relay.value,
            missing=support.missing or None,
        )


class Counts(BaseModel):
    model_config = ConfigDict(frozen=True)

    served: int
    composed: int
    local: int
    unavailable: int


class SupportShown(BaseModel):
    """`direct` and `relay` count the routes of each state in that mode."""

    model_config = ConfigDict(frozen=True)

    direct: Counts
    relay: Counts
    routes: list[RouteSupport]
