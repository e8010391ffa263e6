"""A message that was opened without the library, as the library would have told it."""

from collections.abc import Iterable
from typing import Any

from sender.whatsapp.engine_events import ReceivedMessage, e2e
from sender.whatsapp.neonize.protobuf import JID, from_engine
from sender.whatsapp.relay.arrival import ArrivalName, Source
from sender.whatsapp.relay.recovery import Recovered
from sender.whatsapp.wire import jid as wire

# As whatsmeow's UnwrapRaw takes them off: the wrapper and what is said of the message then.
_WRAPPERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("botInvokeMessage", ()),
    ("ephemeralMessage", ("IsEphemeral",)),
    ("viewOnceMessage", ("IsViewOnce",)),
    ("viewOnceMessageV2", ("IsViewOnce", "IsViewOnceV2")),
    ("viewOnceMessageV2Extension", ("IsViewOnce", "IsViewOnceV2", "IsViewOnceV2Extension")),
    ("lottieStickerMessage", ("IsLottieSticker",)),
    ("documentWithCaptionMessage", ("IsDocumentWithCaption",)),
    ("editedMessage", ("IsEdit",)),
)
_NOTHING_WRITTEN = frozenset({"senderKeyDistributionMessage", "messageContextInfo"})


def name_of(body: bytes) -> ArrivalName | None:
    """The name of a message that the library tells. None: it only hands over a key, and what it came with follows."""
    told = ReceivedMessage.FromString(body)
    if not _is_written(told.Message):
        return None
    source = told.Info.MessageSource
    return ArrivalName(from_engine(source.Chat), from_engine(source.Sender), told.Info.ID)


def event_of(recovered: Recovered, source: Source) -> bytes | None:
    """The body of the library's event of a message. None: nothing was written in it."""
    written = [each for each in map(e2e.Message.FromString, recovered.messages) if _is_written(each)]
    if not written:
        return None
    raw, stanza = written[-1], recovered.stanza
    event = ReceivedMessage(
        IsEphemeral=False, IsViewOnce=False, IsViewOnceV2=False, IsViewOnceV2Extension=False,
        IsDocumentWithCaption=False, IsLottieSticker=False, IsEdit=False, UnavailableRequestID="", RetryCount=0,
    )  # fmt: skip
    info = event.Info
    info.ID, info.ServerID, info.Type = stanza.text("id"), stanza.number("server_id"), stanza.get("type") or ""
    info.Pushname, info.Timestamp = stanza.get("notify") or "", stanza.number("t") * 1000
    info.Category, info.Edit = stanza.get("category") or "", stanza.get("edit") or ""
    info.Multicast = stanza.find("multicast") is not None
    sealed = stanza.find("enc")
    info.MediaType = (sealed.get("mediatype") if sealed is not None else None) or ""
    _fill_source(info.MessageSource, stanza.get("addressing_mode"), source)
    event.Message.CopyFrom(_unwrapped(raw, event))
    event.Raw.CopyFrom(event.Message)
    if event.IsInitialized():
        body: bytes = event.SerializeToString()
        return body
    raise ValueError(f"an event lacks {event.FindInitializationErrors()}")


def _unwrapped(message: Any, event: Any) -> Any:
    outer = message
    if message.HasField("deviceSentMessage") and message.deviceSentMessage.HasField("message"):
        meta = event.Info.DeviceSentMeta
        meta.DestinationJID, meta.Phash = message.deviceSentMessage.destinationJID, message.deviceSentMessage.phash
        message = message.deviceSentMessage.message
    for wrapper, facts in _WRAPPERS:
        if message.HasField(wrapper) and getattr(message, wrapper).HasField("message"):
            message = getattr(message, wrapper).message
            for fact in facts:
                setattr(event, fact, True)
    if not message.HasField("messageContextInfo") and outer.HasField("messageContextInfo"):
        message.messageContextInfo.CopyFrom(outer.messageContextInfo)
    return message


def _fill_source(told: Any, mode: str | None, source: Source) -> None:
    told.Chat.CopyFrom(_address(source.chat))
    told.Sender.CopyFrom(_address(source.sender))
    told.IsFromMe, told.IsGroup = source.is_own, source.is_group
    told.SenderAlt.CopyFrom(_address(source.other))
    told.RecipientAlt.CopyFrom(_address(source.recipient_other))
    told.BroadcastListOwner.CopyFrom(_address(None))
    if mode:
        told.AddressingMode = {"pn": 1, "lid": 2}.get(mode, told.AddressingMode)


def _address(jid: wire.Jid | None) -> JID:
    """An absent one is an empty one, as the library writes it."""
    if jid is None:
        return JID(User="", RawAgent=0, Device=0, Integrator=0, Server="", IsEmpty=True)
    return JID(
        User=jid.user, RawAgent=0, Device=jid.device, Integrator=jid.integrator, Server=jid.server, IsEmpty=False
    )


def _is_written(message: Any) -> bool:
    return any(field.name not in _NOTHING_WRITTEN for field, _ in message.ListFields())


def addresses_of(device: str, lid: str | None) -> frozenset[str]:
    """The users that are this account: of its number and of its LID."""
    own: Iterable[str | None] = (device, lid)
    return frozenset(wire.Jid.parse(each).user for each in own if each)
