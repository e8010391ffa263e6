"""The linked account itself: what it read on another of its devices, its new name, its new picture."""

from datetime import UTC, datetime

from common.addresses import Jid
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
    """The account has the name that it has now since a moment ago."""
    return _changed(account, at, account.picture, "PROFILE_NAME_UPDATED", profileName=account.name or "")


def portrayed(account: Account, former: str | None, at: datetime) -> NewEvent:
    """The account shows the picture that it has now, or none, and showed the `former` one before."""
    return _changed(account, at, former, "PROFILE_PICTURE_UPDATED", updatedPhoto=account.picture or "")


def pictured(row: ToldEvent, account: Account) -> str | None:
    """Whose picture changed, as the API spells it. The library does not tell where the new one is."""
    who = address(Picture.FromString(row.body).JID)
    return None if who is None else account.phone_of(who)


def _changed(account: Account, at: datetime, photo: str | None, name: str, **shown: str) -> NewEvent:
    body = {
        **notification_envelope(
            account,
            fromMe=True,
            momment=milliseconds(at),
            senderName=account.name or account.phone,
            senderPhoto=photo,
            photo=photo,
        ),
        "notification": name,
        **shown,
    }
    return event(account.instance_id, "received", body, is_own=True)
