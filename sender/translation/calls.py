"""Calls: one comes in, one was missed. Whether a missed call was a video call its offer told."""

import zlib
from collections import OrderedDict

from common.callbacks import event
from common.tables.event import NewEvent
from common.tables.event_inbox import ToldEvent
from sender.translation.scene import Account, notification_envelope, pair
from sender.whatsapp.engine_events import (
    BasicCallMeta,
    CallOffer,
    CallOfferNotice,
    CallTerminate,
    EventCode,
    Node,
    address,
)

REMEMBERED = 10_000  # calls under way; a forgotten one counts as a voice call
TAKEN = frozenset({"accepted_elsewhere", "rejected_elsewhere", "reject", "rejected", "hangup"})
"""Reasons of an end that was no missing."""


class Calls:
    """Remembers which calls were offered, so that their end can be told apart."""

    def __init__(self) -> None:
        self._offered: OrderedDict[str, bool] = OrderedDict()

    def translate(self, row: ToldEvent, account: Account) -> list[NewEvent]:
        if row.code == EventCode.CALL_OFFER:
            offer = CallOffer.FromString(row.body)
            is_video = _has(offer.data, "video")
        elif row.code == EventCode.CALL_OFFER_NOTICE:
            offer = CallOfferNotice.FromString(row.body)
            is_video = offer.media == "video"
        else:
            return self._ended(row, account)
        self._remember(offer.basicCallMeta.callID, is_video)
        return [_notice(offer.basicCallMeta, account, "CALL_VIDEO" if is_video else "CALL_VOICE", is_missed=False)]

    def _ended(self, row: ToldEvent, account: Account) -> list[NewEvent]:
        end = CallTerminate.FromString(row.body)
        is_video = self._offered.pop(end.basicCallMeta.callID, False)
        if end.reason in TAKEN:
            return []
        name = "CALL_MISSED_VIDEO" if is_video else "CALL_MISSED_VOICE"
        return [_notice(end.basicCallMeta, account, name, is_missed=True)]

    def _remember(self, call: str, is_video: bool) -> None:
        self._offered[call] = is_video
        if len(self._offered) > REMEMBERED:
            self._offered.popitem(last=False)


def _notice(meta: BasicCallMeta, account: Account, name: str, *, is_missed: bool) -> NewEvent:
    caller = address(meta.callCreator) or address(getattr(meta, "from"))
    phone, lid = pair(caller, address(meta.callCreatorAlt))
    milliseconds = meta.timestamp * 1000
    envelope = {key: value for key, value in notification_envelope(account).items() if key not in ("expiresAt", "code")}
    shown = phone or lid or ""
    body = {
        **envelope,
        "isStatusReply": False,
        "chatLid": lid,
        "waitingMessage": False,
        "isEdit": False,
        # WhatsApp gives calls an id of their own; this one has the documented form and is the same on each telling.
        "messageId": f"{meta.timestamp // 1000}-{zlib.crc32(f'{meta.callID}{name}'.encode()) % 1000}",
        "phone": shown,
        "momment": milliseconds,
        "chatName": shown,
        "senderName": "" if is_missed else shown,
        "senderPhoto": account.picture_of(shown),
        "photo": account.picture_of(shown),
        "notification": name,
        "notificationParameters": [],
        "callId": meta.callID,
    }
    if lid is not None:
        body["senderLid"] = lid
    return event(account.instance_id, "received", body)


def _has(node: Node, tag: str) -> bool:
    return any(child.Tag == tag for child in node.Nodes)
