"""Questions that only a client with a hand on the wire asks: each is answered in one form and refused in any other."""

import pytest

from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.jid import SERVER, Jid
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, OTHER, PHONE

pytestmark = pytest.mark.anyio


def left_out(name: str, stamp: str | None, *users: Node) -> Node:
    head = {"name": name, "value": "contact_blacklist", "dhash": stamp}
    return Node("privacy", {"addressing_mode": "lid"}, [Node("category", head, users)])


def the_list(name: str, mode: str | None = "lid") -> Node:
    return Node("privacy", {"addressing_mode": mode}, [Node("list", {"name": name, "value": "contact_blacklist"})])


def code(answer: Node) -> str | None:
    error = answer.find("error")
    return None if error is None else error.get("code")


@pytest.fixture
async def companion(server: Server) -> Companion:
    return await linked(server, PHONE)


async def test_a_list_of_who_is_left_out_changes_by_deltas(server: Server, companion: Companion) -> None:
    add = [Node("user", {"action": "add", "jid": lid_of(server, phone)}) for phone in (FRIEND, OTHER)]
    assert code(companion.ask("privacy", left_out("last", "none", *add), kind="set")) is None
    listed = companion.ask("privacy", the_list("last")).child("privacy", "list")
    assert [each.jid("jid") for each in listed.children] == [lid_of(server, FRIEND), lid_of(server, OTHER)]
    remove = Node("user", {"action": "remove", "jid": lid_of(server, FRIEND)})
    assert code(companion.ask("privacy", left_out("last", "none", remove), kind="set")) == "409"
    companion.ask("privacy", left_out("last", listed.get("dhash"), remove), kind="set")
    listed = companion.ask("privacy", the_list("last")).child("privacy", "list")
    assert [each.jid("jid") for each in listed.children] == [lid_of(server, OTHER)]
    assert companion.ask("privacy", the_list("profile")).child("privacy", "list").children == []


async def test_a_list_is_refused_in_another_form(server: Server, companion: Companion) -> None:
    by_number = Node("user", {"action": "add", "jid": Jid(FRIEND, "s.whatsapp.net")})
    hidden = {"jid": lid_of(server, FRIEND)}
    assert code(companion.ask("privacy", the_list("last", None))) == "400"
    assert code(companion.ask("privacy", the_list("online"))) == "400"
    assert code(companion.ask("privacy", left_out("last", "none", by_number), kind="set")) == "400"
    assert code(companion.ask("privacy", left_out("last", None, Node("user", hidden)), kind="set")) == "400"


async def test_a_report_names_somebody_and_where_it_comes_from(server: Server, companion: Companion) -> None:
    flow = "1_1_spam_banner_report"
    reported = Node("spam_list", {"jid": lid_of(server, FRIEND), "spam_flow": flow})
    assert companion.ask("spam", reported, kind="set").find("report_id") is not None
    assert code(companion.ask("spam", Node("spam_list", {"jid": lid_of(server, FRIEND)}), kind="set")) == "400"
    assert code(companion.ask("spam", Node("spam_list", {"spam_flow": flow}), kind="set")) == "400"
    nobody = Node("spam_list", {"jid": Jid("1", "lid"), "spam_flow": flow})
    assert code(companion.ask("spam", nobody, kind="set")) == "404"


async def test_a_profile_is_changed_by_a_business_only_and_in_its_form(server: Server, companion: Companion) -> None:
    account = server.directory.by_phone(PHONE)
    assert account
    head = {"v": "3", "mutation_type": "delta"}
    change = Node("business_profile", head, [Node("description", {}, "Bread")])
    assert code(companion.ask("w:biz", change, kind="set")) == "403"
    account.profile.business = {}
    assert code(companion.ask("w:biz", change, kind="set")) is None
    closed = Node("business_hours_config", {"day_of_week": "mon", "mode": "closed"})
    for wrong, refusal in (
        (Node("business_profile", {"v": "3"}, [Node("description", {}, "x")]), "400"),
        (Node("business_profile", head, [Node("motto", {}, "x")]), "400"),
        (Node("business_profile", head, [Node("website", {}, "https://a.example")] * 3), "406"),
        (Node("business_profile", head, [Node("business_hours", {"timezone": "UTC"}, [closed])]), "406"),
        (Node("business_profile", head, [Node("categories", {}, [Node("category", {"id": "1"})])]), "406"),
    ):
        assert code(companion.ask("w:biz", wrong, kind="set")) == refusal
    assert account.profile.business == {"description": "Bread"}


