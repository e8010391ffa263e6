"""What can be done on the pages, and that it happened: each form as a page holds it."""

import re

import pytest

from common.postgres import Pool
from common.tables.instance import shard_of
from tests.databases import SHARDS
from tests.frontend.conftest import Standing
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.frontend.outcomes import Outcomes
from tests.frontend.owner import owning
from tests.frontend.panel.browser import Browser, logged_in

pytestmark = pytest.mark.anyio

HOOK = "https://hooks.example.com/zap"

FAILED_EVENT = """
    INSERT INTO event_dead_letter (
        instance_id, seq, slot, type, body, created_at, attempts, failed_at, url, error_class, error)
    SELECT instance_id, seq, slot, type, body, created_at, 6, now(), 'https://hooks.example.com/zap', 'status', 'no'
    FROM event
    WHERE instance_id = $1"""


def base_of(caller: Caller) -> str:
    return f"/panel/instances/{caller.id}"


def asked(caller: Caller) -> int:
    return shard_of(caller.uuid, SHARDS)


async def test_an_instance_is_made_and_subscribed(standing: Standing, browser: Browser) -> None:
    await browser.go("/panel/instances")
    page = await browser.send("/panel/instances", name="Shop 12", subscribe="1")
    assert "The instance is made" in page
    assert "<h1>Shop 12</h1>" in page
    assert "No phone is linked" in page
    made = browser.path.rpartition("/")[2]
    subscribed = await standing.pool.fetchval("SELECT subscribed_at FROM instance WHERE id = $1::uuid", made)
    assert subscribed is not None
    assert "The instance is made" not in await browser.go(browser.path)


async def test_what_the_api_refuses_is_told_in_its_words(browser: Browser) -> None:
    await browser.go("/panel/instances")
    page = await browser.send("/panel/instances", name="x" * 300)
    assert 'class="said refused"' in page
    assert "Name: no more than 255 characters." in page


async def test_a_message_leads_to_its_story(browser: Browser, caller: Caller, outcomes: Outcomes) -> None:
    await browser.go(base_of(caller))
    page = await browser.send(f"{base_of(caller)}/send", phone="+55 (11) 98888 7777", message="hello")
    assert "The message to 5511988887777" in page
    assert "No sender holds this instance now" in page
    await outcomes.send(browser.path.rpartition("/")[2])
    page = await browser.go(browser.path)
    assert 'class="badge good">sent' in page
    assert "sender-1" in page
    found = await browser.go(f"{base_of(caller)}/messages?id={browser.path.rpartition('/')[2]}")
    assert "The message to 5511988887777" in found


async def test_waiting_messages_are_canceled_one_and_all(browser: Browser, caller: Caller) -> None:
    for text in ("one", "two", "three"):
        await caller.send_text(text)
    queue = f"{base_of(caller)}/queue"
    page = await browser.go(queue)
    (first, *_) = re.findall(rf'action="({queue}/cancel/[0-9A-F]+)"', page)
    page = await browser.send(first)
    assert "The message is canceled" in page
    assert page.count("<tr data-key") == 2
    page = await browser.send(f"{queue}/cancel")
    assert "Nothing waits" in page


async def test_the_queue_is_paused_and_goes_on(browser: Browser, caller: Caller) -> None:
    await caller.send_text()
    queue = f"{base_of(caller)}/queue"
    await browser.go(queue)
    page = await browser.send(f"{queue}/pause", value="true")
    assert "The queue is paused: messages are accepted and wait." in page
    assert (await caller.get("queue/pause")).json()["value"] is True
    page = await browser.send(f"{queue}/pause", value="false")
    assert "The queue goes on." in page
    assert (await caller.get("queue/pause")).json()["value"] is False


