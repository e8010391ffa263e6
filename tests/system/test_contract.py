"""The contract's routes about groups, communities, people and privacy over HTTP, answered by one real session."""

import base64
from collections.abc import AsyncIterator

import anyio
import pytest

from common.local.valkey import Valkey
from tests.databases import Databases
from tests.system.talking import FRIEND, NOBODY, OTHER, PHONE, Talk, png, talking
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]


@pytest.fixture(scope="module")
async def talk(
    databases: Databases, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Talk]:
    """One session for all tests of the file: each makes groups of its own."""
    folder = tmp_path_factory.mktemp("contract")
    async with talking(databases, valkey, folder, NUMBER_LOOKUP_PAUSE="1ms") as talk:
        yield talk


# --- groups ---


async def test_a_group_is_made_with_an_outcome_for_each_number(talk: Talk) -> None:
    body = {"autoInvite": False, "groupName": "Equipe Norte", "phones": [FRIEND, OTHER, PHONE]}
    made = await talk.post("create-group", body)
    assert made["phone"].endswith("-group")
    assert made["invitationLink"].startswith("https://chat.whatsapp.com/")
    assert [(one["phone"], one["done"]) for one in made["participants"]] == [(FRIEND, True), (OTHER, True)]
    await talk.post("create-group", {"groupName": "Sozinho", "phones": [PHONE]}, 400)


async def test_metadata_shows_a_group_with_and_without_its_invitation(talk: Talk) -> None:
    group = await talk.group(FRIEND)
    full, light = await talk.get(f"group-metadata/{group}"), await talk.get(f"light-group-metadata/{group}")
    assert full["invitationLink"].startswith("https://chat.whatsapp.com/")
    assert light["invitationLink"] is None
    assert {**full, "invitationLink": None} == light
    assert (full["phone"], full["subject"], full["owner"]) == (group, "Equipe Norte", PHONE)
    assert full["creation"] > 1_600_000_000_000
    assert {one["phone"]: one["isAdmin"] for one in full["participants"]} == {PHONE: True, FRIEND: False}
    assert "error" in await talk.get("group-metadata/120363999999999999-group", 404)


@pytest.mark.only_direct
async def test_a_group_is_changed(talk: Talk) -> None:
    group = await talk.group()
    assert await talk.post("update-group-name", {"groupId": group, "groupName": "Sul"}) == {"value": True}
    assert await talk.post("update-group-description", {"groupId": group, "groupDescription": "Avisos"}) == {
        "value": True
    }
    flags = {"adminOnlyMessage": True, "adminOnlySettings": "true", "requireAdminApproval": False}
    assert await talk.post("update-group-settings", {"phone": group, **flags}) == {"value": True}
    shown = await talk.get(f"light-group-metadata/{group}")
    assert (shown["subject"], shown["description"]) == ("Sul", "Avisos")
    assert (shown["adminOnlyMessage"], shown["adminOnlySettings"]) == (True, True)
    refused = await talk.post("update-group-settings", {"phone": group, "requireAdminApproval": True}, 501)
    assert refused["code"] == "not-supported-by-engine"
    refused = await talk.post("approve-participant", {"groupId": group, "phones": [FRIEND]}, 501)
    assert refused["error"].endswith("a session whose wire is relay can do this")
    unknown = {"groupId": "120363999999999999-group", "groupName": "x"}
    assert await talk.post("update-group-name", unknown) == {"value": False}


async def test_a_group_gets_a_picture(talk: Talk) -> None:
    group = await talk.group()
    assert await talk.post("update-group-photo", {"groupID": group, "groupPhoto": png()}) == {"value": True}
    wrong = "data:image/png;base64," + base64.b64encode(b"no picture at all").decode()
    assert await talk.post("update-group-photo", {"groupId": group, "groupPhoto": wrong}) == {"value": False}


async def test_members_come_rise_fall_and_go(talk: Talk) -> None:
    group = await talk.group(FRIEND)
    added = await talk.post("add-participant", {"groupId": group, "phones": [OTHER, FRIEND, NOBODY]})
    assert added["value"] is True
    assert {one["phone"]: one["error"] for one in added["participants"]} == {
        OTHER: None,
        FRIEND: "already-so",
        NOBODY: "not-on-whatsapp",
    }
    assert (await talk.post("add-admin", {"groupId": group, "phones": [OTHER]}))["value"] is True
    shown = await talk.get(f"light-group-metadata/{group}")
    assert {one["phone"] for one in shown["participants"] if one["isAdmin"]} == {PHONE, OTHER}
    assert (await talk.post("remove-admin", {"groupId": group, "phones": [OTHER]}))["value"] is True
    assert (await talk.post("remove-participant", {"groupId": group, "phones": [OTHER]}))["value"] is True
    assert (await talk.post("remove-participant", {"groupId": group, "phones": [OTHER]}))["value"] is False
    assert await talk.post("leave-group", {"groupId": group}) == {"value": True}
    assert "error" in await talk.get(f"light-group-metadata/{group}", 404)