async def test_a_catalogue_is_asked_for_with_a_limit_and_a_size(server: Server, companion: Companion) -> None:
    account = server.directory.by_phone(FRIEND)
    assert account
    limits = [Node(tag, {}, text) for tag, text in (("limit", "1"), ("width", "100"), ("height", "100"))]
    head = {"jid": Jid(FRIEND, "s.whatsapp.net")}
    assert code(companion.ask("w:biz:catalog", Node("product_catalog", head, limits))) == "404"
    account.profile.business = {}
    account.profile.catalog = {"products": [{"id": str(number), "name": "Bread"} for number in (1, 2)]}
    page = companion.ask("w:biz:catalog", Node("product_catalog", head, limits)).child("product_catalog")
    assert page.child("paging", "after").data == b"1"
    after = [*limits, page.child("paging", "after")]
    page = companion.ask("w:biz:catalog", Node("product_catalog", head, after)).child("product_catalog")
    assert (page.child("product", "id").data, page.find("paging")) == (b"2", None)
    assert code(companion.ask("w:biz:catalog", Node("product_catalog", head, limits[:1]))) == "400"
    assert (
        code(companion.ask("w:biz:catalog", Node("product_catalog", head, [*limits, Node("after", {}, "9")]))) == "400"
    )
    assert code(companion.ask("w:biz:catalog", Node("collections", {"biz_jid": head["jid"]}))) == "400"


async def test_who_comes_by_an_invitation_waits_where_joining_needs_approval(
    server: Server, companion: Companion
) -> None:
    friend = await linked(server, FRIEND)
    owner = server.directory.by_phone(PHONE)
    assert owner
    group = server.group_changes.create(owner, "Closed", [])
    approval = Node("membership_approval_mode", {}, [Node("group_join", {"state": "on"})])
    companion.ask("w:g2", approval, kind="set", to=group.jid)
    by_link = Node("invite", {"code": group.invite})
    joined = friend.ask("w:g2", by_link, kind="set", to=Jid("", "g.us"))
    assert joined.child("membership_approval_request").jid("jid") == group.jid
    (request,) = companion.ask("w:g2", Node("membership_approval_requests"), to=group.jid).first.children
    assert request.jid("jid") == lid_of(server, FRIEND)
    people = [Node("participant", {"jid": lid_of(server, phone)}) for phone in (FRIEND, OTHER)]
    answer = Node("membership_requests_action", {}, [Node("approve", {}, people)])
    told = companion.ask("w:g2", answer, kind="set", to=group.jid).first.first.children
    assert [each.get("error") for each in told] == [None, "404"]
    assert server.directory.by_phone(FRIEND) in group.members
    nothing = Node("membership_requests_action", {}, [Node("approve")])
    assert code(companion.ask("w:g2", nothing, kind="set", to=group.jid)) == "400"
    assert code(friend.ask("w:g2", Node("membership_approval_requests"), to=group.jid)) == "403"
    assert code(companion.ask("w:g2", Node("member_add_mode", {}, "some"), kind="set", to=group.jid)) == "400"


async def test_only_a_community_is_deactivated(server: Server, companion: Companion) -> None:
    owner = server.directory.by_phone(PHONE)
    assert owner
    group, community = (server.group_changes.create(owner, name, []) for name in ("Team", "House"))
    server.group_changes.found(community)
    server.group_changes.link(community, group)
    assert code(companion.ask("w:g2", Node("delete_parent"), kind="set", to=group.jid)) == "406"
    assert code(companion.ask("w:g2", Node("delete_parent"), kind="set", to=community.jid)) is None
    assert group.parent is None
    assert server.groups.find(community.jid) is None
    assert code(companion.ask("w:p", Node("ping"), to=SERVER)) is None
