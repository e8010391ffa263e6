"""Chats: what events of the engine tell of the chats that they happened in, for the list that the gateway keeps."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from common.addresses import LID, NEWSLETTER, STATUS, USER, Jid, server_of, without_device
from common.tables.chat import FOR_EVER, ChatNews
from common.tables.event_inbox import ToldEvent
from sender.translation.profile import is_read_by_me
from sender.translation.remembering import is_message
from sender.translation.scene import Account, Source
from sender.whatsapp.engine_events import (
    EventCode,
    GroupInfoEvent,
    HistorySync,
    JoinedGroup,
    Receipt,
    ReceivedMessage,
    address,
)

LONGEST_NAME = 512
LATEST = 2**35  # seconds: what is later was not meant as a time


def news_of(row: ToldEvent, account: Account) -> list[ChatNews]:
    """In the order in which it happened. Raises whatever a malformed event raises."""
    match row.code:
        case EventCode.MESSAGE:
            return _message(row, account)
        case EventCode.RECEIPT:
            return _receipt(row, account)
        case EventCode.JOINED_GROUP:
            group = JoinedGroup.FromString(row.body).GroupInfo
            return _named(row, address(group.JID), group.GroupName.Name)
        case EventCode.GROUP_INFO:
            told = GroupInfoEvent.FromString(row.body)
            return _named(row, address(told.JID), told.Name.Name) if told.HasField("Name") else []
        case EventCode.HISTORY_SYNC:
            return list(_history(row, account))
    return []


def reduced(body: bytes) -> bytes | None:
    """A history without its messages, which nobody here needs: a hundredth of it. None where no chat is told of."""
    told = HistorySync.FromString(body).Data
    kept = HistorySync()
    kept.Data.syncType = told.syncType
    for conversation in told.conversations:
        times = [each.message.messageTimestamp for each in conversation.messages]
        last = max([conversation.conversationTimestamp, conversation.lastMsgTimestamp, *times])
        for name in _DROPPED:
            conversation.ClearField(name)
        conversation.conversationTimestamp = last
        kept.Data.conversations.append(conversation)
    kept.Data.pushnames.extend(told.pushnames)
    kept.Data.phoneNumberToLidMappings.extend(told.phoneNumberToLidMappings)
    return kept.SerializeToString() if told.conversations or told.pushnames else None


_DROPPED = ("messages", "participant", "wallpaper", "disappearingMode", "tcToken", "contactPrimaryIdentityKey")


def _message(row: ToldEvent, account: Account) -> list[ChatNews]:
    """Only what somebody could read: no keys, reactions, votes or edits. A chat of two is called as its other side
    calls itself."""
    told = ReceivedMessage.FromString(row.body)
    source = Source.of(told.Info.MessageSource, account)
    if not is_message(told) or without_device(source.chat) == STATUS:
        return []
    is_with_person = server_of(source.chat) in (USER, LID)
    moment = _moment(told.Info.Timestamp / 1000) or row.told_at
    # The autopilot marks it at once.
    is_read = row.auto_read_message and not source.is_own and server_of(source.chat) != NEWSLETTER
    news = ChatNews(
        row.instance_id,
        _address(source),
        Jid(source.chat_lid) if source.chat_lid else None,
        push_name=_name(told.Info.Pushname) if is_with_person and not source.is_own else None,
        last_message_at=moment,
        unread=0 if source.is_own or is_read else 1,
        read_at=moment if is_read else None,
        last_received_id=None if source.is_own else told.Info.ID.replace("\0", ""),
        last_received_by=None if source.is_own else address(told.Info.MessageSource.Sender),
    )
    return [news]


def _receipt(row: ToldEvent, account: Account) -> list[ChatNews]:
    """Read on another device of the account: up to the newest, as phones do it."""
    told = Receipt.FromString(row.body)
    if not is_read_by_me(told):
        return []
    source = Source.of(told.MessageSource, account)
    if without_device(source.chat) == STATUS:
        return []
    return [ChatNews(row.instance_id, _address(source), read_at=_moment(told.Timestamp) or row.told_at)]


def _named(row: ToldEvent, group: Jid | None, name: str) -> list[ChatNews]:
    return [] if group is None else [ChatNews(row.instance_id, without_device(group), name=_name(name))]


def _history(row: ToldEvent, account: Account) -> Iterator[ChatNews]:
    told = HistorySync.FromString(row.body).Data
    numbers = {each.lidJID: each.pnJID for each in told.phoneNumberToLidMappings}
    for conversation in told.conversations:
        found = _both_addresses(conversation, numbers, account)
        if found is None:
            continue
        chat, lid = found
        last = _moment(conversation.conversationTimestamp)
        unread = max(conversation.unreadCount, 1 if conversation.markedAsUnread else 0)
        yield ChatNews(
            row.instance_id,
            chat,
            lid,
            _name(conversation.name or conversation.displayName),
            last_message_at=last,
            unread=min(unread, 2**30),
            read_at=last or row.told_at,
            is_archived=conversation.archived,
            is_pinned=conversation.pinned > 0,
            muted_until=_muted_until(conversation.muteEndTime),
        )


def _both_addresses(conversation: Any, numbers: dict[str, str], account: Account) -> tuple[Jid, Jid | None] | None:
    """The number's address first, where the number is known. None: that is no chat."""
    told = conversation.newJID or conversation.ID
    user, at, server = told.replace("\0", "").partition("@")
    if not user or not at or not server or told == STATUS:
        return None
    chat = without_device(Jid(f"{user}@{server}"))
    if server == LID:
        number = conversation.pnJID or numbers.get(chat) or account.numbers.get(chat, "")
        known = number.partition("@")[0]
        return (Jid(f"{known}@{USER}"), chat) if known.isdigit() else (chat, chat)
    lid = without_device(Jid(conversation.lidJID)) if server == USER and conversation.lidJID else None
    return chat, lid


def _address(source: Source) -> Jid:
    """By number where that is known: how callers name a chat of two."""
    if server_of(source.chat) == NEWSLETTER or not source.chat_phone.isdigit():
        return source.chat
    return Jid(f"{source.chat_phone}@{USER}")


def _name(text: str) -> str | None:
    return text.replace("\0", "").strip()[:LONGEST_NAME] or None


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < LATEST else None


def _muted_until(told: int) -> int:
    """Phones write seconds, and a time far away or an overflown one for ever."""
    if not told:
        return 0
    return told * 1000 if told < LATEST else FOR_EVER
