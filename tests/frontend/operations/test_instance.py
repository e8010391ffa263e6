"""The instance about itself: its link, its configuration, its phone, and the code to link it with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest

from common.local.valkey import Valkey
from common.postgres import Pool
from common.settings import FrontendSettings
from common.tables.instance import shard_of
from tests.databases import SHARDS
from tests.frontend.gateway import Caller, Gateway
from tests.frontend.owner import owning

pytestmark = pytest.mark.anyio

NOT_CONNECTED = {"error": "You are not connected."}


async def change(pool: Pool, caller: Caller, **columns: object) -> None:
    changed = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, start=2))
    await pool.execute(f"UPDATE instance SET {changed} WHERE id = $1", caller.uuid, *columns.values())


# --- /status ---


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("connected", {"connected": True, "error": "You are already connected.", "smartphoneConnected": True}),
        (
            "disconnected",
            {"connected": False, "error": "You need to restore the session.", "smartphoneConnected": False},
        ),
        ("conflict", {"connected": False, "error": "You need to restore the session.", "smartphoneConnected": False}),
    ],
)
async def test_the_status_of_a_linked_instance(
    gateway: Gateway, pool: Pool, state: str, told: dict[str, object]
) -> None:
    caller = await gateway.create(pool, state=state)
    assert (await caller.get("status")).json() == told


async def test_the_status_of_an_instance_that_is_not_linked(gateway: Gateway) -> None:
    caller = await gateway.create()
    answer = await caller.get("status")
    assert answer.json() == {"connected": False, "error": "You are not connected.", "smartphoneConnected": False}


# --- /me ---


async def test_me_of_a_new_instance_has_null_for_what_is_unset(gateway: Gateway, pool: Pool) -> None:
    caller = await gateway.create()
    me = (await caller.get("me")).json()
    row = await pool.fetchrow("SELECT created_at, due FROM instance WHERE id = $1", caller.uuid)
    created: datetime = row["created_at"]
    assert me == {
        "id": caller.id,
        "token": caller.token,
        "name": "Front desk",
        "due": int(row["due"].timestamp() * 1000),
        "connected": False,
        "paymentStatus": "TRIAL",
        "created": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "connectedCallbackUrl": None,
        "deliveryCallbackUrl": None,
        "disconnectedCallbackUrl": None,
        "messageStatusCallbackUrl": None,
        "presenceChatCallbackUrl": None,
        "receivedCallbackUrl": None,
        "receiveCallbackSentByMe": False,
        "callRejectAuto": False,
        "callRejectMessage": None,
        "autoReadMessage": False,
        "autoReadStatus": False,
        "initialDataCallbackUrl": None,
    }


async def test_me_shows_what_the_instance_was_created_with(gateway: Gateway) -> None:
    asked = {
        "connectedCallbackUrl": "https://hooks.example.com/connected",
        "deliveryCallbackUrl": "https://hooks.example.com/delivery",
        "disconnectedCallbackUrl": "https://hooks.example.com/disconnected",
        "messageStatusCallbackUrl": "https://hooks.example.com/status",
        "presenceChatCallbackUrl": "https://hooks.example.com/presence",
        "receivedCallbackUrl": "https://hooks.example.com/received",
        "callRejectAuto": True,
        "callRejectMessage": "We do not take calls here.",
        "autoReadMessage": True,
        "autoReadStatus": True,
    }
    me = (await (await gateway.create(**asked)).get("me")).json()
    assert {name: me[name] for name in asked} == asked
    assert me["receiveCallbackSentByMe"] is False


async def test_the_address_for_received_and_sent_wins_and_switches_the_sent_ones_on(gateway: Gateway) -> None:
    both = "https://hooks.example.com/both"
    caller = await gateway.create(
        receivedCallbackUrl="https://hooks.example.com/received", receivedAndDeliveryCallbackUrl=both
    )
    me = (await caller.get("me")).json()
    assert (me["receivedCallbackUrl"], me["receiveCallbackSentByMe"]) == (both, True)


async def test_me_follows_the_subscription_at_once(gateway: Gateway, caller: Caller) -> None:
    async def status() -> str:
        told: str = (await caller.get("me")).json()["paymentStatus"]
        return told

    assert await status() == "TRIAL"
    await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/subscription")
    assert await status() == "ACTIVE"
    await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/cancel")
    assert await status() == "CANCELED"


async def test_a_token_that_another_key_encrypted_does_not_hide_the_rest(caller: Caller, pool: Pool) -> None:
    await change(pool, caller, token_cipher=b"x" * 52)
    me = await caller.get("me")
    assert (me.status_code, me.json()["token"], me.json()["id"]) == (200, "", caller.id)


# --- /device ---


async def test_the_device_of_a_linked_instance(caller: Caller, pool: Pool) -> None:
    await change(
        pool,
        caller,
        profile_name="Front desk",
        profile_about="Open 8 to 18",
        profile_picture="https://pps.example.net/front-desk.jpg",
        platform="smba",
        session_name="Shop 12",
    )
    assert (await caller.get("device")).json() == {
        "phone": "5511900000001",
        "imgUrl": "https://pps.example.net/front-desk.jpg",
        "about": "Open 8 to 18",
        "name": "Front desk",
        "device": {"sessionName": "Shop 12", "device_model": "Pombo"},
        "originalDevice": "smba",
        "sessionId": 7,
        "isBusiness": True,
    }


@pytest.mark.parametrize(
    ("platform", "shown", "is_business"),
    [("iphone", "iphone", False), ("android", "android", False), ("smbi", "smbi", True), ("web", None, False)],
)
async def test_the_kind_of_the_phone(
    caller: Caller, pool: Pool, platform: str, shown: str | None, is_business: bool
) -> None:
    await change(pool, caller, platform=platform)
    device = (await caller.get("device")).json()
    assert (device["originalDevice"], device["isBusiness"]) == (shown, is_business)
    assert (device["name"], device["about"], device["imgUrl"]) == (None, None, None)
    assert device["device"]["sessionName"] == "Pombo"


async def test_an_instance_that_is_not_linked_has_no_device(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    never = await (await gateway.create()).get("device")
    assert (never.status_code, never.json()) == (400, NOT_CONNECTED)
    await change(pool, caller, device=None, session_state="logged-out")
    unlinked = await caller.get("device")
    assert (unlinked.status_code, unlinked.json()) == (400, NOT_CONNECTED)


# --- /qr-code ---

Owning = Callable[..., AbstractContextManager[list[dict[str, Any]]]]


@pytest.fixture
def owned(caller: Caller, valkey: Valkey) -> Owning:
    return lambda answer: owning(valkey.url(), shard_of(caller.uuid, SHARDS), answer)


@pytest.fixture(scope="module")
def standing_settings(standing_settings: FrontendSettings) -> FrontendSettings:
    """An answer may take a second, so that the test of none takes no longer."""
    return standing_settings.model_copy(update={"ask_timeout": timedelta(seconds=1)})


async def test_the_owner_tells_the_code(caller: Caller, owned: Owning) -> None:
    with owned(lambda _: {"ok": True, "value": {"value": "2@Zm9v,YmFy,MTIz"}}) as asked:
        answer = await caller.get("qr-code")
    assert (answer.status_code, answer.json()) == (200, {"value": "2@Zm9v,YmFy,MTIz"})
    assert [(one["instance"], one["name"], one["arguments"]) for one in asked] == [
        (caller.uuid.hex, "qr-code", {"variable": ""})
    ]


async def test_a_linked_instance_needs_no_code(caller: Caller, owned: Owning) -> None:
    told = {"connected": True, "error": "You are already connected."}
    with owned(lambda _: {"ok": True, "value": told}):
        assert (await caller.get("qr-code")).json() == told


async def test_what_the_owner_refuses_is_refused(caller: Caller, owned: Owning) -> None:
    with owned(lambda _: {"ok": False, "error": {"status": 409, "text": "the session is being closed"}}):
        answer = await caller.get("qr-code")
    assert (answer.status_code, answer.json()) == (409, {"error": "the session is being closed"})


@pytest.mark.parametrize("value", [None, 5, [], {"value": 5}, {"value": {"code": "2@"}}], ids=repr)
async def test_an_answer_that_is_none_is_502(caller: Caller, owned: Owning, value: object) -> None:
    with owned(lambda _: {"ok": True, "value": value}):
        answer = await caller.get("qr-code")
    assert answer.status_code == 502
    assert answer.json() == {"error": "the node that holds this instance gave an answer that is not understood"}


async def test_an_owner_who_says_nothing_is_504(caller: Caller, owned: Owning) -> None:
    with owned(lambda _: None):
        answer = await caller.get("qr-code")
    assert answer.status_code == 504
    assert answer.json() == {"error": "the node that holds this instance did not answer in time"}


async def test_without_an_owner_the_question_is_refused_at_once(caller: Caller) -> None:
    answer = await caller.get("qr-code")
    assert (answer.status_code, answer.json()) == (503, {"error": "no node holds this instance now"})
