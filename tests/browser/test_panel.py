"""The panel in a real browser: what an operator does with mouse and keyboard, and how it looks meanwhile."""

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from common.local.http import request
from tests.browser.chromium import Page
from tests.sender.webhooks.receiver import receiving

pytestmark = pytest.mark.anyio

PICTURES = Path(__file__).resolve().parents[2] / ".cache" / "screenshots"
"""What the pages looked like in the last run, for whoever wants to see them."""

PHONE, CONTACT = "5511900000021", "5511900000022"
MOST_BYTES = 100_000

WEIGHT = """
    performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
        .filter((each) => each.initiatorType !== 'other').reduce((sum, each) => sum + each.encodedBodySize, 0)"""
SERIOUS = """
    axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations
        .filter((each) => ['serious', 'critical'].includes(each.impact))
        .map((each) => each.id + ': ' + each.nodes.map((node) => node.html).join(' | ')))"""


async def control(stack: dict[str, Any], route: str, **body: object) -> dict[str, Any]:
    status, answer = await asyncio.to_thread(
        request, "POST", f"{stack['emulator_url']}/control/{route}", body, None, 30
    )
    assert status == 200, answer
    return answer


async def make(page: Page, name: str) -> str:
    """A new instance, made by clicking; the address of its page."""
    await page.click("Instances")
    await page.click("New instance")
    await page.fill("name", name)
    await page.click("Make it")
    await page.says("No phone is linked")
    return str(await page.run("location.href"))


async def test_an_instance_is_linked_by_clicking_and_its_message_is_followed_until_it_is_read(
    page: Page, stack: dict[str, Any]
) -> None:
    await control(stack, "accounts", phone=PHONE, name="Shop phone", script="silent")
    await control(stack, "accounts", phone=CONTACT, name="Customer", script="silent")
    instance = await make(page, "Shop <b>12</b>")
    await page.photograph(PICTURES / "new-instance.png")
    await page.click("Link a phone")
    await page.until(
        "!!document.querySelector('.qr') && /^[0-9]+ s$/.test(document.querySelector('[data-until]').innerText)"
    )
    await page.photograph(PICTURES / "code.png")
    await page.choose("phone", PHONE)
    await page.click("Scan")
    await page.says("Linked and connected")
    await page.photograph(PICTURES / "linked.png")
    await page.click("To the instance")
    await page.fill("phone", f"+{CONTACT}")
    await page.fill("message", "Hello from the panel")
    await page.click("Send")
    await page.until("document.readyState === 'complete' && !!document.querySelector('#story')")
    await page.run("window.isTheSame = true")
    await page.until("document.querySelector('#story .badge')?.innerText === 'delivered'")
    assert await page.run("window.isTheSame")
    story = await page.run("location.href")
    await page.click("Virtual phone")
    await page.click(f"Customer +{CONTACT}")
    await page.says("Hello from the panel")
    await page.photograph(PICTURES / "phone.png")
    await page.click("Mark as read")
    await page.until("location.search.includes('with=') && document.readyState === 'complete'")
    await page.fill("text", "Read it, thanks")
    await page.click("Write")
    await page.says("Read it, thanks")
    await page.go(story)
    await page.until("document.querySelector('#story .badge').innerText === 'read'")
    await page.photograph(PICTURES / "story.png")
    await page.go(instance)
    await page.click("Unlink the phone")
    await page.click("Yes, do it")
    await page.says("The phone is unlinked")


async def test_a_phone_that_scans_is_seen_without_a_reload(page: Page, stack: dict[str, Any]) -> None:
    await control(stack, "accounts", phone="5511900000023", name="Other phone", script="silent")
    instance = await make(page, "Front desk")
    await page.click("Link a phone")
    await page.until("!!document.querySelector('.qr')")
    await page.run("window.isTheSame = true")
    demo = instance.rpartition("/")[2]
    scanned = await asyncio.to_thread(_code_of, stack, demo)
    await control(stack, "scan", phone="5511900000023", qr=scanned)
    await page.says("Linked and connected")
    assert await page.run("window.isTheSame")


def _code_of(stack: dict[str, Any], instance: str) -> str:
    """The code of the moment as the API tells it: the same one that the page draws."""
    partner = {"Authorization": f"Bearer {stack['partner_token']}"}
    _, found = request("GET", f"{stack['base_url']}/instances?pageSize=100", None, partner)
    token = next(each["token"] for each in found["content"] if each["id"] == instance)
    client = {"Client-Token": stack["client_token"]}
    _, answer = request("GET", f"{stack['base_url']}/instances/{instance}/token/{token}/qr-code", None, client)
    return str(answer["value"])


