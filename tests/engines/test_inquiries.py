"""What real sessions ask WhatsApp through the relay beyond what the library can, as a session's powers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from common.addresses import Jid, user_of
from common.errors import Refused
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.relayed_session import RelayedSession
from sender.whatsapp.powers.business import Hours, NoBusiness, OpenDay, Opening
from sender.whatsapp.powers.catalog import Draft
from sender.whatsapp.powers.groups import GroupUnknown, NotAllowed
from sender.whatsapp.powers.inquiries import Inquiries
from sender.whatsapp.powers.newsletters import NewsletterUnknown
from sender.whatsapp.powers.people import Known
from sender.whatsapp.powers.refusals import QuestionRefused
from sender.whatsapp.session import Account, Connected
from tests.engines.listening import Ear
from tests.engines.worlds import INSTANCE, NeonizeWorld, neonize_world
from tests.sender.whatsapp.emulator.program import EmulatorProgram

pytestmark = pytest.mark.anyio

JPEG = b"\xff\xd8\xff\xe0 a picture"
BREAD = {"id": "7340215698741230", "name": "Bread", "description": "Ten", "price": 12500, "currency": "BRL",
         "retailer_id": "B-1", "sale_price": 11000, "pictures": ["https://cdn.example.com/b.jpg"]}  # fmt: skip


class Scene:
    def __init__(self, world: NeonizeWorld, account: Account, session: RelayedSession) -> None:
        self.world = world
        self.own = Jid(account.device)
        self.session = session

    @property
    def ask(self) -> Inquiries:
        return self.session.inquiries

    @property
    def phone(self) -> str:
        return user_of(self.own)

    async def post(self, path: str, **body: Any) -> Any:
        return await self.world.emulator.post(path, **body)

    async def account(self, phone: str) -> Any:
        return await self.world.emulator.get(f"accounts/{phone}")

    async def known(self, contact: Jid) -> Known:
        (known,) = await self.session.people.look_up([user_of(contact)])
        return known


@pytest.fixture
async def scene(emulator: EmulatorProgram, real_engine: NeonizeEngine, ear: Ear) -> AsyncIterator[Scene]:
    async with neonize_world(real_engine, emulator, "relay") as world:
        account = await world.link(INSTANCE)
        session = await real_engine.open(account, ear)
        assert isinstance(session, RelayedSession)
        await ear.next(Connected)
        yield Scene(world, account, session)
        await session.close()


async def test_join_requests_are_listed_approved_and_rejected(scene: Scene) -> None:
    first, second = scene.world.contacts
    made = await scene.session.groups.create("Closed", [])
    groups = scene.ask.groups
    await groups.let_joining_need_approval(made.address, True)
    await groups.let_only_admins_add(made.address, True)
    assert (await groups.switches(made.address)) == type(await groups.switches(made.address))(True, True)
    assert await groups.join_requests(made.address) == []
    for contact in (first, second):
        await scene.post(f"groups/{user_of(made.address)}/change", by=user_of(contact), action="ask")
    waiting = await groups.join_requests(made.address)
    assert {each.other for each in waiting} == {first, second}
    by_number = {each.other: each.address for each in waiting}
    told = await groups.answer_requests(made.address, [by_number[first]], is_approved=True)
    assert told == {by_number[first]: 0}
    told = await groups.answer_requests(made.address, [by_number[first], by_number[second]], is_approved=False)
    assert told == {by_number[first]: 404, by_number[second]: 0}
    assert {each.phone for each in (await scene.session.groups.look(made.address)).members} >= {first}
    with pytest.raises(GroupUnknown):
        await groups.join_requests(Jid("120363999999999999@g.us"))


async def test_only_admins_are_told_who_waits(scene: Scene) -> None:
    owner = user_of(scene.world.contacts[0])
    theirs = await scene.post("groups", creator=owner, subject="Theirs", members=[scene.phone])
    with pytest.raises(NotAllowed):
        await scene.ask.groups.join_requests(Jid(theirs["jid"]))


async def test_a_community_lets_members_add_groups_and_ends(scene: Scene) -> None:
    made = await scene.session.groups.create_community("House")
    await scene.ask.groups.let_members_add_groups(made.address, True)
    assert (await scene.world.emulator.get(f"groups/{made.address}"))["members_add_groups"] is True
    await scene.ask.groups.deactivate(made.address)
    assert made.address not in [each.address for each in await scene.session.groups.joined()]


async def test_a_channel_is_changed_by_who_may(scene: Scene) -> None:
    channels, contact = scene.ask.newsletters, scene.world.contacts[0]
    made = await scene.session.newsletters.create("Bakery", "Bread")
    await channels.rename(made.address, "Bakery of the village")
    await channels.describe(made.address, "Warm at seven")
    await channels.set_picture(made.address, JPEG)
    await channels.limit_reactions(made.address, is_basic_only=True)
    shown = await scene.session.newsletters.look(made.address)
    assert (shown.name, shown.description) == ("Bakery of the village", "Warm at seven")
    (found,) = [each for each in await channels.search_directory("of the vill", 10) if each.address == made.address]
    assert (found.name, found.subscribers) == ("Bakery of the village", 1)
    assert made.address in [each.address for each in await channels.list_directory("POPULAR", ["BR"], 500)]
    theirs = await scene.post("newsletters", owner=user_of(contact), name="Theirs")
    with pytest.raises(QuestionRefused):
        await channels.rename(Jid(f"{theirs['id']}@newsletter"), "Mine")
    await channels.delete(made.address)
    with pytest.raises(NewsletterUnknown):
        await channels.rename(made.address, "Gone")


async def test_admins_of_a_channel_come_and_go(scene: Scene) -> None:
    channels, contact = scene.ask.newsletters, scene.world.contacts[0]
    other = await scene.known(contact)
    own = await scene.known(Jid(f"{scene.phone}@s.whatsapp.net"))
    assert other.lid
    assert own.lid
    theirs = await scene.post("newsletters", owner=user_of(contact), name="Theirs", invited=[scene.phone])
    await channels.accept_invitation(Jid(f"{theirs['id']}@newsletter"))
    await channels.remove_admin(Jid(f"{theirs['id']}@newsletter"), own.lid)
    with pytest.raises(NewsletterUnknown):
        await channels.accept_invitation(Jid(f"{theirs['id']}@newsletter"))
    mine = await scene.post(
        "newsletters", owner=scene.phone, name="Mine", admins=[user_of(contact)], invited=[user_of(contact)]
    )
    address = Jid(f"{mine['id']}@newsletter")
    await channels.revoke_invitation(address, other.lid)
    await channels.hand_over(address, other.lid)
    with pytest.raises(QuestionRefused):
        await channels.hand_over(address, other.lid)


async def test_the_company_s_profile_is_written_and_read(scene: Scene) -> None:
    own, business = Jid(f"{scene.phone}@s.whatsapp.net"), scene.ask.business
    with pytest.raises(NoBusiness):
        await business.profile(own)
    with pytest.raises(QuestionRefused):
        await business.describe("Bread")
    await scene.post("accounts", phone=scene.phone, business={"cart": False})
    hours = Hours(
        "America/Sao_Paulo",
        (OpenDay(2, Opening.HOURS, 420, 690), OpenDay(2, Opening.HOURS, 780, 1140), OpenDay(0, Opening.ALWAYS)),
    )
    (restaurant,) = await business.find_categories("restau")
    await business.describe("Bread since 1998")
    await business.set_address("Rua das Flores 120")
    await business.set_email("a@example.com")
    await business.set_websites(["https://example.com", "https://example.org"])
    await business.set_hours(hours)
    await business.set_categories([restaurant.id])
    shown = await business.profile(own)
    assert (shown.description, shown.address, shown.email) == (
        "Bread since 1998",
        "Rua das Flores 120",
        "a@example.com",
    )
    assert shown.websites == ("https://example.com", "https://example.org")
    assert (shown.hours, shown.categories) == (hours, (restaurant,))
    assert (shown.has_cart, shown.has_cover) == (False, False)
    await business.describe("")
    await business.set_websites([])
    await business.set_hours(Hours("UTC", ()))
    shown = await business.profile(own)
    assert (shown.description, shown.websites, shown.hours) == (None, (), Hours("UTC", ()))


async def test_a_catalogue_is_read_page_by_page(scene: Scene) -> None:
    catalog, contact = scene.ask.catalog, scene.world.contacts[0]
    with pytest.raises(NoBusiness):
        await catalog.page(contact, None)
    products = [{**BREAD, "id": str(number)} for number in range(1, 62)]
    collections = [{"id": "9", "name": "All", "products": ["1", "61"], "status": "PENDING"}]
    await scene.post(
        "accounts", phone=scene.phone, business={}, catalog={"products": products, "collections": collections}
    )
    first = await catalog.page(None, None)
    second = await catalog.page(None, first.cursor)
    assert [each.id for each in (*first.products, *second.products)] == [each["id"] for each in products]
    assert second.cursor is None
    found = await catalog.find("61")
    assert found is not None
    assert (found.price, found.sale_price, found.currency) == ("12500", "11000", "BRL")
    assert (found.retailer_id, found.pictures) == ("B-1", ("https://cdn.example.com/b.jpg",))
    (all_,) = await catalog.collections(None)
    assert (all_.id, all_.name, all_.is_approved) == ("9", "All", False)
    assert [each.id for each in all_.products] == ["1", "61"]
    assert await catalog.delete("61") is True
    assert await catalog.delete("61") is False
    assert await catalog.find("61") is None


async def test_a_product_is_made_with_its_pictures_and_changed(scene: Scene) -> None:
    catalog = scene.ask.catalog
    draft = Draft("Bread", "Ten", "B-1", "13000", "11000", "BRL", (JPEG, JPEG + b"2"), "https://example.com/b", False)
    with pytest.raises(QuestionRefused):
        await catalog.add(draft)
    await scene.post("accounts", phone=scene.phone, business={}, catalog={})
    made = await catalog.add(draft)
    shown = await catalog.find_by_retailer("B-1")
    assert shown is not None
    assert (shown.id, shown.name, shown.price, shown.sale_price) == (made, "Bread", "13000", "11000")
    assert (shown.url, shown.is_hidden, len(set(shown.pictures))) == ("https://example.com/b", False, 2)
    assert all(each.startswith("https://mmg.whatsapp.net/") for each in shown.pictures)
    await catalog.change(made, replace(draft, name="Bread rolls", sale_price=None, pictures=(), is_hidden=True))
    shown = await catalog.find(made)
    assert shown is not None
    assert (shown.name, shown.sale_price, shown.is_hidden, shown.pictures) == ("Bread rolls", None, True, ())
    with pytest.raises(QuestionRefused):
        await catalog.change("1", draft)
    with pytest.raises(Refused):
        await catalog.add(replace(draft, pictures=(b"no picture",)))


async def test_people_are_left_out_and_let_in_again(scene: Scene) -> None:
    first, second = [await scene.known(contact) for contact in scene.world.contacts]
    lists = scene.ask.privacy
    await lists.leave_out("last", [first, second], [])
    assert {each.number for each in await lists.left_out("last")} == {first.number, second.number}
    await lists.leave_out("last", [], [first])
    assert [each.lid for each in await lists.left_out("last")] == [second.lid]
    assert await lists.left_out("profile") == []


async def test_somebody_is_reported(scene: Scene) -> None:
    contact = scene.world.contacts[0]
    await scene.ask.reports.report(contact)
    assert (await scene.account(user_of(contact)))["reporters"] == [scene.phone]
    with pytest.raises(QuestionRefused):
        await scene.ask.reports.report(Jid("5599999999999@s.whatsapp.net"))
