"""Callbacks about messages of ours that both programs tell: one was handed over or given up, and its receipts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from common.addresses import Jid, device_of, is_group, to_phone, without_device
from common.tables.event import NewEvent, Slot

STATUSES = {
    "sent": "SENT",
    "delivered": "RECEIVED",
    "read": "READ",
    "played": "PLAYED",
    "read-by-me": "READ_BY_ME",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A message of ours, as the statement that decided it returns it."""

    instance_id: UUID
    zaap_id: UUID
    message_id: str
    chat: Jid
    error: str | None = None


def delivery(told: Told) -> NewEvent:
    """The message was handed to WhatsApp, or `error` says why it was not or may not have been."""
    body: dict[str, Any] = {
        "phone": to_phone(told.chat),
        "zaapId": told.zaap_id.hex.upper(),
        "messageId": told.message_id,
        "type": "DeliveryCallback",
        "instanceId": written(told.instance_id),
    }
    if told.error is not None:
        body["error"] = told.error
    return event(told.instance_id, "delivery", body, about=(told.message_id,))


def message_status(
    instance: UUID, kind: str, ids: Sequence[str], at: datetime, chat: Jid, sender: Jid | None = None
) -> NewEvent:
    """`kind` is a key of STATUSES; `sender` is the device that told."""
    return event(
        instance,
        "message-status",
        {
            "instanceId": written(instance),
            "status": STATUSES[kind],
            "ids": list(ids),
            "momment": milliseconds(at),
            "phoneDevice": 0 if sender is None else device_of(sender),
            "phone": to_phone(without_device(chat)),
            "type": "MessageStatusCallback",
            "isGroup": is_group(chat),
        },
        about=() if kind == "read-by-me" else tuple(ids),
    )


def event(
    instance: UUID, slot: Slot, body: dict[str, Any], *, is_own: bool = False, about: tuple[str, ...] = ()
) -> NewEvent:
    return NewEvent(instance, slot, body["type"], orjson.dumps(body), is_own, about=about)


def written(instance: UUID) -> str:
    return instance.hex.upper()


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
