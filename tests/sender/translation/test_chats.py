"""What events tell of the chats that they happened in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from common.addresses import Jid
from common.tables.chat import ChatNews
from common.tables.event_inbox import ToldEvent
from sender.translation import chats
from sender.translation.persons import nameless_in
from sender.translation.scene import Account
from sender.whatsapp.engine_events import EventCode, HistorySync, Receipt, e2e
from tests.sender.translation.told import AT, GROUP, INSTANCE, LID, PHONE, message, row, source, text

MARINA = Jid(f"{PHONE}@s.whatsapp.net")
MOMENT = datetime.fromtimestamp(AT / 1000, UTC)


def told(one: ToldEvent, numbers: dict[Jid, str] | None = None) -> list[ChatNews]:
    return chats.news_of(one, Account.of(one, numbers or {}))


def history(*conversations: dict[str, Any], **fields: Any) -> bytes:
    sync = HistorySync()
    sync.Data.syncType = 0
    for each in conversations:
        sync.Data.conversations.add(**each)
    for lid, number in fields.get("numbers", {}).items():
        sync.Data.phoneNumberToLidMappings.add(lidJID=lid, pnJID=number)
    body: bytes = sync.SerializeToString()
    return body


def synced(*conversations: dict[str, Any], **fields: Any) -> list[ChatNews]:
    body = chats.reduced(history(*conversations, **fields))
    assert body is not None
    sync = HistorySync.FromString(body)
    return told(row(EventCode.HISTORY_SYNC, sync))


def test_a_received_message_is_unread_in_its_chat() -> None:
    (news,) = told(message(text()))
    assert news == ChatNews(
        INSTANCE, MARINA, Jid(LID), push_name="Marina Duarte", last_message_at=MOMENT, unread=1,
        last_received_id="3EB0779609E4A0446B32", last_received_by=Jid(LID),
    )  # fmt: skip


def test_a_message_in_a_group_names_the_group_after_nobody() -> None:
    (news,) = told(message(text(), source(chat=GROUP)))
    assert (news.chat, news.lid, news.push_name, news.unread, news.last_received_by) == (GROUP, None, None, 1, LID)


def test_an_own_message_is_not_unread() -> None:
    (news,) = told(message(text(), source(own=True)))
    assert (news.chat, news.unread, news.push_name, news.last_received_id) == (MARINA, 0, None, None)
    assert news.last_message_at == MOMENT


def test_what_is_marked_as_read_at_once_is_not_unread() -> None:
    (news,) = told(replace(message(text()), auto_read_message=True))
    assert (news.unread, news.read_at) == (0, MOMENT)


@pytest.mark.parametrize(
    "content",
    [e2e.Message(reactionMessage=e2e.ReactionMessage(text="x")), e2e.Message(protocolMessage=e2e.ProtocolMessage())],
)
def test_what_nobody_can_read_tells_nothing(content: Any) -> None:
    assert told(message(content)) == []


def test_a_status_is_no_chat() -> None:
    assert told(message(text(), source(chat="status@broadcast"))) == []


def test_what_was_read_on_the_phone_is_read() -> None:
    read = Receipt(MessageSource=source(own=True), MessageIDs=["A"], Timestamp=AT // 1000, Type=Receipt.READ_SELF)
    (news,) = told(row(EventCode.RECEIPT, read))
    assert (news.chat, news.unread) == (MARINA, 0)
    assert news.read_at is not None


def test_a_history_tells_of_its_chats_without_their_messages() -> None:
    marked = {"ID": GROUP, "name": "Equipe", "conversationTimestamp": 5, "markedAsUnread": True, "archived": True}
    person = {"ID": LID, "name": "Marina", "unreadCount": 3, "pinned": 9, "muteEndTime": 1_800_000_000}
    person["messages"] = [{"message": {"key": {"ID": "A"}, "messageTimestamp": AT // 1000}}]
    body = history(marked, person, numbers={LID: MARINA})
    kept = chats.reduced(body)
    assert kept is not None
    assert b"messages" not in kept
    assert len(HistorySync.FromString(kept).Data.conversations[1].messages) == 0
    group, one = synced(marked, person, numbers={LID: MARINA})
    assert (group.chat, group.name, group.unread, group.is_archived, group.is_pinned) == (
        GROUP, "Equipe", 1, True, False,
    )  # fmt: skip
    assert (one.chat, one.lid, one.unread, one.is_pinned, one.muted_until) == (
        MARINA, LID, 3, True, 1_800_000_000_000,
    )  # fmt: skip
    assert one.last_message_at == datetime.fromtimestamp(AT // 1000, UTC)


def test_numbers_behind_lids_of_a_history_are_looked_up_elsewhere() -> None:
    sync = HistorySync.FromString(history({"ID": LID}))
    one = row(EventCode.HISTORY_SYNC, sync)
    assert nameless_in(one) == {LID}
    (news,) = told(one, {Jid(LID): PHONE})
    assert (news.chat, news.lid) == (MARINA, LID)
    (unknown,) = told(one)
    assert (unknown.chat, unknown.lid) == (LID, LID)


def test_what_no_phone_would_write_does_no_harm() -> None:
    strange = {"ID": "x\0y@lid", "name": "a\0b", "conversationTimestamp": 2**63, "muteEndTime": 2**64 - 1}
    nameless: list[dict[str, Any]] = [{"ID": ""}, {"ID": "nothing"}, {"ID": "@lid"}, {"ID": "status@broadcast"}]
    (news,) = synced(strange, *nameless)
    assert (news.chat, news.name, news.last_message_at, news.muted_until) == ("xy@lid", "ab", None, -1)


def test_a_history_without_chats_is_not_kept() -> None:
    assert chats.reduced(history()) is None
