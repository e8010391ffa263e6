"""Callbacks about the link: it came or it went."""

from datetime import datetime
from uuid import UUID

from common.callbacks import event, milliseconds, written
from common.tables.event import NewEvent


def connected(instance: UUID, phone: str, at: datetime) -> NewEvent:
    return event(
        instance,
        "connected",
        {
            "type": "ConnectedCallback",
            "connected": True,
            "momment": milliseconds(at),
            "instanceId": written(instance),
            "phone": phone,
        },
    )


def disconnected(instance: UUID, reason: str, at: datetime) -> NewEvent:
    """The one callback whose `momment` is in seconds."""
    return event(
        instance,
        "disconnected",
        {
            "momment": int(at.timestamp()),
            "error": reason,
            "disconnected": True,
            "type": "DisconnectedCallback",
            "instanceId": written(instance),
        },
    )