async def test_dead_letters_are_replayed_from_the_list_and_from_the_story(
    browser: Browser, caller: Caller, outcomes: Outcomes
) -> None:
    failed = [(await caller.send_text(text)).json()["zaapId"] for text in ("one", "two", "three")]
    for zaap_id in failed:
        await outcomes.fail(zaap_id, "The number has no WhatsApp account.")
    queue = f"{base_of(caller)}/queue"
    page = await browser.go(queue)
    assert "no WhatsApp account" in page
    await browser.send(f"{queue}/replay/{failed[0]}")
    story = f"{base_of(caller)}/messages/{failed[1]}"
    assert "failed" in await browser.go(story)
    assert "Replayed" in await browser.send(f"{story}/replay")
    await browser.go(queue)
    page = await browser.send(f"{queue}/replay")
    assert "Nothing was given up" in page
    assert (await caller.get("queue/count")).json() == {"count": 3}


async def test_a_message_in_doubt_is_decided_and_its_webhook_is_told(
    browser: Browser, caller: Caller, outcomes: Outcomes
) -> None:
    await caller.call("PUT", "update-webhook-delivery", json={"value": HOOK})
    zaap_id = (await caller.send_text()).json()["zaapId"]
    await outcomes.doubt(zaap_id)
    story = f"{base_of(caller)}/messages/{zaap_id}"
    assert "Nobody knows whether it went" in await browser.go(story)
    page = await browser.send(f"{story}/settle", outcome="sent")
    assert "It is decided" in page
    assert "Told to webhooks" in page
    assert "DeliveryCallback" in page
    assert (await caller.get(f"queue/{zaap_id}")).json()["status"] == "sent"


async def test_settings_are_saved_and_shown(browser: Browser, caller: Caller) -> None:
    settings = f"{base_of(caller)}/settings"
    await browser.go(settings)
    page = await browser.send(f"{settings[:-9]}/rename", name=" Front & back ")
    assert "<h1>Front &amp; back</h1>" in page
    page = await browser.send(
        f"{settings[:-9]}/preferences",
        auto_read_message="1", call_reject_auto="1", call_reject_message="Write, please.", policy="resend",
    )  # fmt: skip
    assert "Saved." in page
    me = (await caller.get("me")).json()
    assert (me["autoReadMessage"], me["autoReadStatus"], me["callRejectAuto"]) == (True, False, True)
    assert me["callRejectMessage"] == "Write, please."
    assert (await caller.get("uncertain-policy")).json() == {"value": "resend"}
    await browser.send(f"{settings[:-9]}/preferences", policy="resend")
    me = (await caller.get("me")).json()
    assert (me["autoReadMessage"], me["callRejectMessage"]) == (False, None)


async def test_a_subscription_begins_and_ends(browser: Browser, caller: Caller) -> None:
    settings = f"{base_of(caller)}/settings"
    assert "trial" in await browser.go(settings)
    assert "active" in await browser.send(f"{settings[:-9]}/subscribe")
    assert "canceled" in await browser.send(f"{settings[:-9]}/cancel")


async def test_webhooks_are_set_tested_and_their_events_replayed(
    standing: Standing, browser: Browser, caller: Caller
) -> None:
    webhooks = f"{base_of(caller)}/webhooks"
    await browser.go(webhooks)
    page = await browser.send(webhooks, delivery=HOOK, received="http://hooks.example.com", own="1")
    assert "must begin with https://" in page
    page = await browser.send(webhooks, received=HOOK, own="1")
    assert page.count(f'value="{HOOK}"') == 2
    me = (await caller.get("me")).json()
    assert (me["deliveryCallbackUrl"], me["receivedCallbackUrl"], me["receiveCallbackSentByMe"]) == (HOOK, HOOK, True)
    page = await browser.send(f"{webhooks}/test", webhook="received")
    assert "A test is on its way" in page
    assert "TestCallback" in await browser.go(f"{base_of(caller)}/events")
    await standing.pool.execute(FAILED_EVENT, caller.uuid)
    await standing.pool.execute("DELETE FROM event_outbox WHERE instance_id = $1", caller.uuid)
    await browser.go(webhooks)
    await browser.send(f"{webhooks}/replay/1")
    assert await standing.pool.fetchval("SELECT replayed FROM event_outbox WHERE instance_id = $1", caller.uuid)
    await standing.pool.execute(FAILED_EVENT, caller.uuid)
    await browser.go(webhooks)
    page = await browser.send(f"{webhooks}/discard/1")
    assert "Events given up" not in page


