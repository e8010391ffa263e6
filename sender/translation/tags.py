"""Tags: which were put on chats and taken off."""

from datetime import datetime

from common.callbacks import event, milliseconds
from common.tables.event import NewEvent
from sender.translation.scene import Account, notification_envelope


def tagged(account: Account, phone: str, tag: str, is_on: bool, at: datetime) -> NewEvent:
    """`phone` is the chat as the API names it."""
    body = {
        **notification_envelope(
            account,
            fromMe=True,
            momment=milliseconds(at),
            senderName=account.name or account.phone,
            senderPhoto=account.picture,
        ),
        "notification": "CHAT_LABEL_ASSOCIATION",
        "notificationParameters": [{"phone": phone, "label": tag, "assigned": is_on}],
    }
    return event(account.instance_id, "received", body, is_own=True)
