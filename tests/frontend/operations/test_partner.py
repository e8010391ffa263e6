"""Partners: what an instance is created with, how instances are listed and found, and what a subscription changes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from common import keys
from common.postgres import Pool
from common.settings import FrontendSettings
from common.tables.instance import shard_of
from tests.databases import SHARDS
from tests.frontend.gateway import Caller, Gateway, gateway_on

pytestmark = pytest.mark.anyio

CREATE = "/instances/integrator/on-demand"
HOOK = "https://hooks.example.com/zap"

URLS = (
    "deliveryCallbackUrl",
    "receivedCallbackUrl",
    "receivedAndDeliveryCallbackUrl",
    "presenceChatCallbackUrl",
    "disconnectedCallbackUrl",
    "connectedCallbackUrl",
    "messageStatusCallbackUrl",
)
FLAGS = (
    "callRejectAuto",
    "autoReadMessage",
    "autoReadStatus",
    "businessDevice",
    "disableEnqueueWhenDisconnected",
)


async def row_of(pool: Pool, caller: Caller) -> dict[str, Any]:
    return dict(await pool.fetchrow("SELECT * FROM instance WHERE id = $1", caller.uuid))


async def listed(gateway: Gateway, **query: object) -> dict[str, Any]:
    answer = await gateway.as_partner("GET", "/instances", params=query)
    assert answer.status_code == 201
    page: dict[str, Any] = answer.json()
    return page


# --- create ---


async def test_a_new_instance_has_an_id_a_token_and_a_trial_of_two_days(gateway: Gateway, pool: Pool) -> None:
    answer = await gateway.as_partner("POST", CREATE, json={"name": "Shop 12"})
    created = answer.json()
    assert answer.status_code == 200
    assert created.keys() == {"id", "token", "due"}
    assert UUID(created["id"]).hex.upper() == created["id"]
    assert len(created["token"]) == 24
    due = datetime.fromtimestamp(int(created["due"]) / 1000, UTC)
    assert abs(due - datetime.now(UTC) - timedelta(days=2)) < timedelta(minutes=1)


async def test_tokens_are_kept_as_a_hash_and_sealed(gateway: Gateway, pool: Pool) -> None:
    caller = await gateway.create()
    row = await row_of(pool, caller)
    assert caller.token.encode() not in b"".join(value for value in row.values() if isinstance(value, bytes))
    assert caller.token not in str(row)


async def test_every_setting_of_the_creation_is_stored(gateway: Gateway, pool: Pool) -> None:
    urls = {name: f"{HOOK}/{name}" for name in URLS}
    caller = await gateway.create(
        **urls,
        **dict.fromkeys(FLAGS, True),
        name="Shop 12",
        sessionName="Till",
        callRejectMessage="No calls",
        isDevice=True,
    )
    row = await row_of(pool, caller)
    assert {name: row[snake(name)] for name in URLS} == urls
    assert all(row[snake(name)] is True for name in FLAGS)
    assert (row["name"], row["session_name"], row["call_reject_message"]) == ("Shop 12", "Till", "No calls")
    assert (row["middleware"], row["receive_callback_sent_by_me"]) == ("mobile", True)
    assert (row["session_state"], row["device"], row["shard"]) == ("unpaired", None, shard_of(caller.uuid, SHARDS))


async def test_what_is_not_asked_is_off(gateway: Gateway, pool: Pool) -> None:
    row = await row_of(pool, await gateway.create(**dict.fromkeys(FLAGS, "false"), isDevice="false"))
    assert not any(row[snake(name)] for name in (*FLAGS, *URLS))
    assert (row["middleware"], row["receive_callback_sent_by_me"]) == ("web", False)


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": 5},
        {"name": "x" * 256},
        {"name": "a\0b"},
        {"name": "x", "sessionName": ""},
        {"name": "x", "callRejectAuto": "yes"},
        {"name": "x", "isDevice": 1},
        {"name": "x", "callRejectMessage": "x" * 4_097},
        *({"name": "x", url: "http://hooks.example.com"} for url in URLS),
        {"name": "x", "deliveryCallbackUrl": "ftp://hooks.example.com"},
        {"name": "x", "deliveryCallbackUrl": 5},
        {"name": "x", "deliveryCallbackUrl": "https://" + "x" * 2_048},
    ],
    ids=lambda body: str(body)[:60],
)
async def test_a_creation_that_is_not_valid_makes_nothing(
    gateway: Gateway, pool: Pool, body: dict[str, object]
) -> None:
    before = await pool.fetchval("SELECT count(*) FROM instance")
    answer = await gateway.as_partner("POST", CREATE, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(tuple(body.keys() - {"name"}) or "name: ")
    assert await pool.fetchval("SELECT count(*) FROM instance") == before


@pytest.mark.parametrize("url", ["", None, "https://hooks.example.com/ol\u00e1", "HTTPS://HOOKS.EXAMPLE.COM"])
async def test_an_address_may_be_unset_and_its_scheme_in_any_case(
    gateway: Gateway, pool: Pool, url: str | None
) -> None:
    row = await row_of(pool, await gateway.create(deliveryCallbackUrl=url))
    assert row["delivery_callback_url"] == (url or None)


async def test_the_owner_hears_of_a_new_instance(gateway: Gateway, redis: Redis) -> None:
    caller = await gateway.create()
    entries = await redis.xrange(keys.bell(shard_of(caller.uuid, SHARDS)))
    assert [fields[b"i"].decode() for _, fields in entries] == [caller.uuid.hex]


# --- list ---


async def test_the_listing_in_the_contracts_spelling(gateway: Gateway, pool: Pool) -> None:
    caller = await gateway.create(pool, name="Only one", deliveryCallbackUrl=HOOK)
    row = await row_of(pool, caller)
    created: datetime = row["created_at"]
    page = await listed(gateway, page=1, pageSize=10, query="Only one")
    shown = {
        "token": caller.token,
        "tenant": "pombo",
        "created": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "due": int(row["due"].timestamp() * 1000),
        "paymentStatus": "TRIAL",
        "deliveryCallbackUrl": HOOK,
        "receivedCallbackUrl": "",
        "disconnectedCallbackUrl": "",
        "messageStatusCallbackUrl": "",
        "receivedAndDeliveryCallbackUrl": "",
        "presenceChatCallbackUrl": "",
        "connectedCallbackUrl": "",
        "receivedStatusCallbackUrl": "",
        "phoneConnected": True,
        "whatsappConnected": True,
        "middleware": "web",
        "name": "Only one",
        "id": caller.id,
    }
    assert page == {"total": 1, "totalPage": 1, "pageSize": 10, "page": 1, "content": [shown]}


async def test_pages_together_are_all_instances_in_order_of_creation(settings: FrontendSettings) -> None:
    async with gateway_on(settings) as gateway:
        assert await listed(gateway) == {"total": 0, "totalPage": 0, "pageSize": 10, "page": 1, "content": []}
        ids = [(await gateway.create()).id for _ in range(5)]
        pages = [await listed(gateway, page=number, pageSize=2) for number in (1, 2, 3, 4)]
        # The documentation itself shows a slash at the end.
        slashed = await listed(gateway, page="1/", pageSize="2/")
    assert [(page["total"], page["totalPage"], page["pageSize"], page["page"]) for page in pages] == [
        (5, 3, 2, number) for number in (1, 2, 3, 4)
    ]
    assert [[one["id"] for one in page["content"]] for page in pages] == [ids[:2], ids[2:4], ids[4:], []]
    assert slashed == pages[0]


async def test_instances_are_found_by_name_and_by_id(gateway: Gateway) -> None:
    caller = await gateway.create(name="Padaria Pão 100%_")
    for query in ("padaria pão", "100%_", caller.id, caller.id.lower(), str(caller.uuid), caller.id[4:20]):
        assert [one["id"] for one in (await listed(gateway, query=query))["content"]] == [caller.id], query
    for query in ("%", "_", "nowhere", "' OR 1=1 --", caller.token):
        assert (
            caller.id not in [one["id"] for one in (await listed(gateway, query=query))["content"]] or query in "100%_"
        )


async def test_instances_are_listed_by_kind(gateway: Gateway) -> None:
    web = await gateway.create(name="kinds")
    mobile = await gateway.create(name="kinds", isDevice=True)
    for middleware, ids in (("web", [web.id]), ("mobile", [mobile.id])):
        page = await listed(gateway, query="kinds", middleware=middleware)
        assert [one["id"] for one in page["content"]] == ids
    assert (await listed(gateway, query="kinds"))["total"] == 2


@pytest.mark.parametrize(
    "query",
    [{"page": 0}, {"page": "x"}, {"pageSize": 0}, {"pageSize": 1_001}, {"pageSize": "x"}, {"page": 10**9},
     {"middleware": "desktop"}, {"query": "x" * 256}, {"query": "\0"}],
    ids=repr,
)  # fmt: skip
async def test_a_listing_that_is_not_valid_is_400(gateway: Gateway, query: dict[str, object]) -> None:
    answer = await gateway.as_partner("GET", "/instances", params=query)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


async def test_one_token_that_cannot_be_read_does_not_hide_the_others(gateway: Gateway, pool: Pool) -> None:
    callers = [await gateway.create(name="sealed") for _ in range(3)]
    await pool.execute("UPDATE instance SET token_cipher = $2 WHERE id = $1", callers[1].uuid, b"x" * 40)
    tokens = [one["token"] for one in (await listed(gateway, query="sealed"))["content"]]
    assert tokens == [callers[0].token, "", callers[2].token]


# --- subscriptions ---


async def subscription(gateway: Gateway, caller: Caller, method: str, route: str, **content: Any) -> tuple[int, str]:
    answer = await gateway.as_partner(method, f"{caller.base}/integrator/on-demand/{route}", **content)
    return answer.status_code, answer.text


OK = (201, "OK")


async def test_a_subscription_answers_ok_in_plain_text(gateway: Gateway, caller: Caller) -> None:
    answer = await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/subscription")
    assert (answer.status_code, answer.text) == OK
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("content", "with_calls"),
    [
        ({}, False),
        ({"json": {}}, False),
        ({"json": {"withCalls": False}}, False),
        ({"json": {"withCalls": True}}, True),
        ({"json": {"withCalls": "true"}}, True),
        ({"json": {"withCalls": None}}, False),
    ],
)
async def test_a_subscription_ends_the_trial_and_may_include_calls(
    gateway: Gateway, caller: Caller, pool: Pool, content: dict[str, Any], with_calls: bool
) -> None:
    assert await subscription(gateway, caller, "POST", "subscription", **content) == OK
    row = await row_of(pool, caller)
    assert row["subscribed_at"] is not None
    assert row["with_calls"] is with_calls
    assert (await listed(gateway, query=caller.id))["content"][0]["paymentStatus"] == "ACTIVE"


async def test_a_subscription_is_moved_to_the_plan_with_calls(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    await subscription(gateway, caller, "POST", "subscription")
    for asked in (True, "true"):
        moved = await subscription(gateway, caller, "PUT", "subscription/update", json={"withCalls": asked})
        assert moved == OK
    assert (await row_of(pool, caller))["with_calls"] is True


@pytest.mark.parametrize(
    "body", [{}, {"withCalls": False}, {"withCalls": "false"}, {"withCalls": None}, {"withCalls": 1}]
)
async def test_there_is_no_way_down(gateway: Gateway, caller: Caller, pool: Pool, body: dict[str, object]) -> None:
    await subscription(gateway, caller, "POST", "subscription", json={"withCalls": True})
    status, _ = await subscription(gateway, caller, "PUT", "subscription/update", json=body)
    assert status == 400
    assert (await row_of(pool, caller))["with_calls"] is True


async def test_a_canceled_subscription_lasts_thirty_days_from_the_first_cancel(
    gateway: Gateway, caller: Caller, pool: Pool
) -> None:
    await subscription(gateway, caller, "POST", "subscription")
    assert await subscription(gateway, caller, "POST", "cancel") == OK
    first = (await row_of(pool, caller))["due"]
    assert abs(first - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    assert await subscription(gateway, caller, "POST", "cancel") == OK
    assert (await row_of(pool, caller))["due"] == first
    assert (await caller.send_text()).status_code == 200


async def test_a_canceled_trial_keeps_its_own_end(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    before = (await row_of(pool, caller))["due"]
    await subscription(gateway, caller, "POST", "cancel")
    assert (await row_of(pool, caller))["due"] == before


async def test_a_canceled_instance_can_be_subscribed_anew(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    for route in ("subscription", "cancel", "subscription"):
        await subscription(gateway, caller, "POST", route)
    row = await row_of(pool, caller)
    assert row["canceled_at"] is None
    assert (await listed(gateway, query=caller.id))["content"][0]["paymentStatus"] == "ACTIVE"
