"""The answers of sends."""

from pydantic import BaseModel, ConfigDict

from frontend.replies.common import HexId, MessageId


class Queued(BaseModel):
    """Accepted: the message is stored. `id` is always `messageId`."""

    model_config = ConfigDict(frozen=True)

    zaapId: HexId
    messageId: MessageId
    id: MessageId


class QueuedStatus(BaseModel):
    """Accepted: the status is stored."""

    model_config = ConfigDict(frozen=True)

    zaapId: HexId
    messageId: MessageId


class QueuedForward(BaseModel):
    """Accepted: the forwarding is stored."""

    model_config = ConfigDict(frozen=True)

    zaapId: HexId
