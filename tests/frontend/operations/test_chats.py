"""Stored messages of a chat: what webhooks were told of it, page by page back in time."""

from typing import Any

import orjson
import pytest

from common.postgres import Pool
from common.tables import event
from common.tables.event import NewEvent
from tests.frontend.gateway import Caller

pytestmark = pytest.mark.anyio

PHONE, OTHER = "5511987654321", "5511900000002"


async def tell(pool: Pool, caller: Caller, *bodies: dict[str, Any]) -> None:
    events = [NewEvent(caller.uuid, "received", "ReceivedCallback", orjson.dumps(body)) for body in bodies]
    async with pool.acquire() as connection, connection.transaction():
        await event.append(connection, events, keeps_all=True)


def told(id: str, phone: str = PHONE, **more: Any) -> dict[str, Any]:
    return {
        "type": "ReceivedCallback", "messageId": id, "phone": phone, "chatLid": "204518739260417@lid", "fromMe": False,
        "momment": 1_767_277_800_000, "status": "RECEIVED", "text": {"message": id}, **more,
    }  # fmt: skip


async def ids(caller: Caller, phone: str = PHONE, **query: Any) -> list[str]:
    answer = await caller.get(f"chat-messages/{phone}", params=query)
    assert answer.status_code == 200, answer.text
    return [one["messageId"] for one in answer.json()]


async def test_messages_are_read_back_in_time_the_oldest_of_a_page_first(caller: Caller, pool: Pool) -> None:
    await tell(pool, caller, *(told(each) for each in "ABCDE"))
    assert await ids(caller, amount=2) == ["D", "E"]
    assert await ids(caller, amount=2, lastMessageId="D") == ["B", "C"]
    assert await ids(caller, amount=10, lastMessageId="B") == ["A"]
    assert await ids(caller, amount=10, lastMessageId="A") == []
    assert await ids(caller, "204518739260417@lid") == ["A", "B", "C", "D", "E"]


async def test_other_chats_and_notices_are_not_among_them(caller: Caller, pool: Pool) -> None:
    notice = told("N", notification="REVOKE")
    await tell(pool, caller, told("A"), told("X", OTHER, chatLid=None), notice)
    assert await ids(caller) == ["A"]
    assert await ids(caller, OTHER) == ["X"]
    assert await ids(caller, "5511900000009") == []
    assert await ids(caller, lastMessageId="UNKNOWN") == []


async def test_whatever_somebody_writes_can_be_read(caller: Caller, pool: Pool) -> None:
    texts = {"A": "a\0b\0", "B": "the words \\u0000", "C": "\\\0", "D": '"\\"'}
    await tell(pool, caller, *(told(id, text={"message": text}) for id, text in texts.items()))  # noqa: A001
    found = (await caller.get(f"chat-messages/{PHONE}")).json()
    assert [one["text"]["message"] for one in found] == ["ab", "the words \\u0000", "\\", '"\\"']


async def test_a_message_has_the_documented_members(caller: Caller, pool: Pool) -> None:
    await tell(pool, caller, told("A", isEdit=False, fromApi=False))
    (one,) = (await caller.get(f"chat-messages/{PHONE}")).json()
    assert one.keys() == {"messageId", "phone", "fromMe", "momment", "status", "text"}
