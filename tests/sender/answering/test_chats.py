"""The list of chats, and what is shown of one: what is known here, what the phone has set, what people show."""

from datetime import UTC, datetime, timedelta

import pytest

from common.addresses import Jid, parse_phone, to_phone
from common.postgres import Pool
from common.tables import chat as table
from common.tables import chat_note
from common.tables.chat import ChatNews
from frontend.replies.chats import ChatMetadata, Chats
from sender.answers import NoAnswer
from sender.whatsapp.powers.people import FOREVER, ChatSettings, Contact
from tests.sender.answering.chats import Desk

pytestmark = pytest.mark.anyio

PHONE, LID = "5511987654321", Jid("204518739260417@lid")
MARINA, TEAM = parse_phone(PHONE), Jid("120363041234567890@g.us")
AT = datetime(2026, 1, 1, 14, 30, tzinfo=UTC)


async def tell(desk: Desk) -> None:
    await table.tell(
        desk.pool,
        [
            ChatNews(desk.instance, MARINA, LID, push_name="Mari", last_message_at=AT, unread=3),
            ChatNews(desk.instance, TEAM, name="Equipe", last_message_at=AT - timedelta(hours=1)),
        ],
    )


async def test_chats_are_listed_as_the_contract_shows_them(direct: Desk) -> None:
    await tell(direct)
    told = await direct.ask("chats", page=1, pageSize=20)
    Chats.model_validate(told)
    assert told[0] == {
        "archived": "false", "pinned": "false", "messagesUnread": 0, "phone": PHONE, "unread": "3", "name": "Mari",
        "lastMessageTime": str(int(AT.timestamp())), "isMuted": "0", "isMarkedSpam": "false",
        "isGroupAnnouncement": False, "isGroup": False, "profileThumbnail": None,
    }  # fmt: skip
    assert (told[1]["phone"], told[1]["name"], told[1]["isGroup"]) == ("120363041234567890-group", "Equipe", True)
    assert await direct.ask("chats", page=2, pageSize=1) == told[1:]
    assert await direct.ask("chats", page=3, pageSize=1) == []


async def test_what_the_phone_has_set_is_shown(direct: Desk) -> None:
    await tell(direct)
    later = direct.clock.now() + timedelta(hours=8)
    direct.people.settings = {
        LID: ChatSettings(is_archived=True, muted_until=later),
        TEAM: ChatSettings(False, True, FOREVER),
    }
    direct.people.names[LID] = Contact(LID, "Marina", "Marina Duarte", None, None)
    team, marina = await direct.ask("chats", page=1, pageSize=20)
    assert (team["pinned"], team["isMuted"], team["muteEndTime"]) == ("true", "1", -1)
    assert (marina["archived"], marina["name"], marina["muteEndTime"]) == (
        "true", "Marina Duarte", int(later.timestamp() * 1000),
    )  # fmt: skip
    direct.clock.move(timedelta(hours=9).total_seconds())
    _, marina = await direct.ask("chats", page=1, pageSize=20)
    assert (marina["isMuted"], "muteEndTime" in marina) == ("0", False)


async def test_a_group_that_came_without_a_name_gets_it(direct: Desk) -> None:
    made = await direct.session.groups.create("Equipe Norte", [MARINA])
    nameless = Jid("120363099999999999@g.us")
    news = [ChatNews(direct.instance, each, last_message_at=AT) for each in (made.address, nameless)]
    await table.tell(direct.pool, news)
    for _ in range(2):
        told = {one["phone"]: one["name"] for one in await direct.ask("chats", page=1, pageSize=20)}
        assert told == {
            to_phone(made.address): "Equipe Norte",
            "120363099999999999-group": "120363099999999999-group",
        }
    direct.session.cut()
    assert {one["name"] for one in await direct.ask("chats", page=1, pageSize=20)} == set(told.values())


async def test_one_chat_is_shown_with_its_note_and_what_the_person_shows(direct: Desk) -> None:
    await tell(direct)
    await chat_note.write(direct.pool, direct.instance, LID, "asks for invoices")
    direct.people.abouts[MARINA], direct.people.pictures[MARINA] = "At work", "https://pictures.example/1"
    told = await direct.ask("chat-metadata", phone=PHONE)
    ChatMetadata.model_validate(told)
    assert told.keys() <= ChatMetadata.model_fields.keys()
    assert (told["unread"], told["about"], told["profileThumbnail"]) == ("3", "At work", "https://pictures.example/1")
    assert told["notes"]["content"] == "asks for invoices"
    direct.people.pictures.clear()
    assert await direct.ask("chat-metadata", phone=LID) == told  # what was asked a moment ago is not asked again
    with pytest.raises(NoAnswer) as no:
        await direct.ask("chat-metadata", phone="5511900000009")
    assert no.value.status == 404


async def test_while_nothing_is_connected_the_list_is_still_there(direct: Desk) -> None:
    await tell(direct)
    direct.people.abouts[MARINA] = "At work"
    direct.session.cut()
    assert len(await direct.ask("chats", page=1, pageSize=20)) == 2
    assert (await direct.ask("chat-metadata", phone=PHONE))["about"] is None


async def test_a_note_is_changed_and_taken_away(pool: Pool, direct: Desk) -> None:
    await tell(direct)
    for content in ("one", "two"):
        await chat_note.write(pool, direct.instance, MARINA, content)
    chat = await table.find(pool, direct.instance, MARINA)
    assert chat is not None
    assert chat.note is not None
    assert chat.note.content == "two"
    assert chat.note.changed_at > chat.note.created_at
    await chat_note.write(pool, direct.instance, MARINA, "")
    chat = await table.find(pool, direct.instance, MARINA)
    assert chat is not None
    assert chat.note is None
