"""What a simulated account has behaves as WhatsApp's does, as far as callers can tell."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from common.addresses import Jid, parse_phone
from common.errors import NotConnected, Refused
from sender.whatsapp.powers.business import NoBusiness
from sender.whatsapp.powers.groups import Change, GroupUnknown, NotAllowed
from sender.whatsapp.powers.newsletters import NewsletterUnknown
from sender.whatsapp.powers.people import Known
from sender.whatsapp.powers.refusals import QuestionRefused
from sender.whatsapp.simulation.account import SimulatedAccount
from sender.whatsapp.simulation.line import hidden

pytestmark = pytest.mark.anyio

OWN, ANA, RUI = (parse_phone(f"551190000000{digit}") for digit in "123")


@pytest.fixture
def account() -> SimulatedAccount:
    account = SimulatedAccount(OWN, {"5511900000009": None})
    account.line.is_connected = True
    return account


async def test_members_have_an_outcome_each(account: SimulatedAccount) -> None:
    groups = account.groups
    made = await groups.create("Team", [ANA, OWN])
    assert [member.address for member in made.members] == [OWN, ANA]
    told = await groups.change_members(made.address, Change.ADD, [ANA, RUI])
    assert [(one.address, one.error) for one in told] == [(ANA, 409), (RUI, 0)]
    (risen,) = await groups.change_members(made.address, Change.PROMOTE, [RUI])
    assert risen.is_admin
    told = await groups.change_members(made.address, Change.REMOVE, [RUI, RUI])
    assert [one.error for one in told] == [0, 404]
    await groups.leave(made.address)
    assert await groups.joined() == []
    with pytest.raises(NotAllowed):
        await groups.rename(made.address, "Mine")


async def test_an_old_invitation_leads_nowhere(account: SimulatedAccount) -> None:
    made = await account.groups.create("Team", [])
    old = await account.groups.invitation(made.address)
    assert await account.groups.invitation(made.address) == old
    new = await account.groups.invitation(made.address, renew=True)
    assert await account.groups.join(new) == made.address
    with pytest.raises(GroupUnknown):
        await account.groups.look_by_invitation(old)


async def test_a_community_keeps_its_groups_until_it_ends(account: SimulatedAccount) -> None:
    groups = account.groups
    community, team = await groups.create_community("House"), await groups.create("Team", [])
    await groups.link(community.address, team.address)
    with pytest.raises(Refused):
        await groups.link(community.address, team.address)
    assert [each.is_announcement for each in await groups.sub_groups(community.address)] == [True, False]
    await groups.deactivate(community.address)
    assert [group.parent for group in await groups.joined()] == [None]


async def test_who_waits_is_let_in_or_not(account: SimulatedAccount) -> None:
    groups = account.groups
    made = await groups.create("Team", [])
    groups.waiting[made.address] = [ANA, RUI]
    assert [each.other for each in await groups.join_requests(made.address)] == [hidden(ANA), hidden(RUI)]
    assert await groups.answer_requests(made.address, [ANA], is_approved=True) == {ANA: 0}
    assert await groups.answer_requests(made.address, [ANA, RUI], is_approved=False) == {ANA: 404, RUI: 0}
    assert [member.address for member in (await groups.look(made.address)).members] == [OWN, ANA]


async def test_a_channel_is_changed_by_who_may(account: SimulatedAccount) -> None:
    channels = account.newsletters
    made = await channels.create("Bakery", "")
    channels.admins.add((made.address, hidden(ANA)))
    await channels.hand_over(made.address, hidden(ANA))
    await channels.rename(made.address, "Bakery of the village")
    with pytest.raises(QuestionRefused):
        await channels.delete(made.address)
    await channels.remove_admin(made.address, hidden(OWN))
    with pytest.raises(QuestionRefused):
        await channels.rename(made.address, "Mine")
    assert [each.name for each in await channels.search_directory("village", 5)] == ["Bakery of the village"]
    with pytest.raises(NewsletterUnknown):
        await channels.look(Jid("1@newsletter"))


async def test_a_company_is_one_from_its_first_change_on(account: SimulatedAccount) -> None:
    with pytest.raises(NoBusiness):
        await account.company.page(None, None)
    await account.company.describe("Bread")
    assert (await account.company.page(None, None)).products == ()
    assert (await account.company.profile(OWN)).description == "Bread"
    with pytest.raises(NoBusiness):
        await account.company.profile(ANA)
    with pytest.raises(QuestionRefused):
        await account.company.set_categories(["1"])


async def test_lists_change_by_deltas(account: SimulatedAccount) -> None:
    ana, rui = await account.people.look_up(["5511900000002", "5511900000003"])
    await account.privacy.leave_out("last", [ana, rui], [])
    await account.privacy.leave_out("last", [ana], [rui])
    assert await account.privacy.left_out("last") == [ana]
    assert await account.people.look_up(["5511900000009"]) == [Known("5511900000009", None, None)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda has: has.groups.joined(),
        lambda has: has.newsletters.own(),
        lambda has: has.privacy.settings(),
        lambda has: has.people.about(ANA),
        lambda has: has.company.find_categories(""),
    ],
)
async def test_nothing_is_done_while_the_line_is_cut(
    account: SimulatedAccount, ask: Callable[[SimulatedAccount], Awaitable[Any]]
) -> None:
    account.line.is_connected = False
    with pytest.raises(NotConnected):
        await ask(account)
