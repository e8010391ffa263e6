"""Answers about tokens and the audit."""

from pydantic import BaseModel, ConfigDict


class Rotated(BaseModel):
    """The new token, and until when (ISO 8601) the one before is still good."""

    model_config = ConfigDict(frozen=True)

    token: str
    formerUntil: str


class Change(BaseModel):
    """`actor` is client, partner or admin; `action` the route."""

    model_config = ConfigDict(frozen=True)

    id: int
    at: str
    actor: str
    action: str
    instanceId: str | None
    address: str | None
    status: int


class Changes(BaseModel):
    """The latest first; `before` of the next page, or null."""

    model_config = ConfigDict(frozen=True)

    changes: list[Change]
    before: int | None
