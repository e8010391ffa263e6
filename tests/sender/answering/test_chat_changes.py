"""What is done to a chat, on each way to WhatsApp, and what the list shows afterwards."""

from datetime import UTC, datetime

import pytest

from common.addresses import Jid, parse_phone
from common.errors import Refused
from common.tables import chat as table
from common.tables.chat import Chat, ChatNews
from sender.answers import NoAnswer
from tests.sender.answering.chats import Desk

pytestmark = pytest.mark.anyio

PHONE, LID = "5511987654321", Jid("204518739260417@lid")
MARINA, TEAM = parse_phone(PHONE), Jid("120363041234567890@g.us")
AT = datetime(2026, 1, 1, 14, 30, tzinfo=UTC)
CHANGES = {
    "unread": ("read", False, "unread", 3),
    "archive": ("archive", True, "is_archived", True),
    "unarchive": ("archive", False, "is_archived", False),
    "pin": ("pin", True, "is_pinned", True),
    "unpin": ("pin", False, "is_pinned", False),
    "mute": ("mute", True, "muted_until", -1),
    "unmute": ("mute", False, "muted_until", 0),
    "clear": ("clear", AT, "unread", 0),
}
"""By action: what WhatsApp is told, and what the list shows."""


async def tell(desk: Desk) -> None:
    received = {"last_message_at": AT, "unread": 3, "last_received_id": "3EB0A1"}
    await table.tell(
        desk.pool,
        [
            ChatNews(desk.instance, MARINA, LID, last_received_by=Jid("204518739260417:2@lid"), **received),  # type: ignore[arg-type]
            ChatNews(desk.instance, TEAM, last_received_by=LID, **received),  # type: ignore[arg-type]
        ],
    )


async def found(desk: Desk, chat: Jid = MARINA) -> Chat:
    one = await table.find(desk.pool, desk.instance, chat)
    assert one is not None
    return one


async def modify(desk: Desk, action: str, phone: str = PHONE) -> object:
    return await desk.ask("modify-chat", phone=phone, action=action)


@pytest.mark.parametrize("action", CHANGES)
async def test_through_the_relay_a_chat_is_changed_and_the_list_shows_it(relayed: Desk, action: str) -> None:
    await tell(relayed)
    what, value, column, shown = CHANGES[action]
    assert await modify(relayed, action) == {"value": True}
    assert relayed.shared.changes == [(what, LID, value)]
    assert getattr(await found(relayed), column) == shown


async def test_a_chat_that_is_deleted_is_not_listed(relayed: Desk) -> None:
    await tell(relayed)
    assert await modify(relayed, "delete", LID) == {"value": True}
    assert relayed.shared.changes == [("delete", LID, AT)]
    assert await table.find(relayed.pool, relayed.instance, MARINA) is None


async def test_reading_through_the_relay_tells_the_senders_and_the_own_devices(relayed: Desk) -> None:
    await tell(relayed)
    assert await modify(relayed, "read") == {"value": True}
    assert relayed.session.read == [(LID, None, "3EB0A1")]
    assert relayed.shared.changes == [("read", LID, True)]
    assert (await found(relayed)).unread == 0


@pytest.mark.parametrize("action", [*CHANGES, "delete"])
async def test_directly_nothing_but_reading_is_possible_and_the_answer_says_how(direct: Desk, action: str) -> None:
    await tell(direct)
    with pytest.raises(NoAnswer) as no:
        await modify(direct, action)
    assert (no.value.status, no.value.code) == (501, "not-supported-by-engine")
    assert "wire is relay" in no.value.text
    assert (await found(direct)).unread == 3


async def test_directly_the_newest_message_is_marked(direct: Desk) -> None:
    await tell(direct)
    assert await modify(direct, "read") == {"value": True}
    assert await modify(direct, "read", "120363041234567890-group") == {"value": True}
    assert direct.session.read == [(LID, None, "3EB0A1"), (TEAM, LID, "3EB0A1")]
    assert ((await found(direct)).unread, (await found(direct, TEAM)).unread) == (0, 0)


async def test_directly_a_chat_whose_messages_are_not_known_cannot_be_marked(direct: Desk) -> None:
    with pytest.raises(NoAnswer) as no:
        await modify(direct, "read")
    assert no.value.status == 501


async def test_what_whatsapp_refuses_is_false_and_changes_nothing(relayed: Desk) -> None:
    await tell(relayed)
    relayed.shared.errors.append(Refused())
    assert await modify(relayed, "pin") == {"value": False}
    assert not (await found(relayed)).is_pinned


async def test_nothing_is_changed_while_nothing_is_connected(relayed: Desk) -> None:
    relayed.session.cut()
    with pytest.raises(NoAnswer) as no:
        await modify(relayed, "pin")
    assert no.value.status == 400