async def test_invitations_are_shown_renewed_and_accepted(talk: Talk) -> None:
    theirs = await talk.emulator.post("groups", creator=FRIEND, subject="Deles", members=[OTHER])
    url = f"https://chat.whatsapp.com/{theirs['invite']}"
    shown = await talk.get("group-invitation-metadata", url=f"{url}?mode=x")
    assert (shown["subject"], shown["participantsCount"], shown["invitationLink"]) == ("Deles", 2, url)
    assert await talk.get("accept-invite-group", url=url) == {"success": True}
    joined = shown["phone"]
    assert (await talk.get(f"group-metadata/{joined}"))["invitationLinkError"] == "not-authorized"
    assert await talk.get(f"group-invitation-link/{joined}", 403) == {"error": "not-authorized"}
    own = await talk.group()
    first = await talk.get(f"group-invitation-link/{own}")
    second = await talk.post(f"redefine-invitation-link/{own}")
    assert first["phone"] == own
    assert first["invitationLink"] != second["invitationLink"]
    assert await talk.get("accept-invite-group", url=first["invitationLink"]) == {"success": False}
    assert "error" in await talk.get("group-invitation-metadata", 404, url=first["invitationLink"])


async def test_messages_of_a_chat_expire(talk: Talk) -> None:
    group = await talk.group()
    assert await talk.post("send-chat-expiration", {"phone": group, "chatExpiration": "7_days"}) == {"value": True}
    shown = await talk.emulator.get(f"groups/{group.removesuffix('-group')}")
    assert shown["flags"]["ephemeral"] == "604800"


async def test_groups_are_listed_by_page(talk: Talk) -> None:
    group = await talk.group()
    everything = await talk.get("groups", page=1, pageSize=1000)
    (found,) = [one for one in everything if one["phone"] == group]
    assert (found["name"], found["isGroup"], found["isMuted"], found["unread"]) == ("Equipe Norte", True, "0", None)
    assert await talk.get("groups", page=2, pageSize=1000) == []
    assert await talk.get("groups", page=1, pageSize=1) == everything[:1]


# --- communities ---


async def test_a_community_is_made_shown_and_filled(talk: Talk) -> None:
    made = await talk.post("communities", {"name": "Condominio Sol", "description": "Blocos A a D"})
    community = made["id"]
    ((announcement),) = made["subGroups"]
    assert announcement["isGroupAnnouncement"] is True
    blocks = [await talk.group(), await talk.group()]
    assert await talk.post("communities/link", {"communityId": community, "groupsPhones": blocks}) == {"success": True}
    again = await talk.post("communities/link", {"communityId": community, "groupsPhones": blocks[:1]})
    assert again["success"] is True  # it is where it should be
    shown = await talk.get(f"communities-metadata/{community}")
    assert (shown["name"], shown["description"], len(shown["subGroups"])) == ("Condominio Sol", "Blocos A a D", 3)
    assert {"name": "Condominio Sol", "id": community} in await talk.get("communities")
    assert await talk.get("communities", page=100, pageSize=10) == []
    assert await talk.post("communities/unlink", {"communityId": community, "groupsPhones": blocks[:1]}) == {
        "success": True
    }
    last = await talk.post("communities/unlink", {"communityId": community, "groupsPhones": blocks[1:]})
    assert last == {"success": False}
    text = {"communityId": community, "communityDescription": "Avisos"}
    assert await talk.post("update-community-description", text) == {"value": True}
    assert await talk.post("update-community-photo", {"communityId": community, "communityPhoto": png()}) == {
        "value": True
    }
    added = await talk.post("add-participant", {"communityId": community, "phones": [FRIEND]})
    assert added["value"] is True
    renewed = await talk.post(f"redefine-invitation-link/{community}")
    assert renewed["invitationLink"].startswith("https://chat.whatsapp.com/")
    assert "error" in await talk.get("communities-metadata/120363999999999999", 404)


# --- people ---


async def test_numbers_are_looked_up_one_by_one_and_in_batches(talk: Talk) -> None:
    (found,) = await talk.get(f"phone-exists/{FRIEND}")
    assert (found["exists"], found["phone"]) == (True, FRIEND)
    assert found["lid"].endswith("@lid")
    assert await talk.get(f"phone-exists/{NOBODY}") == [{"exists": False, "phone": NOBODY, "lid": None}]
    told = await talk.post("phone-exists-batch", {"phones": [NOBODY, FRIEND, NOBODY]})
    assert told[0] == {"exists": False, "inputPhone": NOBODY, "outputPhone": NOBODY, "lid": None}
    assert told[1] == {"exists": True, "inputPhone": FRIEND, "outputPhone": FRIEND, "lid": found["lid"]}
    assert told[2] == told[0]
    assert await talk.post("phone-exists-batch", {"phones": []}) == []


async def test_a_large_batch_is_answered_in_its_order(talk: Talk) -> None:
    phones = [f"55119{number:08d}" for number in range(2_500)]
    told = await talk.post("phone-exists-batch", {"phones": phones})
    assert [one["inputPhone"] for one in told] == phones


