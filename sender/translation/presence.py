"""Presence: the other side comes, goes, types or records."""

from datetime import UTC, datetime

from common.callbacks import event, written
from common.tables.event import NewEvent
from common.tables.event_inbox import ToldEvent
from sender.translation.scene import Account, Source
from sender.whatsapp.engine_events import ChatPresence, Presence, address


def chat_presence(row: ToldEvent, account: Account) -> list[NewEvent]:
    """Typing and recording, and that they stopped. In a group the chat is told, not the member."""
    told = ChatPresence.FromString(row.body)
    source = Source.of(told.MessageSource, account)
    if source.is_own:
        return []
    if told.State == ChatPresence.PAUSED:
        status = "PAUSED"
    else:
        status = "RECORDING" if told.Media == ChatPresence.AUDIO else "COMPOSING"
    return [_presence(account, source.chat_phone, status, None)]


def presence(row: ToldEvent, account: Account) -> list[NewEvent]:
    """`lastSeen` is told by who lets others see it, in seconds; shown in milliseconds."""
    told = Presence.FromString(row.body)
    who = address(told.From)
    if who is None:
        return []
    last = datetime.fromtimestamp(told.LastSeen, UTC) if told.LastSeen > 0 else None
    status = "UNAVAILABLE" if told.Unavailable else "AVAILABLE"
    return [_presence(account, account.phone_of(who), status, last)]


def _presence(account: Account, phone: str, status: str, last_seen: datetime | None) -> NewEvent:
    return event(
        account.instance_id,
        "presence",
        {
            "type": "PresenceChatCallback",
            "phone": phone,
            "status": status,
            "lastSeen": None if last_seen is None else int(last_seen.timestamp() * 1000),
            "instanceId": written(account.instance_id),
        },
    )
