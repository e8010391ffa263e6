"""Groups, people and privacy through a real session, as the port promises them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from common.addresses import Jid, parse_phone, user_of
from common.errors import DeliveryError
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.session import NeonizeSession
from sender.whatsapp.powers.groups import Change, GroupUnknown, HasGroups, NotAllowed
from sender.whatsapp.powers.newsletters import HasNewsletters
from sender.whatsapp.powers.people import HasPeople, HasPrivacy
from sender.whatsapp.session import Connected
from tests.engines.listening import Ear
from tests.engines.worlds import NeonizeWorld, neonize_world, new_phone
from tests.sender.whatsapp.emulator.program import EmulatorProgram

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Scene:
    session: NeonizeSession
    emulator: EmulatorProgram
    own: str
    friend: Jid
    other: Jid


@pytest.fixture(scope="module")
async def scene(real_engine: NeonizeEngine, emulator: EmulatorProgram, anyio_backend: str) -> AsyncIterator[Scene]:
    """One session for all tests of the file."""
    async with neonize_world(real_engine, emulator) as world:
        assert isinstance(world, NeonizeWorld)
        account = await world.link("powers")
        ear = Ear()
        session = await real_engine.open(account, ear)
        await ear.next(Connected)
        yield Scene(session, emulator, user_of(Jid(account.device)), *world.contacts)
        await session.close()


def test_a_session_has_all_powers(scene: Scene) -> None:
    assert isinstance(scene.session, HasGroups)
    assert isinstance(scene.session, HasPeople)
    assert isinstance(scene.session, HasPrivacy)
    assert isinstance(scene.session, HasNewsletters)


async def test_a_group_is_made_shown_changed_and_left(scene: Scene) -> None:
    groups = scene.session.groups
    made = await groups.create("Equipe Norte", [scene.friend])
    group = made.address
    assert {user_of(member.phone) for member in made.members if member.phone} == {scene.own, user_of(scene.friend)}
    await groups.rename(group, "Equipe Sul 🕊")
    await groups.describe(group, "Avisos")
    await groups.let_only_admins_write(group, True)
    await groups.let_only_admins_edit(group, True)
    shown = await groups.look(group)
    assert (shown.subject, shown.description) == ("Equipe Sul 🕊", "Avisos")
    assert (shown.only_admins_write, shown.only_admins_edit) == (True, True)
    assert shown.owner is not None
    assert user_of(shown.owner) == scene.own
    await groups.let_only_admins_write(group, False)
    await groups.describe(group, "")
    shown = await groups.look(group)
    assert (shown.description, shown.only_admins_write) == (None, False)
    assert group in {each.address for each in await groups.joined()}
    await groups.leave(group)
    with pytest.raises(NotAllowed):
        await groups.look(group)


async def test_each_member_has_an_outcome_of_its_own(scene: Scene) -> None:
    groups = scene.session.groups
    group = (await groups.create("Equipe", [scene.friend])).address
    nobody = parse_phone(new_phone())
    outcomes = await groups.change_members(group, Change.ADD, [scene.other, scene.friend, nobody])
    assert {bool(each.error) for each in outcomes} == {True, False}
    assert sum(each.error == 0 for each in outcomes) == 1
    promoted = await groups.change_members(group, Change.PROMOTE, [scene.other])
    assert [each.error for each in promoted] == [0]
    shown = await groups.look(group)
    assert [each.is_admin for each in shown.members if each.phone == scene.other] == [True]
    await groups.change_members(group, Change.DEMOTE, [scene.other])
    await groups.change_members(group, Change.REMOVE, [scene.other])
    assert scene.other not in {each.phone for each in (await groups.look(group)).members}


async def test_an_invitation_leads_in_and_ends_when_it_is_renewed(scene: Scene) -> None:
    groups = scene.session.groups
    made = await scene.emulator.post("groups", creator=user_of(scene.friend), subject="Deles", members=[])
    link = f"https://chat.whatsapp.com/{made['invite']}"
    assert (await groups.look_by_invitation(link)).subject == "Deles"
    joined = await groups.join(link)
    assert (await groups.look(joined)).subject == "Deles"
    with pytest.raises(NotAllowed):
        await groups.invitation(joined)
    own = (await groups.create("Minha", [scene.friend])).address
    first = await groups.invitation(own)
    second = await groups.invitation(own, renew=True)
    assert first != second
    with pytest.raises(GroupUnknown):
        await groups.look_by_invitation(first)


async def test_what_is_not_there_says_so(scene: Scene) -> None:
    with pytest.raises(GroupUnknown):
        await scene.session.groups.look(Jid("120363999999999999@g.us"))
    with pytest.raises(GroupUnknown):
        await scene.session.groups.join("https://chat.whatsapp.com/0000000000000000")


async def test_numbers_are_told_apart(scene: Scene) -> None:
    nobody = new_phone()
    known = await scene.session.people.look_up([user_of(scene.friend), nobody, user_of(scene.other)])
    assert [each.exists for each in known] == [True, False, True]
    assert [each.number for each in known] == [user_of(scene.friend), nobody, user_of(scene.other)]
    assert known[0].phone == scene.friend
    assert known[0].lid is not None


async def test_what_people_show(scene: Scene) -> None:
    people = scene.session.people
    assert await people.picture(scene.friend) is None
    await scene.emulator.post(f"accounts/{user_of(scene.friend)}/picture", data="/9j/4AAQSkZJRg==")
    assert (await people.picture(scene.friend) or "").startswith("https://")
    assert isinstance(await people.about(scene.friend), str | None)


async def test_somebody_is_blocked_and_let_in_again(scene: Scene) -> None:
    await scene.session.people.block(scene.friend, is_blocked=True)
    await scene.session.people.block(scene.friend, is_blocked=False)


async def test_privacy_is_chosen(scene: Scene) -> None:
    privacy = scene.session.privacy
    await privacy.choose("last", "contacts")
    await privacy.choose("online", "match_last_seen")
    await privacy.choose("groupadd", "all")
    settings = await privacy.settings()
    assert (settings["last"], settings["online"], settings["groupadd"]) == ("contacts", "match_last_seen", "all")
    await privacy.expire_new_chats(604_800)


async def test_messages_of_a_chat_expire(scene: Scene) -> None:
    group = (await scene.session.groups.create("Curta", [scene.friend])).address
    await scene.session.groups.expire_messages(group, 604_800)
    shown = await scene.emulator.get(f"groups/{user_of(group)}")
    assert shown["flags"]["ephemeral"] == "604800"


async def test_what_the_library_would_abort_at_never_reaches_it(scene: Scene) -> None:
    with pytest.raises((DeliveryError, ValueError)):
        await scene.session.groups.look(Jid("@g.us"))
    assert scene.session.is_connected


async def test_a_community_has_an_announcement_group_and_groups_come_and_go(scene: Scene) -> None:
    groups = scene.session.groups
    community = await groups.create_community("Condominio Sol")
    assert community.is_community
    (announcement,) = await groups.sub_groups(community.address)
    assert (announcement.subject, announcement.is_announcement) == ("Condominio Sol", True)
    block = (await groups.create("Bloco A", [scene.friend])).address
    await groups.link(community.address, block)
    assert {each.address for each in await groups.sub_groups(community.address)} == {announcement.address, block}
    assert (await groups.look(block)).parent == community.address
    assert (await groups.look(announcement.address)).is_announcement
    await groups.unlink(community.address, block)
    assert {each.address for each in await groups.sub_groups(community.address)} == {announcement.address}