async def test_one_address_is_set_for_all_and_taken_away(browser: Browser, caller: Caller) -> None:
    webhooks = f"{base_of(caller)}/webhooks"
    await browser.go(webhooks)
    assert (await browser.send(f"{webhooks}/every", address=HOOK)).count(f'value="{HOOK}"') == 6
    assert HOOK not in await browser.send(f"{webhooks}/every", address="")


async def test_a_new_secret_leaves_the_one_before_valid(browser: Browser, caller: Caller) -> None:
    webhooks = f"{base_of(caller)}/webhooks"
    await browser.go(webhooks)
    first = re.findall("whsec_[A-Za-z0-9+/=]+", await browser.send(f"{webhooks}/rotate"))
    second = re.findall("whsec_[A-Za-z0-9+/=]+", await browser.send(f"{webhooks}/rotate"))
    assert second[1:] == first


@pytest.mark.parametrize(("action", "question"), [("restart", "restart"), ("unlink", "disconnect")])
async def test_the_session_is_restarted_and_unlinked_by_its_owner(
    standing: Standing, browser: Browser, caller: Caller, redis_url: str, action: str, question: str
) -> None:
    await browser.go(base_of(caller))
    with owning(redis_url, asked(caller), lambda _: {"ok": True, "value": {"value": True}}) as questions:
        page = await browser.send(f"{base_of(caller)}/{action}")
    assert 'class="said done"' in page
    assert [(each["name"], each["instance"]) for each in questions] == [(question, caller.uuid.hex)]


async def test_without_an_owner_a_code_is_refused_in_words(
    standing: Standing, browser: Browser, redis_url: str
) -> None:
    unlinked = await standing.gateway.create()
    page = await browser.go(f"{base_of(unlinked)}/pair?now=1")
    assert "No sender holds this instance now." in page
    assert "data-live" not in page


async def test_the_code_of_the_moment_is_drawn_or_spelled(standing: Standing, browser: Browser, redis_url: str) -> None:
    unlinked = await standing.gateway.create()
    values = {
        "qr-code": {"value": "2@code,of,the,moment", "expiresAt": 1_900_000_000_000},
        "phone-code": {"code": "ABCD-1234", "expiresAt": 1_900_000_000_000},
    }
    with owning(redis_url, asked(unlinked), lambda asked: {"ok": True, "value": values[asked["name"]]}) as questions:
        page = await browser.go(f"{base_of(unlinked)}/pair?now=1")
        assert '<svg class="qr"' in page
        assert 'data-until="2030-03-17T17:46:40Z"' in page
        page = await browser.go(f"{base_of(unlinked)}/pair?now=1&phone=%2B55+11+98888-7777")
        assert "ABCD-1234" in page
        await browser.go(f"{base_of(unlinked)}/pair")
    # the page itself asks for nothing: an open one does
    assert [each["name"] for each in questions] == ["qr-code", "phone-code"]
    assert questions[1]["arguments"] == {"variable": "5511988887777"}


async def test_a_node_is_drained_and_takes_part_again(standing: Standing, browser: Browser) -> None:
    await standing.pool.execute(
        "INSERT INTO node (id, name, version, address, capacity) VALUES ('node-1', 'sender-1', '1', 'x:1', 100)"
    )
    assert "sender-1" in await browser.go("/panel/system")
    page = await browser.send("/panel/system/drain", node="node-1", value="true")
    assert "Take part again" in page
    page = await browser.send("/panel/system/drain", node="node-1", value="false")
    assert "Take part again" not in page
    page = await browser.send("/panel/system/drain", node="nobody", value="true")
    assert "There is no such node." in page


async def test_where_draining_has_a_token_of_its_own_the_panel_offers_none(
    database: str, redis_url: str, pool: Pool
) -> None:
    settings = settings_for(database, redis_url, admin_auth_token="the operator's token")
    async with gateway_on(settings) as gateway, logged_in(gateway) as browser:
        await pool.execute(
            "INSERT INTO node (id, name, version, address, capacity) VALUES ('node-1', 'sender-1', '1', 'x:1', 100)"
        )
        page = await browser.go("/panel/system")
    assert "sender-1" in page
    assert 'action="/panel/system/drain"' not in page
