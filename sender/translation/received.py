"""Received messages: unwrap, find the family of the content, and put it into its envelope."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from common.addresses import BROADCAST, STATUS, Jid, server_of, user_of, without_device
from common.callbacks import Told, event, milliseconds
from common.tables.event import NewEvent
from common.tables.event_inbox import ToldEvent
from sender.translation import cards, channels, commerce, files, references, templates, text
from sender.translation.media import MediaLinks, NoMedia
from sender.translation.scene import Account, Scene, Source, without
from sender.translation.sealed import Change, Opened
from sender.whatsapp.engine_events import EventCode, MessageSource, ReceivedMessage, UndecryptableMessage, address, e2e

Read = Callable[[Any, Scene], dict[str, Any]]

FAMILIES: dict[str, Read] = {
    **text.FAMILY,
    **files.FAMILY,
    **cards.FAMILY,
    **references.FAMILY,
    **templates.FAMILY,
    **commerce.FAMILY,
    **channels.FAMILY,
}
"""By the name of the field that holds the content."""

_WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
    "lottieStickerMessage",
    "groupMentionedMessage",
    "associatedChildMessage",
    "botInvokeMessage",
    "pollCreationMessageV4",
)
_DEEPEST = 8


def message(
    body: bytes,
    account: Account,
    media: MediaLinks,
    opened: Opened | None = None,
    told_ids: Mapping[str, str] = MappingProxyType({}),
) -> list[NewEvent]:
    """A message event of the engine; `opened` is what was sealed in it, `told_ids` name what it is about."""
    told = ReceivedMessage.FromString(body)
    scene = Scene.of(told.Info, account, media, told_ids)
    if without_device(scene.source.chat) == STATUS:
        return []  # status posts of others have no documented callback
    recipients = told.Info.MessageSource
    is_view_once = told.IsViewOnce or told.IsViewOnceV2
    shown = _content(told.Message, scene, is_view_once=is_view_once, source=recipients, opened=opened)
    return [shown] if shown is not None else []


def sent_here(content: bytes, told: Told, at: datetime, account: Account) -> NewEvent | None:
    """A message that went out through us, for who asked to be told about own messages."""
    scene = Scene(
        account, Source.of_own(told.chat, account), told.message_id, milliseconds(at), NoMedia(), from_api=True
    )
    return _content(e2e.Message.FromString(content), scene)


def named_in(row: ToldEvent) -> set[str]:
    """The ids of the earlier messages that a message is about: what it answers, changes, takes back or votes in."""
    if row.code != EventCode.MESSAGE:
        return set()
    content, _ = _unwrapped(ReceivedMessage.FromString(row.body).Message)
    ids = set()
    for field, part in content.ListFields():
        if field.message_type is None:
            continue
        for inner, value in part.ListFields():
            if inner.name == "contextInfo":
                ids.add(value.stanzaID)
            elif inner.message_type is not None and inner.message_type.name == "MessageKey" and not inner.is_repeated:
                ids.add(value.ID)
    return ids - {""}


def options_of(body: bytes) -> list[str] | None:
    """The options of a poll that was received; None when the message is none."""
    content, _ = _unwrapped(e2e.Message.FromString(body))
    poll = next((part for field, part in content.ListFields() if field.name in references.POLLS), None)
    return None if poll is None else [option.optionName for option in poll.options]


def undecryptable(body: bytes, account: Account, media: MediaLinks) -> list[NewEvent]:
    """The message is known, its content is not available (yet). Its envelope is the smallest."""
    told = UndecryptableMessage.FromString(body)
    scene = Scene.of(told.Info, account, media)
    if without_device(scene.source.chat) == STATUS:
        return []
    envelope = scene.envelope(waitingMessage=True)
    keys = (
        "isGroup", "isNewsletter", "instanceId", "messageId", "momment", "status", "fromMe", "phone", "chatName",
        "senderName", "senderPhoto", "photo", "broadcast", "participantLid", "type", "waitingMessage",
    )  # fmt: skip
    minimal = {key: envelope[key] for key in keys}
    minimal["viewOnce"] = told.IsUnavailable and told.Info.MediaType == "view_once"
    return [event(account.instance_id, "received", minimal, is_own=scene.source.is_own)]


def _content(
    content: Any,
    scene: Scene,
    *,
    is_view_once: bool = False,
    source: MessageSource | None = None,
    opened: Opened | None = None,
) -> NewEvent | None:
    if opened is not None and not isinstance(opened, Change):
        shown = references.answered(content, opened, scene)
        return event(scene.account.instance_id, "received", scene.envelope() | shown, is_own=scene.source.is_own)
    content, once = _unwrapped(content if opened is None else opened.content)
    changes: dict[str, Any] = {}
    if content.HasField("protocolMessage"):
        protocol = content.protocolMessage
        if protocol.type == e2e.ProtocolMessage.REVOKE:
            return _revoked(scene.id_of(protocol.key.ID), scene)
        if protocol.type != e2e.ProtocolMessage.MESSAGE_EDIT:
            return None  # what devices say to each other
        scene.message_id = scene.id_of(protocol.key.ID)
        changes["isEdit"] = True
        content, once = _unwrapped(protocol.editedMessage)
    found = next(((field.name, part) for field, part in content.ListFields() if field.name in FAMILIES), None)
    if found is None:
        return None
    name, part = found
    if name == "pinInChatMessage":
        seconds = content.messageContextInfo.messageAddOnDurationInSecs
        shown = references.pin(part, scene, seconds) if seconds else references.pin(part, scene)
    else:
        shown = FAMILIES[name](part, scene)
    if not shown:
        return None
    if is_view_once or once:
        _mark_view_once(shown)
    changes |= _context(part, scene, shown)
    if source is not None and server_of(scene.source.chat) == BROADCAST and source.BroadcastRecipients:
        lids = (address(each.LID) or address(each.PN) for each in source.BroadcastRecipients)
        changes["broadcastRecipients"] = [user_of(lid) for lid in lids if lid is not None]
    body = scene.envelope(**changes) | shown
    if name == "productMessage":
        body = without(body, "chatName")
    if name == "declinePaymentRequestMessage":
        body = without(body, "senderPhoto")
    return _stored(body, scene)


def _stored(body: dict[str, Any], scene: Scene) -> NewEvent:
    made = event(scene.account.instance_id, "received", body, is_own=scene.source.is_own)
    files = tuple(file for link in scene.links for file in link.files)
    until = max((link.waits_until for link in scene.links if link.waits_until is not None), default=None)
    return replace(made, files=files, media_id=files[0].id if files and until else None, media_until=until)


def _revoked(message_id: str, scene: Scene) -> NewEvent:
    """A notice: `messageId` is that of the message that was deleted."""
    scene.message_id = message_id
    envelope = without(scene.envelope(), "isStatusReply", "senderLid", "waitingMessage", "isEdit", "fromApi",
                       "messageExpirationSeconds")  # fmt: skip
    notice: dict[str, Any] = {
        "expiresAt": None,
        "externalAdReply": None,
        "notification": "REVOKE",
        "notificationParameters": [],
        "callId": None,
        "code": None,
    }
    return event(scene.account.instance_id, "received", envelope | notice, is_own=scene.source.is_own)


def _context(part: Any, scene: Scene, shown: dict[str, Any]) -> dict[str, Any]:
    """What the content says of its surroundings: what it answers, whether it was forwarded, how long it lives."""
    if isinstance(part, str) or "contextInfo" not in part.DESCRIPTOR.fields_by_name or not part.HasField("contextInfo"):
        return {}
    context = part.contextInfo
    changes: dict[str, Any] = {
        "forwarded": context.isForwarded,
        "messageExpirationSeconds": context.expiration,
    }
    if context.stanzaID:
        changes["referenceMessageId"] = scene.id_of(context.stanzaID)
    if Jid(context.remoteJID) == STATUS and context.stanzaID:
        changes["isStatusReply"] = True
        quoted, _ = _unwrapped(context.quotedMessage)
        if quoted.HasField("imageMessage"):
            changes["statusImage"] = files.header_image(quoted.imageMessage, scene, key="mimetype")
    if context.HasField("externalAdReply") and "externalAdReply" not in shown:
        changes["externalAdReply"] = text.advertisement(context.externalAdReply)
    return changes


def _unwrapped(content: Any) -> tuple[Any, bool]:
    """The innermost message, and whether one of its wrappers is for a single look."""
    once = False
    for _ in range(_DEEPEST):
        if content.HasField("deviceSentMessage"):
            content = content.deviceSentMessage.message
            continue
        name = next((wrapper for wrapper in _WRAPPERS if content.HasField(wrapper)), None)
        if name is None:
            break
        once = once or name.startswith("viewOnce")
        content = getattr(content, name).message
    return content, once


def _mark_view_once(shown: dict[str, Any]) -> None:
    for part in shown.values():
        if isinstance(part, dict) and "viewOnce" in part:
            part["viewOnce"] = True
