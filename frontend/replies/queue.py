"""Answers about the queue: its listing in the contract's own spelling, a message's story, dead letters."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.tables.uncertain import Policy
from frontend.replies.common import HexId, MessageId, Milliseconds

MessageStatus = Literal[
    "pending",
    "processing",
    "retrying",
    "uncertain",
    "sent",
    "delivered",
    "read",
    "played",
    "failed",
    "canceled",
    "expired",
]


class OldQueuedMessage(BaseModel):
    """A queued message as the deprecated listing shows it."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    own_id: Annotated[HexId, Field(alias="_id")]
    ZaapId: HexId
    MessageId: MessageId
    InstanceId: HexId
    Phone: str
    Message: str
    DelayMessage: Annotated[int, Field(description="Seconds; -1 is random.")]
    DelayTyping: int
    Created: Milliseconds
    IsTrial: bool


class QueuedMessage(OldQueuedMessage):
    CreatedAt: str
    Beta: bool


class QueuePage(BaseModel):
    model_config = ConfigDict(frozen=True)

    messages: list[QueuedMessage]
    pagingState: str | None
    hasMore: bool


class OldQueue(BaseModel):
    model_config = ConfigDict(frozen=True)

    messages: list[OldQueuedMessage]


class Count(BaseModel):
    model_config = ConfigDict(frozen=True)

    count: int


class AttemptMade(BaseModel):
    model_config = ConfigDict(frozen=True)

    attempt: int
    node: str
    epoch: int
    startedAt: str
    endedAt: str
    outcome: Literal["sent", "retry", "not-connected", "failed", "uncertain"]
    error: str | None


class Waiting(BaseModel):
    """Why a message has not gone yet: the first thing that has to change, and who is in charge of it.

    `head`: `blockedBy` of the same chat goes first. `turn`: `ahead` messages of the instance go first. `leaseAge` is
    how many seconds ago the owner renewed its lease.
    """

    model_config = ConfigDict(frozen=True)

    reason: Literal[
        "sending", "uncertain", "scheduled", "paused", "no-owner", "not-linked", "not-connected", "retry", "head",
        "pace", "turn", "doubt", "soon",
    ]  # fmt: skip
    text: str
    until: str | None
    since: str | None
    blockedBy: HexId | None
    ahead: int
    sessionState: str
    owner: str | None
    epoch: int
    leaseUntil: str | None
    leaseAge: float | None


class QueuePause(BaseModel):
    """Whether the queue is paused, and since when."""

    model_config = ConfigDict(frozen=True)

    value: bool
    since: str | None


class Callback(BaseModel):
    """An event that tells of the message, and how its webhook took it. `kept`: no webhook was set for it; `status` is
    what a MessageStatusCallback tells."""

    model_config = ConfigDict(frozen=True)

    sequence: int
    type: str
    status: str | None
    createdAt: str
    state: Literal["waiting", "retrying", "delivered", "failed", "kept"]
    attempts: int
    lastAttemptAt: str | None
    nextAttemptAt: str | None
    statusCode: int | None
    error: str | None


class UncertainPolicy(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: Policy


class Settled(BaseModel):
    model_config = ConfigDict(frozen=True)

    zaapId: HexId
    outcome: Literal["sent", "failed", "resend"]


class MessageStory(BaseModel):
    """Where a message is and everything that happened to it. `uncertain`: it may have left; evidence will settle it.

    WhatsApp says in whole seconds when it took and delivered a message; none of that is shown before the attempt began.
    """

    model_config = ConfigDict(frozen=True)

    zaapId: HexId
    messageId: MessageId
    whatsappId: str | None
    instanceId: HexId
    kind: str
    phone: str
    status: MessageStatus
    attempts: list[AttemptMade]
    maxAttempts: int
    acceptedAt: str
    scheduledFor: str | None
    expiresAt: str | None
    nextAttemptAt: str | None
    sentAt: str | None
    deliveredAt: str | None
    readAt: str | None
    playedAt: str | None
    finishedAt: str | None
    error: str | None
    errorClass: str | None
    replays: int
    waiting: Waiting | None
    callbacks: list[Callback]


class DeadLetter(BaseModel):
    model_config = ConfigDict(frozen=True)

    zaapId: HexId
    messageId: MessageId
    kind: str
    phone: str
    message: str
    attempts: int
    maxAttempts: int
    acceptedAt: str
    failedAt: str
    node: str | None
    error: str
    errorClass: str


class DeadLetterPage(BaseModel):
    model_config = ConfigDict(frozen=True)

    messages: list[DeadLetter]
    pagingState: str | None
    hasMore: bool


class Replayed(BaseModel):
    """`hasMore`: there are more than one call takes; call again."""

    model_config = ConfigDict(frozen=True)

    replayed: int
    hasMore: bool
