"""The scene of a message: which chat, who wrote, when; and the envelope that every ReceivedCallback begins with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID

from common.addresses import (
    BROADCAST,
    LID,
    NEWSLETTER,
    USER,
    Jid,
    is_group,
    server_of,
    to_phone,
    user_of,
    without_device,
)
from common.callbacks import written
from common.tables.event_inbox import ToldEvent
from common.tables.received_media import Kind
from sender.translation.media import File, Link, MediaLinks
from sender.whatsapp.engine_events import MessageInfo, MessageSource, address


@dataclass(frozen=True, slots=True)
class Account:
    """The linked number, as far as it is known."""

    instance_id: UUID
    phone: str
    lid: str | None
    name: str | None
    numbers: Mapping[Jid, str] = field(default_factory=dict)
    """Of others: from LIDs to the numbers behind them, where the event does not tell these itself."""

    picture: str | None = None
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Of others, by what the API calls them: links to their pictures, as far as these are known."""

    groups: Mapping[Jid, str] = field(default_factory=dict)
    """What groups are called, as far as that is known."""

    @classmethod
    def of(
        cls,
        row: ToldEvent,
        numbers: Mapping[Jid, str] = MappingProxyType({}),
        pictures: Mapping[str, str] = MappingProxyType({}),
        groups: Mapping[Jid, str] = MappingProxyType({}),
    ) -> "Account":
        account = (row.instance_id, row.phone or "", row.lid, row.profile_name)
        return cls(*account, numbers, row.profile_picture, pictures, groups)

    def picture_of(self, phone: str | None) -> str | None:
        """The link to what somebody or a group shows, spelled as the API does."""
        return self.picture if phone == self.phone else self.pictures.get(phone or "")

    def phone_of(self, jid: Jid) -> str:
        """How the API spells it: by number where that is known."""
        bare = without_device(jid)
        if self.lid and bare == without_device(Jid(self.lid)):
            return self.phone
        return self.numbers.get(bare) or to_phone(bare)


@dataclass(frozen=True, slots=True)
class Source:
    """Both addresses of the chat and of the writer, whenever both are known."""

    chat: Jid
    chat_phone: str
    chat_lid: str | None
    writer_phone: str | None
    writer_lid: str | None
    is_own: bool

    @property
    def is_group(self) -> bool:
        return is_group(self.chat)

    @classmethod
    def of(cls, source: MessageSource, account: Account) -> "Source":
        chat = without_device(address(source.Chat) or Jid(""))
        sender, other = address(source.Sender), address(source.SenderAlt)
        phone, lid = pair(sender, other)
        if phone is None and lid is not None:
            phone = account.numbers.get(Jid(lid))
        if source.IsFromMe:
            phone, lid = phone or account.phone, lid or account.lid
        chat_phone, chat_lid = to_phone(chat), None
        if server_of(chat) in (USER, LID):
            # In a chat of two the other side of the chat is the writer, or whom the linked number wrote to.
            known = pair(chat, address(source.RecipientAlt) if source.IsFromMe else other)
            chat_phone, chat_lid = known[0] or account.phone_of(chat), known[1]
        return cls(chat, chat_phone, chat_lid, phone, lid, source.IsFromMe)

    @classmethod
    def of_own(cls, chat: Jid, account: Account) -> "Source":
        """Of a message that the linked number sent through us."""
        bare = without_device(chat)
        _, lid = pair(bare, None)
        return cls(bare, to_phone(bare), lid, account.phone, account.lid, True)