async def test_what_a_person_shows(talk: Talk) -> None:
    assert await talk.get("profile-picture", phone=OTHER) == [{"link": None}]
    await talk.emulator.post(f"accounts/{FRIEND}/picture", data="/9j/4AAQSkZJRg==")
    ((picture),) = await talk.get("profile-picture", phone=FRIEND)
    assert picture["link"].startswith("https://")
    shown = await talk.get(f"contacts/{FRIEND}")
    assert (shown["phone"], shown["imgUrl"]) == (FRIEND, picture["link"])
    assert shown.keys() == {"name", "short", "notify", "vname", "phone", "imgUrl", "about"}


async def test_contacts_are_listed_by_page(talk: Talk) -> None:
    everybody = await talk.get("contacts", page=1, pageSize=1000)
    assert isinstance(everybody, list)
    pages = [await talk.get("contacts", page=number, pageSize=1) for number in range(1, len(everybody) + 2)]
    assert [one for page in pages for one in page] == everybody
    assert pages[-1] == []


async def test_people_are_blocked(talk: Talk) -> None:
    for action in ("block", "block", "unblock"):
        assert await talk.post("contacts/modify-blocked", {"phone": OTHER, "action": action}) == {"value": True}


# --- chats ---


@pytest.mark.only_direct
async def test_directly_a_chat_is_listed_and_read_and_no_more(talk: Talk) -> None:
    received = await talk.emulator.post(f"contacts/{OTHER}/send", to=PHONE, text="oi")
    with anyio.fail_after(PATIENCE):
        while not (chats := [one for one in await talk.get("chats") if one["phone"] == OTHER]):
            await anyio.sleep(0.05)
    assert (chats[0]["unread"], chats[0]["name"]) == ("1", "Person 1")
    assert await talk.post("modify-chat", {"phone": OTHER, "action": "read"}) == {"value": True}
    (receipt, *_) = await talk.emulator.sightings(OTHER, "receipt", "read")
    assert received["id"] in receipt["ids"]
    assert (await talk.get(f"chats/{OTHER}"))["unread"] == "0"
    for route, body in (
        ("modify-chat", {"phone": OTHER, "action": "archive"}),
        ("business/create-tag", {"name": "Retirada"}),
        ("contacts/add", [{"firstName": "Rui", "phone": OTHER}]),
    ):
        refused = await talk.post(route, body, 501)
        assert refused["code"] == "not-supported-by-engine"
        assert "a session whose wire is relay can do this" in refused["error"]


# --- privacy ---


@pytest.mark.only_direct
async def test_privacy_is_set(talk: Talk) -> None:
    for route in ("last-seen", "photo", "description"):
        for value in ("NONE", "CONTACTS", "CONTACT_BLACKLIST", "ALL"):
            told = await talk.post(f"privacy/{route}", {"visualizationType": value})
            assert told == {"success": True}
    assert await talk.post("privacy/group-add", {"type": "CONTACTS"}) == {"success": True}
    assert await talk.post("privacy/online", {"visualizationType": "SAME_LAST_SEEN"}) == {"success": True}
    assert await talk.post("privacy/read-receipts", value="disable") == {"success": True}
    assert await talk.post("privacy/messages-duration", value="days7") == {"success": True}
    changes = [{"action": "add", "phone": FRIEND}]
    wanted = {"visualizationType": "CONTACT_BLACKLIST", "contactsBlacklist": changes}
    assert (await talk.post("privacy/photo", wanted, 501))["code"] == "not-supported-by-engine"


# --- channels ---


async def test_a_channel_is_made_shown_followed_and_muted(talk: Talk) -> None:
    body = {"name": "Padaria da Vila", "description": "Promoções da semana"}
    made = await talk.post("create-newsletter", body, 201)
    shown = await talk.get(f"newsletter/metadata/{made['id']}")
    assert (shown["id"], shown["name"], shown["state"]) == (made["id"], "Padaria da Vila", "ACTIVE")
    assert shown["viewMetadata"] == {"mute": "OFF", "role": "OWNER"}
    assert shown["inviteLink"].startswith("https://www.whatsapp.com/channel/")
    for route, mute in (("mute-newsletter", "ON"), ("unmute-newsletter", "OFF")):
        assert await talk.put(route, {"id": made["id"]}) == {"value": True}
        assert (await talk.get(f"newsletter/metadata/{made['id']}"))["viewMetadata"]["mute"] == mute
    assert [one["id"] for one in await talk.get("newsletter")] == [made["id"]]
    assert await talk.put("unfollow-newsletter", {"id": made["id"]}) == {"value": True}
    assert await talk.get("newsletter") == []
    assert await talk.put("follow-newsletter", {"id": made["id"]}) == {"value": True}
    assert "error" in await talk.get("newsletter/metadata/120363499999999999@newsletter", 404)
    assert await talk.put("follow-newsletter", {"id": "120363499999999999@newsletter"}) == {"value": False}
