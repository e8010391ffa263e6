"""The linked account itself: what it read on another of its devices, and its own new picture."""

from datetime import UTC, datetime

from common.addresses import Jid, without_device
from common.callbacks import event, message_status, milliseconds
from common.tables.event import NewEvent
from common.tables.event_inbox import ToldEvent
from sender.translation.scene import Account, Source, notification_envelope
from sender.whatsapp.engine_events import Picture, Receipt, address

_BY_ME = (Receipt.READ_SELF, Receipt.PLAYED_SELF)


def own_receipt(row: ToldEvent, account: Account) -> list[NewEvent]:
    """Receipts that came from the account's own devices. Those of others settle messages and are told there."""
    told = Receipt.FromString(row.body)
    if not is_read_by_me(told) or not told.MessageIDs:
        return []
    at = datetime.fromtimestamp(told.Timestamp, UTC) if told.Timestamp else row.told_at
    source = Source.of(told.MessageSource, account)
    chat = Jid(f"{source.chat_phone}@s.whatsapp.net") if source.chat_phone.isdigit() else source.chat
    sender = address(told.MessageSource.Sender)
    return [message_status(account.instance_id, "read-by-me", list(told.MessageIDs), at, chat, sender)]


def is_read_by_me(told: Receipt) -> bool:
    return told.Type in _BY_ME or (told.MessageSource.IsFromMe and told.Type in (Receipt.READ, Receipt.PLAYED))


def renamed(account: Account, at: datetime) -> NewEvent:
    """The account was given the name that it has now, through us: the library does not tell that."""
    body = {
        **notification_envelope(
            account, fromMe=True, momment=milliseconds(at), senderName=account.name or account.phone
        ),
        "notification": "PROFILE_NAME_UPDATED",
        "profileName": account.name or "",
    }
    return event(account.instance_id, "received", body, is_own=True)


def picture(row: ToldEvent, account: Account) -> list[NewEvent]:
    """Only the own picture has a callback. The library tells that it changed, not where the new one is."""
    told = Picture.FromString(row.body)
    who = address(told.JID)
    mine = {account.phone and f"{account.phone}@s.whatsapp.net", account.lid and without_device(Jid(account.lid))}
    if who is None or without_device(who) not in mine:
        return []
    body = {
        **notification_envelope(
            account,
            fromMe=True,
            momment=told.Timestamp * 1000,
            senderName=account.name or account.phone,
        ),
        "notification": "PROFILE_PICTURE_UPDATED",
        "updatedPhoto": "",
    }
    return [event(account.instance_id, "received", body, is_own=True)]
