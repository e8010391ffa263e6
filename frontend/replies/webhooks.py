"""Answers about events, their attempts and dead letters, and the secrets that sign them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from frontend.replies.common import Milliseconds

Number = Annotated[int, Field(description="Rises by one with each event of the instance.", examples=[4711])]
EventId = Annotated[
    str, Field(description="What `webhook-id` holds.", examples=["evt_3e1f0a6bc2d94857a0b1c2d3e4f50617_7"])
]


class ShownEvent(BaseModel):
    model_config = ConfigDict(frozen=True)

    seq: Number
    id: EventId
    webhook: str
    type: str
    createdAt: Milliseconds
    body: dict[str, Any]


class Events(BaseModel):
    """`last` is the highest number that the instance has given; what is missing below `seq` is no longer kept."""

    model_config = ConfigDict(frozen=True)

    events: list[ShownEvent]
    last: int
    hasMore: bool


class ShownDeadLetter(ShownEvent):
    attempts: int
    failedAt: Milliseconds
    url: str | None
    statusCode: int | None
    errorClass: str
    error: str


class EventDeadLetters(BaseModel):
    model_config = ConfigDict(frozen=True)

    events: list[ShownDeadLetter]
    pagingState: str | None
    hasMore: bool


class ShownAttempt(BaseModel):
    model_config = ConfigDict(frozen=True)

    attempt: int
    node: str
    url: str
    endedAt: Milliseconds
    milliseconds: int
    outcome: str
    statusCode: int | None
    error: str | None


class Attempts(BaseModel):
    """The latest first."""

    model_config = ConfigDict(frozen=True)

    seq: Number
    attempts: list[ShownAttempt]


class Replaying(BaseModel):
    """How many events were put back; `hasMore` when there may be more of those that were meant."""

    model_config = ConfigDict(frozen=True)

    replayed: int
    hasMore: bool


class Discarded(BaseModel):
    model_config = ConfigDict(frozen=True)

    discarded: int


class Testing(BaseModel):
    """The number of the test's event: `events/{seq}/attempts` tells how it went."""

    model_config = ConfigDict(frozen=True)

    seq: Number
    id: EventId


class ShownSecret(BaseModel):
    model_config = ConfigDict(frozen=True)

    secret: Annotated[str, Field(description="As Standard Webhooks writes it: whsec_ and base64.")]
    current: bool
    createdAt: Milliseconds


class Secrets(BaseModel):
    """Callbacks carry a signature of each. The current one first."""

    model_config = ConfigDict(frozen=True)

    secrets: list[ShownSecret]
