"""The engine's event messages and their numbers, loaded without neonize's package code. Read only by translations."""

from enum import IntEnum

from sender.whatsapp.bare_package import load_bare

load_bare("neonize")

from neonize.proto.Neonize_pb2 import (  # noqa: E402
    JID,
    BasicCallMeta,
    CallOffer,
    CallOfferNotice,
    CallRemoteMeta,
    CallTerminate,
    ChatPresence,
    GroupInfoEvent,
    HistorySync,
    JoinedGroup,
    MessageInfo,
    MessageSource,
    Node,
    Picture,
    Presence,
    Receipt,
    UndecryptableMessage,
)
from neonize.proto.Neonize_pb2 import Message as ReceivedMessage  # noqa: E402
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as e2e  # noqa: E402

from common.addresses import Jid  # noqa: E402

__all__ = [
    "JID",
    "BasicCallMeta",
    "CallOffer",
    "CallOfferNotice",
    "CallRemoteMeta",
    "CallTerminate",
    "ChatPresence",
    "EventCode",
    "GroupInfoEvent",
    "HistorySync",
    "JoinedGroup",
    "MessageInfo",
    "MessageSource",
    "Node",
    "Picture",
    "Presence",
    "Receipt",
    "ReceivedMessage",
    "UndecryptableMessage",
    "address",
    "e2e",
]


class EventCode(IntEnum):
    HISTORY_SYNC = 13
    MESSAGE = 17
    RECEIPT = 18
    CHAT_PRESENCE = 19
    PRESENCE = 20
    JOINED_GROUP = 21
    GROUP_INFO = 22
    PICTURE = 23
    CALL_OFFER = 36
    CALL_OFFER_NOTICE = 40
    CALL_TERMINATE = 42
    UNDECRYPTABLE = 44


def address(jid: JID) -> Jid | None:
    """An address in our form; None for an empty one."""
    if not jid.Server or not jid.User:
        return None
    device = f":{jid.Device}" if jid.Device else ""
    return Jid(f"{jid.User}{device}@{jid.Server}")
