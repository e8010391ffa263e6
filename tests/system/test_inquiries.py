"""The contract's routes that take a relayed session, over HTTP, answered by one; and what a direct one says of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from common.capabilities import Capability
from common.local.valkey import Valkey
from frontend.operation import Ask
from tests.contract.remaining_routes import ROUTES, Route
from tests.contract.test_remaining_routes import OPERATIONS
from tests.databases import Databases
from tests.sender.media import files
from tests.system.documented import answers_as_documented
from tests.system.talking import FRIEND, NOBODY, OTHER, PHONE, Talk, png, talking
from tests.web_server import answer as web_answer
from tests.web_server import web_server

pytestmark = pytest.mark.anyio

PRODUCTS = [
    {"id": "7340215698741230", "name": "Pao frances", "description": "Saco com dez", "price": 12500, "currency": "BRL",
     "retailer_id": "PAO-01", "sale_price": 11000, "pictures": ["https://cdn.example.com/p/pao.jpg"],
     "url": "https://example.com/pao"},
    {"id": "7340215698741231", "name": "Bolo", "description": "", "price": 30000, "currency": "BRL", "is_hidden": True},
]  # fmt: skip
RELAYED = [
    route
    for route in ROUTES
    if isinstance(effect := OPERATIONS[route.method, route.path].effect, Ask) and effect.needs is Capability.QUESTIONS
]
COLLECTIONS = [{"id": "240915873642015", "name": "Paes", "products": ["7340215698741230"]}]
WIRE = {"WHATSAPP_WIRE": "relay", "NUMBER_LOOKUP_PAUSE": "1ms", "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"}
TUESDAY = [
    {"dayOfWeek": "TUESDAY", "openTime": "07:00", "closeTime": "11:30"},
    {"dayOfWeek": "TUESDAY", "openTime": "13:00", "closeTime": "19:00"},
]


@pytest.fixture(scope="module")
async def talk(
    databases: Databases, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Talk]:
    """One session for all tests of the file, of a company with a catalogue."""
    catalog = {"products": PRODUCTS, "collections": COLLECTIONS}
    folder = tmp_path_factory.mktemp("inquiries")
    async with talking(databases, valkey, folder, {"business": {}, "catalog": catalog}, **WIRE) as talk:
        yield talk


# --- messages ---


async def test_a_contact_gets_a_text_again_whose_host_has_died_since(talk: Talk) -> None:
    sent = await talk.post("send-text", {"phone": OTHER, "message": "Bom dia"})
    (first,) = await talk.emulator.messages(OTHER)
    assert first["id"] == sent["messageId"]
    assert talk.sender is not None
    hosts = [one for one in psutil.Process(talk.sender.pid).children() if "--relay" in one.cmdline()]
    for host in hosts:
        host.kill()
    await talk.emulator.ask("DELETE", f"contacts/{OTHER}/messages")
    await talk.emulator.post(f"contacts/{OTHER}/ask-again", id=sent["messageId"])
    (again,) = await talk.emulator.messages(OTHER)
    assert (again["id"], again["text"]) == (sent["messageId"], "Bom dia")
    told = await talk.get(f"queue/{sent['zaapId']}")
    assert (len(told["attempts"]), told["whatsappId"]) == (1, sent["messageId"])


# --- groups ---


async def test_all_four_switches_of_a_group_are_set_and_shown(talk: Talk) -> None:
    group = await talk.group()
    flags = {
        "adminOnlyMessage": True,
        "adminOnlySettings": True,
        "requireAdminApproval": True,
        "adminOnlyAddMember": True,
    }
    assert await talk.post("update-group-settings", {"phone": group, **flags}) == {"value": True}
    kept = await talk.emulator.get(f"groups/{group.removesuffix('-group')}")
    assert (kept["approval"], kept["member_add_mode"]) == ("on", "admin_add")
    for route in ("group-metadata", "light-group-metadata"):
        assert (await talk.get(f"{route}/{group}"))["requireAdminApproval"] is True
    off = {"requireAdminApproval": False, "adminOnlyAddMember": "false"}
    assert await talk.post("update-group-settings", {"groupId": group, **off}) == {"value": True}
    assert (await talk.get(f"group-metadata/{group}"))["requireAdminApproval"] is False
    unknown = {"phone": "120363999999999999-group", "requireAdminApproval": True}
    assert await talk.post("update-group-settings", unknown) == {"value": False}


async def test_people_who_ask_are_let_in_or_not(talk: Talk) -> None:
    group = await talk.group(FRIEND)
    await talk.emulator.post(f"groups/{group.removesuffix('-group')}/change", by=OTHER, action="ask")
    wanted = {"groupId": group, "phones": [OTHER, NOBODY]}
    told = await talk.post("reject-participant", wanted)
    assert told["value"] is False
    assert [(one["phone"], one["error"]) for one in told["participants"]] == [(OTHER, None), (NOBODY, "not-waiting")]
    assert (await talk.post("approve-participant", {"groupId": group, "phones": [OTHER]}))["value"] is False
    await talk.emulator.post(f"groups/{group.removesuffix('-group')}/change", by=OTHER, action="ask")
    assert (await talk.post("approve-participant", {"groupId": group, "phones": [OTHER]}))["value"] is True
    shown = await talk.get(f"light-group-metadata/{group}")
    assert OTHER in {one["phone"] for one in shown["participants"]}


async def test_a_community_lets_its_members_add_groups_and_is_deactivated(talk: Talk) -> None:
    community = (await talk.post("communities", {"name": "Condominio Sol"}))["id"]
    for who, value in (("all", True), ("admins", False)):
        wanted = {"communityId": community, "whoCanAddNewGroups": who}
        assert await talk.post("communities/settings", wanted) == {"success": True}
        assert (await talk.emulator.get(f"groups/{community}"))["members_add_groups"] is value
    assert await told(talk, "DELETE", f"communities/{community}") == {"success": True}
    assert "error" in await talk.get(f"communities-metadata/{community}", 404)
    assert await told(talk, "DELETE", f"communities/{community}") == {"success": False}


# --- people ---


async def test_lists_of_who_is_left_out_change_by_deltas(talk: Talk) -> None:
    for route, body, name in (
        ("last-seen", {"visualizationType": "CONTACT_BLACKLIST"}, "lastSeen"),
        ("photo", {"visualizationType": "CONTACT_BLACKLIST"}, "photo"),
        ("description", {"visualizationType": "CONTACT_BLACKLIST"}, "description"),
        ("group-add", {"type": "CONTACT_BLACKLIST"}, "groupAdd"),
    ):
        changes = [{"action": "add", "phone": FRIEND}, {"action": "add", "phone": OTHER}]
        assert await talk.post(f"privacy/{route}", {**body, "contactsBlacklist": changes}) == {"success": True}
        listed = await talk.get("privacy/disallowed-contacts", type=name)
        assert set(listed["disallowedContacts"]) == {FRIEND, OTHER}
        changes = [{"action": "remove", "phone": FRIEND}]
        assert await talk.post(f"privacy/{route}", {**body, "contactsBlacklist": changes}) == {"success": True}
        assert await talk.post(f"privacy/{route}", body) == {"success": True}
        assert await talk.get("privacy/disallowed-contacts", type=name) == {"disallowedContacts": [OTHER]}
    wanted = {"visualizationType": "CONTACT_BLACKLIST", "contactsBlacklist": [{"action": "add", "phone": NOBODY}]}
    assert await talk.post("privacy/photo", wanted) == {"success": False}


async def test_somebody_is_reported(talk: Talk) -> None:
    assert await talk.post(f"contacts/{FRIEND}/report") == {"success": True}
    assert (await talk.emulator.get(f"accounts/{FRIEND}"))["reporters"] == [PHONE]
    assert "error" in await talk.post(f"contacts/{NOBODY}/report", None, 400)
    assert await talk.post("contacts/abc/report", None, 400) == {"error": "Invalid phone"}


# --- channels ---


async def test_a_channel_is_changed_found_and_deleted(talk: Talk) -> None:
    channel = (await talk.post("create-newsletter", {"name": "Padaria da Vila"}, 201))["id"]
    for route, change in (
        ("update-newsletter-name", {"name": "Padaria da Vila Centro"}),
        ("update-newsletter-description", {"description": "Pao quente as sete"}),
        ("update-newsletter-picture", {"pictureUrl": png()}),
    ):
        assert await talk.post(route, {"id": channel, **change}, 201) == {"value": True}
    assert await talk.post(f"newsletter/settings/{channel}", {"reactionCodes": "basic"}, 201) == {"value": True}
    shown = await talk.get(f"newsletter/metadata/{channel}")
    assert (shown["name"], shown["description"]) == ("Padaria da Vila Centro", "Pao quente as sete")
    wanted = {"limit": "20", "filters": {"countryCodes": ["BR"]}}
    assert (await kept(talk, channel))["reactions"] == "BASIC"
    found = await talk.post("search-newsletter", {**wanted, "searchText": "vila centro"})
    assert [one["id"] for one in found["data"]] == [channel]
    assert channel in [
        one["id"] for one in (await talk.post("search-newsletter", {**wanted, "view": "POPULAR"}))["data"]
    ]
    assert await told(talk, "DELETE", "delete-newsletter", {"id": channel}) == {"value": True}
    assert await told(talk, "DELETE", "delete-newsletter", {"id": channel}) == {"value": False}


async def test_admins_of_a_channel_come_and_go(talk: Talk) -> None:
    theirs = await talk.emulator.post("newsletters", owner=FRIEND, name="Deles", invited=[PHONE])
    for value in (True, False):
        answer = await talk.post(f"newsletter/accept-admin-invite/{theirs['id']}@newsletter", None, 201)
        assert answer == {"value": value}
    mine = await talk.emulator.post("newsletters", owner=PHONE, name="Minha", admins=[FRIEND], invited=[OTHER])
    channel = f"{mine['id']}@newsletter"
    for value in (True, False):
        answer = await talk.post(f"newsletter/revoke-admin-invite/{channel}", {"phone": OTHER}, 201)
        assert answer == {"value": value}
    refused = await talk.post(f"newsletter/transfer-ownership/{channel}", {"phone": OTHER})
    assert refused["value"] is False
    assert refused["message"]
    handed = await talk.post(f"newsletter/transfer-ownership/{channel}", {"phone": FRIEND, "quitAdmin": True})
    assert handed["value"] is True
    assert ((await kept(talk, channel))["owner"], (await kept(talk, channel))["admins"]) == (FRIEND, [])
    more = await talk.emulator.post("newsletters", owner=PHONE, name="Outra", admins=[FRIEND])
    for value in (True, False):
        answer = await talk.post(f"newsletter/remove-admin/{more['id']}@newsletter", {"phone": FRIEND}, 201)
        assert answer == {"value": value}


# --- the company ---


async def test_the_company_s_profile_is_written_and_shown(talk: Talk) -> None:
    for route, body in (
        ("company-description", {"value": "Padaria artesanal desde 1998"}),
        ("company-email", {"value": "contato@example.com"}),
        ("company-address", {"value": "Rua das Flores 120, Curitiba"}),
        ("company-websites", {"websites": ["https://example.com", "https://example.org"]}),
        ("hours", {"timezone": "America/Sao_Paulo", "mode": "specificHours", "days": TUESDAY}),
        ("categories", {"categories": ["RESTAURANT", "629412378414563"]}),
    ):
        assert await talk.post(f"business/{route}", body, 201) == {"success": True}
    shown = await talk.get("business/profile", phone=PHONE)
    assert shown == {
        "description": "Padaria artesanal desde 1998",
        "address": "Rua das Flores 120, Curitiba",
        "email": "contato@example.com",
        "websites": ["https://example.com", "https://example.org"],
        "categories": [
            {"displayName": "Restaurant", "id": "133436743388217"},
            {"displayName": "Other Business", "id": "629412378414563"},
        ],
        "businessHours": {"timezone": "America/Sao_Paulo", "mode": "specificHours", "days": TUESDAY},
        "hasCoverPhoto": False,
    }
    assert await talk.post("business/hours", {"timezone": "UTC", "mode": "open24h"}, 201) == {"success": True}
    hours = (await talk.get("business/profile", phone=PHONE))["businessHours"]
    assert (hours["mode"], len(hours["days"]), hours["days"][0]["openTime"]) == ("open24h", 7, None)
    assert await talk.get("business/available-categories", query="restau") == [
        {"displayName": "Restaurant", "id": "133436743388217"}
    ]
    assert "error" in await talk.post("business/categories", {"categories": ["NONE_SUCH"]}, 400)
    assert "error" in await talk.get("business/profile", 404, phone=FRIEND)


async def test_the_catalogue_is_shown_and_a_product_deleted(talk: Talk) -> None:
    listed = await talk.get("catalogs")
    assert (listed["cartEnabled"], listed["nextCursor"]) == (True, None)
    first, second = listed["products"]
    assert first == {
        "id": "7340215698741230",
        "name": "Pao frances",
        "description": "Saco com dez",
        "availability": "in stock",
        "retailerId": "PAO-01",
        "price": "12500",
        "salePrice": "11000",
        "currency": "BRL",
        "quantity": None,
        "images": ["https://cdn.example.com/p/pao.jpg"],
        "url": "https://example.com/pao",
        "isHidden": False,
    }
    assert second["isHidden"] is True
    assert await talk.get(f"catalogs/{PHONE}") == listed
    assert await talk.post("catalogs", {}) == await talk.post(f"catalogs/{PHONE}", {"nextCursor": None}) == listed
    assert "error" in await talk.post("catalogs", {"nextCursor": "eyJhZnRlciI6MTB9"}, 400)
    assert "error" in await talk.get(f"catalogs/{FRIEND}", 404)
    assert (await talk.get("products/7340215698741230"))["product"] == first
    assert "error" in await talk.get("products/1", 404)
    collections = await talk.get("catalogs/collection")
    paes = {"id": "240915873642015", "name": "Paes", "status": "APPROVED"}
    assert collections == {"nextCursor": None, "collections": [paes]}
    products = await talk.get(f"catalogs/collection-products/{PHONE}", collectionId=paes["id"])
    assert products == {"nextCursor": None, "products": [first]}
    assert "error" in await talk.get(f"catalogs/collection-products/{PHONE}", 404, collectionId="1")
    assert await told(talk, "DELETE", f"products/{second['id']}") == {"success": True}
    assert await told(talk, "DELETE", f"product/{second['id']}") == {"success": False}
    assert (await talk.get("catalogs"))["products"] == [first]


async def test_a_product_is_made_and_changed_by_the_seller_s_code(talk: Talk, tmp_path: Path) -> None:
    picture = files.picture(tmp_path / "pao.png", (300, 200), "PNG").read_bytes()
    pages = {"/pao.png": web_answer(picture), "/page": web_answer(b"no picture at all")}
    async with web_server(pages) as server:
        wanted = {
            "currency": "BRL", "description": "Saco com dez", "images": [server.url("/pao.png")], "isHidden": False,
            "name": "Pao doce", "price": 13, "salePrice": 11.5, "retailerId": "PAO-02", "url": "https://example.com/",
        }  # fmt: skip
        made = await talk.post("products", wanted)
        assert "error" in await talk.post("products", {**wanted, "images": server.url("/page")}, 400)
    shown = (await talk.get(f"products/{made['id']}"))["product"]
    assert (shown["name"], shown["price"], shown["salePrice"]) == ("Pao doce", "13000", "11500")
    assert len(shown["images"]) == 1
    assert await talk.post("products", {**wanted, "images": [], "price": 20, "salePrice": None}) == made
    shown = (await talk.get(f"products/{made['id']}"))["product"]
    assert (shown["price"], shown["salePrice"]) == ("20000", None)
    assert await told(talk, "DELETE", f"products/{made['id']}") == {"success": True}


async def told(talk: Talk, method: str, route: str, body: Any = None) -> Any:
    answer = await talk.caller.call(method, route, **({} if body is None else {"json": body}))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def kept(talk: Talk, channel: str) -> Any:
    found = await talk.emulator.get("newsletters")
    return next(one for one in found["newsletters"] if f"{one['id']}@newsletter" == channel)


# --- the contract's own calls ---


@pytest.mark.parametrize("route", RELAYED, ids=lambda one: f"{one.method} {one.path}")
async def test_the_contract_s_calls_are_answered_as_the_document_says(talk: Talk, route: Route) -> None:
    await answers_as_documented(talk.caller, route)
