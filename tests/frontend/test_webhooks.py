"""Webhook routes as an integrator uses them: addresses, secrets, events that were missed, replays, dead letters."""

import base64

import pytest

from common.postgres import Pool
from common.settings import FrontendSettings
from common.tables import event, event_outbox
from common.tables.event import NewEvent
from tests.frontend.gateway import Caller, gateway_on

pytestmark = pytest.mark.anyio

URL = "https://hooks.example.com/zap"
SHOWN = {
    "update-webhook-delivery": "deliveryCallbackUrl",
    "update-webhook-received": "receivedCallbackUrl",
    "update-webhook-receive": "receivedCallbackUrl",
    "update-webhook-received-delivery": "receivedCallbackUrl",
    "update-webhook-disconnected": "disconnectedCallbackUrl",
    "update-webhook-connected": "connectedCallbackUrl",
    "update-webhook-message-status": "messageStatusCallbackUrl",
    "update-webhook-status": "messageStatusCallbackUrl",
    "update-webhook-chat-presence": "presenceChatCallbackUrl",
}


async def me(caller: Caller) -> dict[str, object]:
    shown: dict[str, object] = (await caller.get("me")).json()
    return shown


@pytest.mark.parametrize("path", SHOWN)
async def test_an_address_is_shown_at_once_and_an_empty_one_clears_it(caller: Caller, path: str) -> None:
    answer = await caller.call("PUT", path, json={"value": URL})
    assert (answer.status_code, answer.json()) == (200, {"value": True})
    shown = await me(caller)
    assert shown[SHOWN[path]] == URL
    assert [key for key, value in shown.items() if value == URL] == [SHOWN[path]]
    assert (await caller.call("PUT", path, json={"value": ""})).status_code == 200
    assert (await me(caller))[SHOWN[path]] is None


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "ftp://example.com", "hooks", "https://", "https://a b/"])
async def test_only_https_addresses_are_taken(caller: Caller, url: str) -> None:
    answer = await caller.call("PUT", "update-webhook-delivery", json={"value": url})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("value: ")


async def test_http_is_taken_for_hosts_that_the_operator_names(settings: FrontendSettings) -> None:
    async with gateway_on(settings.model_copy(update={"webhook_http_hosts": "hooks.internal"})) as gateway:
        caller = await gateway.create()
        url = {"value": "http://hooks.internal:8080/a"}
        assert (await caller.call("PUT", "update-webhook-delivery", json=url)).status_code == 200


async def test_other_methods_and_bodies_without_a_type_are_refused_as_documented(caller: Caller) -> None:
    assert (await caller.post("update-webhook-delivery", {"value": URL})).status_code == 405
    untyped = await caller.call("PUT", "update-webhook-delivery", content=b"{}", headers={"content-type": "text/plain"})
    assert untyped.status_code == 415


async def test_every_webhook_is_set_by_one_request_and_leaves_the_flag_alone(caller: Caller) -> None:
    await caller.call("PUT", "update-notify-sent-by-me", json={"notifySentByMe": True})
    assert (await caller.call("PUT", "update-every-webhooks", json={"value": URL})).json() == {"value": True}
    shown = await me(caller)
    assert {shown[key] for key in set(SHOWN.values())} == {URL}
    assert shown["receiveCallbackSentByMe"] is True
    await caller.call("PUT", "update-every-webhooks", json={"value": URL, "notifySentByMe": False})
    assert (await me(caller))["receiveCallbackSentByMe"] is False


async def test_the_received_delivery_route_also_asks_for_own_messages(caller: Caller) -> None:
    await caller.call("PUT", "update-webhook-received-delivery", json={"value": URL})
    assert (await me(caller))["receiveCallbackSentByMe"] is True
    await caller.call("PUT", "update-notify-sent-by-me", json={"notifySentByMe": False})
    shown = await me(caller)
    assert (shown["receiveCallbackSentByMe"], shown["receivedCallbackUrl"]) == (False, URL)
    await caller.call("PUT", "update-webhook-received", json={"value": f"{URL}/2"})
    assert (await me(caller))["receivedCallbackUrl"] == f"{URL}/2"


async def test_two_secrets_live_while_one_replaces_the_other(caller: Caller) -> None:
    first = (await caller.get("webhook-secrets")).json()["secrets"]
    assert [each["current"] for each in first] == [True]
    assert len(base64.b64decode(first[0]["secret"].removeprefix("whsec_"))) == 32
    rotated = (await caller.post("webhook-secrets/rotate")).json()["secrets"]
    assert [each["current"] for each in rotated] == [True, False]
    assert rotated[1]["secret"] == first[0]["secret"]
    again = (await caller.post("webhook-secrets/rotate")).json()["secrets"]
    assert [each["secret"] for each in again][1] == rotated[0]["secret"]
    assert len((await caller.delete("webhook-secrets/old")).json()["secrets"]) == 1


