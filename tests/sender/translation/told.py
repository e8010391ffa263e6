"""What the engine tells, built for tests: rows of the inbox with a message, a notice, a call or a presence in them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from common.tables.event import NewEvent
from common.tables.event_inbox import ToldEvent
from sender.translation.families import Translator
from sender.translation.media import File, Link
from sender.whatsapp.engine_events import (
    JID,
    BasicCallMeta,
    CallOffer,
    CallRemoteMeta,
    EventCode,
    MessageInfo,
    MessageSource,
    Node,
    ReceivedMessage,
    e2e,
)

INSTANCE = UUID("3e1f0a6b-c2d9-4857-a0b1-c2d3e4f50617")
MY_PHONE, MY_LID = "5511912345678", "118273645509821@lid"
PHONE, LID = "5511987654321", "204518739260417@lid"
GROUP = "120363041234567890@g.us"
AT = 1767277861000
EMPTY = JID(User="", RawAgent=0, Device=0, Integrator=0, Server="", IsEmpty=True)


class Stored:
    """Files have links at once."""

    def link(self, file: File) -> Link:
        url = f"https://files.example.com/{file.kind}/{file.message_id}"
        return Link(url, f"{url}/small" if file.kind in ("image", "video") else "")


def jid(text: str) -> JID:
    user, _, server = text.partition("@")
    user, _, device = user.partition(":")
    return JID(User=user, RawAgent=0, Device=int(device or 0), Integrator=0, Server=server, IsEmpty=False)


def source(
    *, chat: str = LID, sender: str = LID, other: str | None = f"{PHONE}@s.whatsapp.net", own: bool = False
) -> MessageSource:
    """By default a chat of two under its LID, the number told beside it."""
    if own:
        recipient = jid(other) if other else EMPTY
        return MessageSource(
            Chat=jid(chat), Sender=jid(f"{MY_PHONE}:3@s.whatsapp.net"), IsFromMe=True, IsGroup=chat.endswith("g.us"),
            SenderAlt=jid(MY_LID), RecipientAlt=recipient, BroadcastListOwner=EMPTY,
        )  # fmt: skip
    return MessageSource(
        Chat=jid(chat), Sender=jid(sender), IsFromMe=False, IsGroup=chat.endswith("g.us"),
        SenderAlt=jid(other) if other else EMPTY, RecipientAlt=EMPTY, BroadcastListOwner=EMPTY,
    )  # fmt: skip


def info(where: MessageSource | None = None, *, id: str = "3EB0779609E4A0446B32", **fields: Any) -> MessageInfo:
    values: dict[str, Any] = {
        "ServerID": 0, "Type": "text", "Pushname": "Marina Duarte", "Timestamp": AT, "Category": "", "Multicast": False,
        "MediaType": "", "Edit": "", **fields,
    }  # fmt: skip
    return MessageInfo(MessageSource=where or source(), ID=id, **values)


def message(content: Any, where: MessageSource | None = None, **fields: Any) -> ToldEvent:
    """The inbox row of a received message."""
    told = ReceivedMessage(
        Info=info(where, **fields), Message=content, IsEphemeral=False, IsViewOnce=False, IsViewOnceV2=False,
        IsViewOnceV2Extension=False, IsDocumentWithCaption=False, IsLottieSticker=False, IsEdit=False,
        UnavailableRequestID="", RetryCount=0,
    )  # fmt: skip
    return row(EventCode.MESSAGE, told)


def call_offer(caller: str, call: str, at: int = AT // 1000, other: str | None = None) -> ToldEvent:
    """The inbox row of a call that rings."""
    who: dict[str, Any] = {"from": jid(caller), "callCreator": jid(caller)}
    meta = BasicCallMeta(timestamp=at, callID=call, callCreatorAlt=jid(other) if other else EMPTY, **who)
    remote = CallRemoteMeta(remotePlatform="android", remoteVersion="2.25")
    node = Node(Tag="offer", Nil=False, Bytes=b"")
    return row(EventCode.CALL_OFFER, CallOffer(basicCallMeta=meta, callRemoteMeta=remote, data=node))


def row(code: int, told: Any, number: int = 85930001) -> ToldEvent:
    return ToldEvent(
        number, INSTANCE, 7, int(code), told.SerializeToString(), datetime.fromtimestamp(AT / 1000, UTC), MY_PHONE,
        MY_LID, "Front desk",
    )  # fmt: skip


def events(*rows: ToldEvent) -> list[NewEvent]:
    translator = Translator(Stored())
    return [event for each in rows for event in translator.translate(each)]


def body(*rows: ToldEvent) -> dict[str, Any]:
    """The body of the one event that comes out."""
    made = events(*rows)
    assert len(made) == 1, made
    read: dict[str, Any] = orjson.loads(made[0].body)
    return read


def received(content: Any, where: MessageSource | None = None, **fields: Any) -> dict[str, Any]:
    return body(message(content, where, **fields))


def text(words: str = "On my way") -> Any:
    return e2e.Message(conversation=words)