async def test_a_broken_webhook_is_seen_and_what_it_missed_is_replayed(page: Page, stack: dict[str, Any]) -> None:
    async with receiving() as receiver:
        receiver.answers["/hook"] = [500]
        await page.go(f"{stack['base_url']}/panel/instances/{stack['demo']['id']}/webhooks")
        await page.fill("address", receiver.url())
        await page.click("Set all")
        await page.says("Saved.")
        await page.click("Send a test")
        await page.says("A test is on its way")
        await page.says("Events given up")
        await page.says("TestCallback")
        await page.says("500")
        await page.photograph(PICTURES / "broken-webhook.png")
        receiver.answers["/hook"] = [200]
        await page.click("Replay event 1")
        await page.says("The event is on its way again.")
        (delivery,) = await receiver.reached(1)
        await page.until("!document.body.innerText.includes('Events given up')")
        await page.until("document.querySelector('#deliveries .badge').innerText === 'delivered'")
        assert delivery.seq == 1
        await page.photograph(PICTURES / "mended-webhook.png")
        await page.fill("address", "")
        await page.click("Set all")
        await page.says("Saved.")


async def test_the_keyboard_alone_is_enough(page: Page, stack: dict[str, Any]) -> None:
    await page.click("Log out")
    await page.says("Partner token")
    await page.type(stack["partner_token"])  # the field has the focus
    await page.press("Enter")
    await page.says("New instance")
    await page.press("Tab")
    await page.until("says(document.activeElement) === 'Skip to the content'")
    await page.tab_to("New instance")
    await page.press("Enter")
    await page.until("document.activeElement.name === 'name'")
    await page.press("Escape")
    await page.until("says(document.activeElement) === 'New instance'")
    await page.press("Space")
    await page.until("document.activeElement.name === 'name'")
    await page.type("By keyboard")
    await page.press("Enter")
    await page.says("No phone is linked")
    await page.tab_to("To (number with country code)")
    await page.type(CONTACT)
    await page.press("Tab")
    await page.type("Hello")
    await page.press("Tab")
    await page.press("Enter")
    await page.says("The instance is not linked to a phone")
    await page.tab_to("Cancel the message")
    await page.press("Enter")
    await page.says("The message is canceled.")
    await page.tab_to("Settings")
    await page.press("Enter")
    await page.tab_to("Cancel the subscription")
    await page.press("Enter")
    await page.tab_to("Yes, do it")
    await page.press("Enter")
    await page.says("The subscription is canceled.")


async def test_every_page_is_accessible_and_light_by_day_and_by_night(page: Page, stack: dict[str, Any]) -> None:
    package = find_spec("axe_core_python")
    assert package is not None
    assert package.origin is not None
    axe = await asyncio.to_thread(Path(package.origin).with_name("axe.min.js").read_text, encoding="utf-8")
    base = f"/panel/instances/{stack['demo']['id']}"
    pages = {
        "instances": "/panel/instances", "instance": base, "queue": f"{base}/queue", "webhooks": f"{base}/webhooks",
        "events": f"{base}/events", "settings": f"{base}/settings", "pair": f"{base}/pair", "system": "/panel/system",
        "phones": "/panel/phone", "phone": f"/panel/phone/{stack['demo']['contact']}", "nothing": "/panel/nothing",
    }  # fmt: skip
    for is_last, named in ((False, pages), (True, {"login": "/panel/login"})):
        if is_last:
            await page.call("Network.clearBrowserCookies")
        for is_dark, width in ((False, 1200), (True, 390)):
            await page.look(width=width, is_dark=is_dark)
            for name, path in named.items():
                await page.go(f"{stack['base_url']}{path}")
                assert await page.run(WEIGHT) < MOST_BYTES
                assert await page.run("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
                await page.run(f"{axe};0")
                assert await page.run(SERIOUS) == [], name
                await page.photograph(PICTURES / f"{name}-{'dark' if is_dark else 'light'}.png")
    # the page that is not there is answered with 404, which the console calls an error
    page.complaints = [each for each in page.complaints if not each.endswith("/panel/nothing")]