async def happen(pool: Pool, caller: Caller, count: int, slot: event.Slot = "received") -> None:
    async with pool.acquire() as connection, connection.transaction():
        events = [NewEvent(caller.uuid, slot, "ReceivedCallback", b'{"n":%d}' % number) for number in range(count)]
        await event.append(connection, events, keeps_all=False)


async def test_events_are_numbered_without_gaps_and_read_after_a_number(caller: Caller, pool: Pool) -> None:
    await happen(pool, caller, 2)  # without a webhook they cost nothing
    await caller.call("PUT", "update-every-webhooks", json={"value": URL})
    await happen(pool, caller, 3)
    await happen(pool, caller, 2)
    page = (await caller.get("events", params={"after": 1, "limit": 3})).json()
    assert [each["seq"] for each in page["events"]] == [2, 3, 4]
    assert (page["hasMore"], page["last"]) == (True, 5)
    assert page["events"][0]["body"] == {"n": 1}
    assert page["events"][0]["id"] == f"evt_{caller.uuid.hex}_2"


async def waiting(pool: Pool, caller: Caller) -> list[tuple[int, bool]]:
    rows = await pool.fetch(
        "SELECT seq, replayed FROM event_outbox WHERE instance_id = $1 ORDER BY seq", caller.uuid
    )  # fmt: skip
    return [(row[0], row[1]) for row in rows]


async def bury(pool: Pool, caller: Caller) -> None:
    slots = list(event_outbox.SLOTS)
    await pool.execute(event_outbox.BURY_REST, caller.uuid, slots, URL)


async def test_a_range_one_event_or_only_what_failed_is_replayed(caller: Caller, pool: Pool) -> None:
    await caller.call("PUT", "update-every-webhooks", json={"value": URL})
    await happen(pool, caller, 5)
    await bury(pool, caller)
    await pool.execute("DELETE FROM event_dead_letter WHERE seq > 3")  # as if the last two had been delivered
    answer = (await caller.post("events/replay", {"from": 2, "to": 4, "onlyFailed": True})).json()
    assert answer == {"replayed": 2, "hasMore": False}
    assert await waiting(pool, caller) == [(2, True), (3, True)]
    assert (await caller.post("events/replay", {"from": 3, "to": 4})).json()["replayed"] == 1
    assert (await caller.post(f"events/evt_{caller.uuid.hex}_5/replay")).json()["replayed"] == 1
    assert (await caller.post("events/1/replay")).json()["replayed"] == 1
    assert (await caller.post("events/99/replay")).status_code == 404
    assert [seq for seq, _ in await waiting(pool, caller)] == [1, 2, 3, 4, 5]
    assert await pool.fetchval("SELECT count(*) FROM event_dead_letter") == 0


async def test_a_dead_letter_outlives_the_day_of_its_event_and_is_still_replayed(caller: Caller, pool: Pool) -> None:
    await caller.call("PUT", "update-every-webhooks", json={"value": URL})
    await happen(pool, caller, 1)
    await bury(pool, caller)
    await pool.execute("DELETE FROM event")
    assert (await caller.post("events/1/replay")).json()["replayed"] == 1
    assert [each["seq"] for each in (await caller.get("events")).json()["events"]] == [1]


async def test_dead_letters_are_listed_and_dropped(caller: Caller, pool: Pool) -> None:
    await caller.call("PUT", "update-every-webhooks", json={"value": URL})
    await happen(pool, caller, 3)
    await bury(pool, caller)
    page = (await caller.get("event-dead-letters", params={"pageSize": 2})).json()
    assert [each["seq"] for each in page["events"]] == [1, 2]
    assert page["events"][0]["errorClass"] == "gone"
    rest = (await caller.get("event-dead-letters", params={"pagingState": page["pagingState"]})).json()
    assert [each["seq"] for each in rest["events"]] == [3]
    assert (await caller.delete("event-dead-letters/2")).json() == {"discarded": 1}
    assert (await caller.delete("event-dead-letters/2")).status_code == 404
    assert (await caller.delete("event-dead-letters")).json() == {"discarded": 2}


async def test_a_test_needs_an_address_and_waits_like_any_event(caller: Caller, pool: Pool) -> None:
    assert (await caller.post("test-webhook", {"webhook": "presence"})).status_code == 400
    await caller.call("PUT", "update-webhook-chat-presence", json={"value": URL})
    sent = (await caller.post("test-webhook", {"webhook": "presence"})).json()
    assert sent["seq"] == 1
    assert await waiting(pool, caller) == [(1, False)]
    assert (await caller.get("events/1/attempts")).json() == {"seq": 1, "attempts": []}


async def test_the_events_of_another_instance_are_not_reached(gateway: object, caller: Caller, pool: Pool) -> None:
    await caller.call("PUT", "update-every-webhooks", json={"value": URL})
    await happen(pool, caller, 1)
    stranger = await gateway.create()  # type: ignore[attr-defined]
    assert (await stranger.get("events")).json() == {"events": [], "last": 0, "hasMore": False}
    assert (await stranger.post("events/1/replay")).status_code == 404