@dataclass(slots=True)
class Scene:
    """One message as its family sees it. `links` collects the files that its callback links to."""

    account: Account
    source: Source
    message_id: str
    milliseconds: int
    media: MediaLinks
    push_name: str = ""
    from_api: bool = False
    told_ids: Mapping[str, str] = field(default_factory=dict)
    """From WhatsApp's ids to those that the API told, of what went out through it."""
    links: list[Link] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        info: MessageInfo,
        account: Account,
        media: MediaLinks,
        told_ids: Mapping[str, str] = MappingProxyType({}),
    ) -> "Scene":
        source = Source.of(info.MessageSource, account)
        return cls(account, source, info.ID, info.Timestamp, media, info.Pushname, told_ids=told_ids)

    def id_of(self, whatsapp_id: str) -> str:
        """An earlier message's id as the customer knows it."""
        return self.told_ids.get(whatsapp_id, whatsapp_id)

    def link(self, kind: Kind, part: Any) -> Link:
        """The link of a file of this message."""
        thumbnail = part.JPEGThumbnail if kind in ("image", "document") else b""
        file = File(
            self.account.instance_id, self.message_id, kind, part.mimetype, part.fileLength, part.SerializeToString(),
            thumbnail,
        )  # fmt: skip
        link = self.media.link(file)
        self.links.append(link)
        return link

    def phone_of(self, jid: str | None) -> str | None:
        """An address of the engine as the API spells it; the linked number's own by its number."""
        if not jid:
            return None
        bare = without_device(Jid(jid))
        if self.source.writer_lid and bare == self.source.writer_lid and self.source.writer_phone:
            return self.source.writer_phone
        if self.source.chat_lid and bare == self.source.chat_lid:
            return self.source.chat_phone
        return self.account.phone_of(bare)

    def is_me(self, jid: str | None) -> bool:
        if not jid:
            return False
        bare = without_device(Jid(jid))
        mine = (self.account.phone, user_of(Jid(self.account.lid)) if self.account.lid else None)
        return user_of(bare) in mine

    def envelope(self, **changes: Any) -> dict[str, Any]:
        """Every key that the envelope may have for a message. A LID that is not known is left out, not null."""
        source, account = self.source, self.account
        is_channel, is_list = server_of(source.chat) == NEWSLETTER, server_of(source.chat) == BROADCAST
        name = (account.name or account.phone) if source.is_own else self.push_name
        in_group = source.is_group or is_list
        body: dict[str, Any] = {
            "isStatusReply": False,
            "chatLid": source.chat_lid,
            "connectedPhone": account.phone,
            "waitingMessage": False,
            "isEdit": False,
            "isGroup": source.is_group,
            "isNewsletter": is_channel,
            "instanceId": written(account.instance_id),
            "messageId": self.message_id,
            "phone": source.chat_phone,
            "fromMe": source.is_own,
            "momment": self.milliseconds,
            "status": "SENT" if source.is_own else "RECEIVED",
            "chatName": self._chat_name(),
            "senderPhoto": account.picture_of(source.writer_phone or source.writer_lid),
            "senderName": name or source.writer_phone or "",
            "photo": account.picture_of(source.chat_phone),
            "broadcast": is_list,
            "participantPhone": source.writer_phone if source.is_group else None,
            "participantLid": source.writer_lid if in_group else None,
            "referenceMessageId": None,
            "messageExpirationSeconds": 0,
            "forwarded": False,
            "type": "ReceivedCallback",
            "fromApi": self.from_api,
        }
        if source.writer_lid is not None:
            body["senderLid"] = source.writer_lid
        return body | changes

    def _chat_name(self) -> str | None:
        """The library tells the writer's name; those of groups are what the gateway has learned."""
        if server_of(self.source.chat) == BROADCAST:
            return ""
        if server_of(self.source.chat) not in (USER, LID):
            return self.account.groups.get(self.source.chat)
        return self.source.chat_phone if self.source.is_own else self.push_name or self.source.chat_phone


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


def notification_envelope(account: Account, **known: Any) -> Mapping[str, Any]:
    """The smaller envelope of notices about groups and the account itself."""
    return {
        "isGroup": False,
        "isNewsletter": False,
        "instanceId": written(account.instance_id),
        "phone": account.phone,
        "connectedPhone": account.phone,
        "fromMe": False,
        "expiresAt": None,
        "status": "RECEIVED",
        "chatName": None,
        "senderPhoto": None,
        "senderName": "",
        "photo": None,
        "broadcast": False,
        "referenceMessageId": None,
        "externalAdReply": None,
        "forwarded": False,
        "type": "ReceivedCallback",
        "callId": None,
        "code": None,
        **known,
    }


def pair(one: Jid | None, other: Jid | None) -> tuple[str | None, str | None]:
    """(number, LID) of a person from the two addresses that may be known, in whichever order."""
    phone = lid = None
    for jid in (one, other):
        if jid is None:
            continue
        if server_of(jid) == USER:
            phone = user_of(jid)
        elif server_of(jid) == LID:
            lid = str(without_device(jid))
    return phone, lid
