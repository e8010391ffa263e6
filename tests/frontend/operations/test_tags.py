"""Tags that are listed and notes that are kept, whether or not somebody holds the session."""

import pytest

from common.addresses import parse_phone
from common.postgres import Pool
from common.tables import chat, tag
from common.tables.chat import ChatNews
from tests.frontend.gateway import Caller

pytestmark = pytest.mark.anyio

PHONE = "5511987654321"


async def test_tags_are_listed_by_their_number(caller: Caller, pool: Pool) -> None:
    assert (await caller.get("tags")).json() == []
    for name, color in (("Entrega", 1), ("Retirada", None)):
        await tag.create(pool, caller.uuid, name, color, 20)
    assert (await caller.get("tags")).json() == [
        {"id": "101", "name": "Entrega", "color": 1},
        {"id": "102", "name": "Retirada", "color": 0},
    ]


async def test_the_colours_are_there_by_index(caller: Caller) -> None:
    told = (await caller.get("business/tags/colors")).json()
    assert (told["0"], told["1"], told["2"], len(told)) == ("#FF9485", "#64C4FF", "#FFD429", 20)


async def test_a_note_is_written_replaced_and_erased(caller: Caller, pool: Pool) -> None:
    await chat.tell(pool, [ChatNews(caller.uuid, parse_phone(PHONE))])

    async def note() -> str | None:
        found = await chat.find(pool, caller.uuid, parse_phone(PHONE))
        assert found is not None
        return None if found.note is None else found.note.content

    for text, kept in (("Prefere entrega a tarde", "Prefere entrega a tarde"), ("de manha", "de manha"), (" ", None)):
        answer = await caller.post(f"chats/{PHONE}/notes", {"notes": text})
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert await note() == kept


async def test_a_note_on_a_broadcast_list_is_taken_too(caller: Caller) -> None:
    answer = await caller.post("chats/1624901640-broadcast/notes", {"notes": "lista"})
    assert answer.json() == {"success": True}


@pytest.mark.parametrize("body", [{}, {"notes": None}, {"notes": "x" * 4_097}])
async def test_a_note_that_is_none_is_refused(caller: Caller, body: object) -> None:
    answer = await caller.post(f"chats/{PHONE}/notes", body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("notes: ")
