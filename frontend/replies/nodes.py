"""Answers about the sender nodes."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0)]


class NodeShown(BaseModel):
    """`sessions` is what the node said last; `leaseAge` how long ago its longest-waiting lease was renewed."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    version: str
    address: str
    capacity: int
    sessions: int
    shards: int
    leaseAge: Seconds | None
    seenAgo: Seconds
    startedAt: str
    draining: bool


class Nodes(BaseModel):
    """`free`: shards that no node holds now."""

    model_config = ConfigDict(frozen=True)

    nodes: list[NodeShown]
    shards: int
    free: int


class Drained(BaseModel):
    model_config = ConfigDict(frozen=True)

    nodes: list[str]
    draining: bool
