"""Groups: who may do what, who hears of it, and who can read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.contents import write_text
from sender.whatsapp.emulator.group import Group
from sender.whatsapp.emulator.server import Server, build
from sender.whatsapp.wire.jid import GROUP_SERVER, LID_SERVER, PHONE_SERVER, Jid
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, OTHER, PHONE, add_account

pytestmark = pytest.mark.anyio

NEW = "5511900000009"
TO_ALL = Jid("", GROUP_SERVER)


@pytest.fixture
def account(server: Server) -> Callable[[str], Account]:
    def find(phone: str) -> Account:
        found = server.directory.by_phone(phone)
        assert found
        return found

    return find


@pytest.fixture
async def companion(server: Server) -> Companion:
    return await linked(server, PHONE)


def made_by(companion: Companion, *members: str, subject: str = "Team") -> Group:
    participants = [Node("participant", {"jid": lid_of(companion.server, phone)}) for phone in members]
    answer = companion.ask("w:g2", Node("create", {"subject": subject}, participants), kind="set", to=TO_ALL)
    group = companion.server.groups.find(Jid(answer.child("group").text("id"), GROUP_SERVER))
    assert group
    return group


def write(server: Server, author: Account, group: Group, text: str) -> None:
    server.handsets.of(author).outgoing.send(group, write_text(text))


def texts(server: Server, phone: str) -> list[str]:
    return [each.text for each in server.inbox.of(phone)]


def error_of(answer: Node) -> str | None:
    return answer.child("error").get("code") if answer.get("type") == "error" else None


async def test_the_creator_leads_and_the_members_are_told(server: Server, companion: Companion) -> None:
    friend = await linked(server, FRIEND)
    group = made_by(companion, FRIEND, OTHER)
    assert list(group.members.values()) == ["superadmin", "", ""]
    told = friend.connection.last("notification")
    assert (told.get("type"), told.child("create", "group").get("subject")) == ("w:gp2", "Team")
    assert [each.tag for each in told.children] == ["create"]
    assert all(each.get("type") != "w:gp2" for each in companion.connection.all("notification"))


async def test_a_group_message_is_read_by_every_member(server: Server, account: Callable[[str], Account]) -> None:
    group = server.group_changes.create(account(PHONE), "Team", [account(FRIEND), account(OTHER)])
    write(server, account(FRIEND), group, "hello all")
    write(server, account(FRIEND), group, "again")
    write(server, account(OTHER), group, "hello friend")
    assert texts(server, PHONE) == ["hello all", "again", "hello friend"]
    assert texts(server, OTHER) == ["hello all", "again"]
    (received, *_) = server.inbox.of(PHONE)
    assert (received.chat, received.sender) == (str(group.jid), FRIEND)


async def test_a_group_of_phone_numbers_is_read_as_well(server: Server, account: Callable[[str], Account]) -> None:
    group = server.group_changes.create(account(PHONE), "Old", [account(FRIEND)], addressing=PHONE_SERVER)
    write(server, account(FRIEND), group, "hello")
    assert texts(server, PHONE) == ["hello"]


async def test_only_members_write_and_only_administrators_when_it_is_closed(
    server: Server, companion: Companion, account: Callable[[str], Account]
) -> None:
    group = made_by(companion, FRIEND)
    write(server, account(OTHER), group, "let me in")
    companion.ask("w:g2", Node("announcement"), kind="set", to=group.jid)
    write(server, account(FRIEND), group, "too late")
    assert texts(server, PHONE) == []
    write(server, account(PHONE), group, "only me")
    assert texts(server, FRIEND) == ["only me"]


async def test_members_come_rise_and_go_and_each_hears_of_it(server: Server, companion: Companion) -> None:
    add_account(server, NEW)
    new = await linked(server, NEW)
    group = made_by(companion, FRIEND)
    participants = [Node("participant", {"jid": lid_of(server, NEW)})]
    for action in ("add", "promote", "demote", "remove"):
        answer = companion.ask("w:g2", Node(action, {}, participants), kind="set", to=group.jid)
        assert answer.child(action, "participant").get("error") is None
        told = new.connection.last("notification")
        assert (told.children[0].tag, told.jid("participant")) == (action, companion.lid.bare())
    assert [member.phone for member in group.members] == [PHONE, FRIEND]


async def test_what_cannot_be_done_to_a_member_has_an_error_of_its_own(server: Server, companion: Companion) -> None:
    group = made_by(companion, FRIEND)
    wanted = [Node("participant", {"jid": jid}) for jid in (lid_of(server, FRIEND), Jid("999", LID_SERVER))]
    listed = companion.ask("w:g2", Node("add", {}, wanted), kind="set", to=group.jid).child("add").children
    assert [each.get("error") for each in listed] == ["409", "404"]


async def test_a_member_may_not_do_what_administrators_do(server: Server, companion: Companion) -> None:
    friend = await linked(server, FRIEND)
    group = made_by(companion, FRIEND)
    stranger = [Node("participant", {"jid": lid_of(server, OTHER)})]
    assert error_of(friend.ask("w:g2", Node("add", {}, stranger), kind="set", to=group.jid)) == "403"
    assert error_of(friend.ask("w:g2", Node("subject", {}, b"mine"), kind="set", to=group.jid)) is None
    companion.ask("w:g2", Node("locked"), kind="set", to=group.jid)
    assert error_of(friend.ask("w:g2", Node("subject", {}, b"no"), kind="set", to=group.jid)) == "403"
    assert group.subject == "mine"


async def test_strangers_see_nothing(server: Server, companion: Companion) -> None:
    other = await linked(server, OTHER)
    group = made_by(companion, FRIEND)
    assert error_of(other.ask("w:g2", Node("query"), to=group.jid)) == "403"
    assert error_of(other.ask("w:g2", Node("query"), to=Jid("1", GROUP_SERVER))) == "404"
    assert other.ask("w:g2", Node("participating"), to=TO_ALL).child("groups").children == []


async def test_an_invitation_can_be_looked_at_used_and_withdrawn(server: Server, companion: Companion) -> None:
    other = await linked(server, OTHER)
    group = made_by(companion, FRIEND)
    code = companion.ask("w:g2", Node("invite"), to=group.jid).child("invite").text("code")
    seen = other.ask("w:g2", Node("invite", {"code": code}), to=TO_ALL)
    assert seen.child("group").get("subject") == "Team"
    joined = other.ask("w:g2", Node("invite", {"code": code}), kind="set", to=TO_ALL)
    assert joined.child("group").jid("jid") == group.jid
    companion.ask("w:g2", Node("invite"), kind="set", to=group.jid)
    assert error_of(other.ask("w:g2", Node("invite", {"code": code}), to=TO_ALL)) == "406"


async def test_who_leaves_hears_no_more(
    server: Server, companion: Companion, account: Callable[[str], Account]
) -> None:
    group = made_by(companion, FRIEND)
    friend = await linked(server, FRIEND)
    friend.ask("w:g2", Node("leave", {}, [Node("group", {"id": group.jid})]), kind="set", to=TO_ALL)
    write(server, account(PHONE), group, "gone?")
    assert texts(server, FRIEND) == []


async def test_groups_survive_the_emulator(
    server: Server, folder: Path, companion: Companion, account: Callable[[str], Account]
) -> None:
    group = made_by(companion, FRIEND)
    server.group_changes.describe(group, account(PHONE), "what it is about")
    server.group_changes.switch(group, account(PHONE), "ephemeral", "86400")
    companion.leave()
    server.database.close()
    again = build(folder)
    (found,) = again.groups
    assert (found.id, found.subject, found.flags) == (group.id, "Team", {"ephemeral": "86400"})
    assert found.description
    assert found.description.text == "what it is about"
    assert [member.phone for member in found.members] == [PHONE, FRIEND]
    again.database.close()


async def test_the_hash_in_the_ack_tells_a_sender_that_members_have_changed(
    server: Server, companion: Companion
) -> None:
    group = made_by(companion, FRIEND)
    stanza = Node("message", {"to": group.jid, "id": "A1", "type": "text", "phash": "2:old"}, [Node("participants")])
    companion.connection.say(stanza)
    known = companion.connection.last("ack").get("phash")
    assert known
    companion.connection.say(Node("message", {**stanza.attributes, "id": "A2", "phash": known}, stanza.children))
    assert companion.connection.last("ack").get("phash") is None
