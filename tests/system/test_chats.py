"""Chats, tags and the address book over HTTP, through one real session that is relayed: the phone takes each change
only when it has verified it, and the library fetches it back."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from common.local.valkey import Valkey
from tests.contract.remaining_routes import ROUTES, Route
from tests.databases import Databases
from tests.system.documented import answers_as_documented
from tests.system.talking import FRIEND, OTHER, PHONE, Talk, talking
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio


MINE = [
    route
    for route in ROUTES
    if "chat" in route.path or "tag" in route.path or route.path in ("contacts", "contacts/add", "contacts/remove")
]


class Relayed(Talk):
    async def chat(self, phone: str) -> dict[str, Any]:
        """As the list has it."""
        (found,) = [one for one in await self.get("chats", page=1, pageSize=1000) if one["phone"] == phone]
        assert isinstance(found, dict)
        return found

    async def until(self, phone: str, **shown: Any) -> dict[str, Any]:
        """The chat, once the list has it like this."""
        with anyio.fail_after(PATIENCE):
            while True:
                chats = await self.get("chats", page=1, pageSize=1000)
                for one in chats:
                    if one["phone"] == phone and shown.items() <= one.items():
                        return dict(one)
                await anyio.sleep(0.05)

    async def seen(self) -> list[list[str]]:
        """The indices of the changes that the phone has verified and taken."""
        answer = await self.emulator.get(f"contacts/{PHONE}/sightings?kind=app-state&after=0&wait=1")
        return [each["index"] for each in answer["sightings"]]


@pytest.fixture(scope="module")
async def talk(
    databases: Databases, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Relayed]:
    """One session for all tests of the file."""
    folder = tmp_path_factory.mktemp("chats")
    async with talking(databases, valkey, folder, WHATSAPP_WIRE="relay") as talk:
        relayed = Relayed(talk.caller, talk.emulator)
        await until_keys_are_shared(relayed)
        yield relayed


async def until_keys_are_shared(talk: Relayed) -> None:
    """The phone shares the key of its app state with a new device when it finds the time; until then we say 503."""
    with anyio.fail_after(PATIENCE):
        while (await talk.caller.post("modify-chat", {"phone": OTHER, "action": "unmute"})).status_code == 503:
            await anyio.sleep(0.05)


async def test_the_phone_s_history_and_what_comes_in_fill_the_list(talk: Relayed) -> None:
    old = [{"text": "ontem", "at": 1_700_000_000}]
    await talk.emulator.post(f"accounts/{PHONE}/history", chats=[{"chat": FRIEND, "name": "Bia", "messages": old}])
    chat = await talk.until(FRIEND, name="Bia")
    assert (chat["unread"], chat["lastMessageTime"]) == ("0", "1700000000")
    await talk.emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text="oi")
    await talk.emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text="tudo bem?")
    chat = await talk.until(FRIEND, unread="2")
    assert int(chat["lastMessageTime"]) > 1_700_000_000
    shown = await talk.get(f"chats/{FRIEND}")
    assert (shown["unread"], shown["isGroup"], shown["phone"]) == ("2", False, FRIEND)
    assert await talk.get(f"chat/{FRIEND}") == shown
    assert "error" in await talk.get("chats/5511900000077", 404)


async def test_a_chat_is_changed_and_shown_as_it_is_then(talk: Relayed) -> None:
    await talk.emulator.post(f"contacts/{OTHER}/send", to=PHONE, text="oi")
    await talk.until(OTHER, unread="1")
    before = len(await talk.seen())
    for action, shown in (
        ("read", {"unread": "0"}),
        ("unread", {"unread": "1"}),
        ("pin", {"pinned": "true"}),
        ("mute", {"isMuted": "1", "muteEndTime": -1}),
        ("archive", {"archived": "true", "pinned": "false"}),
        ("unarchive", {"archived": "false"}),
        ("unpin", {"pinned": "false"}),
        ("unmute", {"isMuted": "0"}),
        ("clear", {"unread": "0"}),
    ):
        assert await talk.post("modify-chat", {"phone": OTHER, "action": action}) == {"value": True}
        assert shown.items() <= (await talk.chat(OTHER)).items(), action
    assert await talk.post("modify-chat", {"phone": OTHER, "action": "delete"}) == {"value": True}
    assert "error" in await talk.get(f"chats/{OTHER}", 404)
    assert [index[0] for index in (await talk.seen())[before:]] == [
        "markChatAsRead", "markChatAsRead", "pin_v1", "mute", "archive", "pin_v1", "archive", "pin_v1", "mute",
        "clearChat", "deleteChat",
    ]  # fmt: skip
    assert await talk.emulator.sightings(OTHER, "receipt", "read")


async def test_tags_are_made_put_on_chats_and_deleted(talk: Relayed) -> None:
    before = len(await talk.seen())
    number = (await talk.post("business/create-tag", {"name": "Retirada", "color": 4}))["id"]
    assert await talk.get("tags") == [{"id": number, "name": "Retirada", "color": 4}]
    assert await talk.post(f"business/edit-tag/{number}", {"name": "Retirada na loja"}) == {"success": True}
    assert await talk.put(f"chats/{FRIEND}/tags/{number}/add", None) == {"value": True}
    assert await talk.put(f"chats/{FRIEND}/tags/{number}/remove", None) == {"value": True}
    assert await talk.put(f"chats/{FRIEND}/tags/7/add", None) == {"value": False}
    assert (await talk.caller.delete(f"business/tag/{number}")).json() == {"success": True}
    assert await talk.get("tags") == []
    assert [index[0] for index in (await talk.seen())[before:]] == [
        "label_edit", "label_edit", "label_jid", "label_jid", "label_edit",
    ]  # fmt: skip


async def test_contacts_are_saved_and_removed(talk: Relayed) -> None:
    people = [{"firstName": "Bia", "lastName": "Souza", "phone": FRIEND}, {"firstName": "Rui", "phone": OTHER}]
    assert await talk.post("contacts/add", people) == {"success": True, "errors": []}
    names = {one["phone"]: one["name"] for one in await talk.get("contacts", page=1, pageSize=1000)}
    assert (names[FRIEND], names[OTHER]) == ("Bia Souza", "Rui")
    removed = await talk.caller.call("DELETE", "contacts/remove", json=[OTHER, "5511900000077"])
    assert removed.json() == {"success": True, "errors": []}


async def test_a_received_message_is_removed_for_the_own_devices_alone(talk: Relayed) -> None:
    received = await talk.emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text="apague")
    query = {"phone": FRIEND, "messageId": received["id"], "owner": "false"}
    before = len(await talk.seen())
    assert (await talk.caller.delete("messages", params=query)).status_code == 204
    with anyio.fail_after(PATIENCE):
        while len(changes := (await talk.seen())[before:]) < 1:
            await anyio.sleep(0.05)
    (what, chat, *message), *others = changes
    assert (what, chat.partition("@")[2], message, others) == (
        "deleteMessageForMe", "lid", [received["id"], "0", "0"], [],
    )  # fmt: skip


async def test_a_note_is_shown_with_its_chat(talk: Relayed) -> None:
    assert await talk.post(f"chats/{FRIEND}/notes", {"notes": "Prefere entrega a tarde"}) == {"success": True}
    chat = await talk.until(FRIEND)
    assert chat["notes"]["content"] == "Prefere entrega a tarde"
    assert (await talk.get(f"chats/{FRIEND}"))["notes"] == chat["notes"]


@pytest.mark.parametrize("route", MINE, ids=lambda one: f"{one.method} {one.path}")
async def test_the_contract_s_calls_are_answered_as_the_document_says(talk: Relayed, route: Route) -> None:
    await answers_as_documented(talk.caller, route)
