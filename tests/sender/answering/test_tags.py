"""Tags: made, changed, deleted and put on chats through the relay, and refused on the other way."""

import orjson
import pytest

from common.addresses import Jid, parse_phone
from common.errors import Refused, TemporaryFailure
from common.tables import chat, tag
from common.tables.chat import ChatNews
from common.tables.tag import Tag
from sender.answers import NoAnswer
from tests.builders import insert_instance
from tests.sender.answering.chats import Desk

pytestmark = pytest.mark.anyio

PHONE, LID = "5511987654321", Jid("204518739260417@lid")
MARINA = parse_phone(PHONE)


async def tags(desk: Desk) -> list[Tag]:
    return await tag.list_all(desk.pool, desk.instance)


async def create(desk: Desk, name: str = "Retirada", color: int | None = None) -> str:
    told = await desk.ask("create-tag", name=name, color=color)
    id: str = told["id"]  # noqa: A001
    return id


async def test_tags_are_made_with_numbers_and_colours_of_their_own(relayed: Desk) -> None:
    assert [await create(relayed, "A", 1), await create(relayed, "B"), await create(relayed, "C")] == [
        "101", "102", "103",
    ]  # fmt: skip
    assert relayed.shared.labels == {"101": ("A", 1), "102": ("B", 0), "103": ("C", 2)}
    assert await tags(relayed) == [Tag(101, "A", 1), Tag(102, "B", 0), Tag(103, "C", 2)]


async def test_a_tag_is_changed_and_keeps_its_colour_unless_it_gets_another(relayed: Desk) -> None:
    number = await create(relayed, color=4)
    assert await relayed.ask("edit-tag", tagId=number, name="Entrega", color=None) == {"success": True}
    assert relayed.shared.labels[number] == ("Entrega", 4)
    assert await relayed.ask("edit-tag", tagId=number, name="Entrega", color=7) == {"success": True}
    assert await tags(relayed) == [Tag(101, "Entrega", 7)]


async def test_a_tag_is_deleted(relayed: Desk) -> None:
    number = await create(relayed)
    assert await relayed.ask("delete-tag", tagId=number) == {"success": True}
    assert (relayed.shared.labels, await tags(relayed)) == ({}, [])
    assert await relayed.ask("delete-tag", tagId=number) == {"success": False}


async def test_a_tag_is_put_on_a_chat_and_taken_off(relayed: Desk) -> None:
    number = await create(relayed)
    await chat.tell(relayed.pool, [ChatNews(relayed.instance, MARINA, LID)])
    assert await relayed.ask("add-tag", phone=LID, tag=number) == {"value": True}
    assert relayed.shared.labeled == {(number, LID)}
    assert await relayed.ask("remove-tag", phone=PHONE, tag=number) == {"value": True}
    assert relayed.shared.labeled == set()


async def test_webhooks_hear_of_a_tag_that_was_put_on_a_chat(relayed: Desk) -> None:
    relayed.instance = await insert_instance(
        relayed.pool, phone="5511912345678", profile_name="Front desk", received_callback_url="https://hooks.example.com",
        receive_callback_sent_by_me=True,
    )  # fmt: skip
    number = await create(relayed)
    for is_on in (True, False):
        await relayed.ask("add-tag" if is_on else "remove-tag", phone=PHONE, tag=number)
    bodies = [orjson.loads(row[0]) for row in await relayed.pool.fetch("SELECT body FROM event ORDER BY seq")]
    assert [one["notificationParameters"] for one in bodies] == [
        [{"phone": PHONE, "label": number, "assigned": is_on}] for is_on in (True, False)
    ]
    assert relayed.announced == {relayed.instance}
    told = {**bodies[0], "instanceId": "", "momment": 0, "notificationParameters": []}
    assert told == {
        "isGroup": False, "isNewsletter": False, "instanceId": "", "phone": "5511912345678",
        "connectedPhone": "5511912345678", "fromMe": True, "momment": 0, "expiresAt": None, "status": "RECEIVED",
        "chatName": None, "senderPhoto": None, "senderName": "Front desk", "photo": None, "broadcast": False,
        "referenceMessageId": None, "externalAdReply": None, "forwarded": False, "type": "ReceivedCallback",
        "notification": "CHAT_LABEL_ASSOCIATION", "notificationParameters": [], "callId": None, "code": None,
    }  # fmt: skip


async def test_a_tag_that_nobody_made_here_is_left_alone(relayed: Desk) -> None:
    assert await relayed.ask("edit-tag", tagId="3", name="x", color=1) == {"success": False}
    assert await relayed.ask("add-tag", phone=PHONE, tag="3") == {"value": False}
    assert relayed.shared.changes == []


@pytest.mark.parametrize(("error", "status"), [(Refused(), 400), (TemporaryFailure(), 503)])
async def test_a_tag_that_whatsapp_does_not_take_is_not_listed(relayed: Desk, error: Exception, status: int) -> None:
    relayed.shared.errors.append(error)  # type: ignore[arg-type]
    with pytest.raises(NoAnswer) as no:
        await create(relayed)
    assert no.value.status == status
    assert await tags(relayed) == []


async def test_directly_tags_cannot_be_changed(direct: Desk) -> None:
    for question, arguments in {
        "create-tag": {"name": "x", "color": None},
        "edit-tag": {"tagId": "101", "name": "x", "color": None},
        "delete-tag": {"tagId": "101"},
        "add-tag": {"phone": PHONE, "tag": "101"},
        "remove-tag": {"phone": PHONE, "tag": "101"},
    }.items():
        with pytest.raises(NoAnswer) as no:
            await direct.ask(question, **arguments)
        assert (no.value.status, no.value.code) == (501, "not-supported-by-engine")
    assert await tags(direct) == []
