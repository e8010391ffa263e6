"""Who may come in, what a form must carry, and what every answer of the panel says to the browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from common.postgres import Pool
from common.settings import FrontendSettings
from frontend.panel.sessions import COOKIE
from tests.clock import ManualClock
from tests.frontend.conftest import Standing
from tests.frontend.gateway import PARTNER_TOKEN, gateway_on, settings_for
from tests.frontend.panel.browser import Browser, logged_in, visiting
from tests.frontend.panel.pages import pages_of

pytestmark = pytest.mark.anyio


async def test_without_a_login_every_page_leads_to_it_and_comes_back_afterwards(standing: Standing) -> None:
    async with visiting(standing.gateway) as stranger:
        for path in await pages_of(standing.caller):
            await stranger.go(path)
            assert stranger.path.startswith("/panel/login?next=")
        await stranger.go("/panel/system?language=pt")
        await stranger.send("/panel/login", token=PARTNER_TOKEN)
        assert stranger.path == "/panel/system"


async def test_an_open_page_without_a_login_is_told_so(standing: Standing) -> None:
    answer = await standing.gateway.client.get("/panel/instances", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", PARTNER_TOKEN[:-1], PARTNER_TOKEN + "x"])
async def test_another_token_does_not_open(standing: Standing, token: str) -> None:
    async with visiting(standing.gateway) as stranger:
        await stranger.go("/panel/login")
        await stranger.send("/panel/login", token=token)
        assert stranger.status == 403
        assert COOKIE not in stranger.client.cookies
        await stranger.go("/panel/login")
        await stranger.send("/panel/login", token=PARTNER_TOKEN)
        assert stranger.path == "/panel/instances"


async def test_the_cookie_is_for_this_site_and_no_script(standing: Standing) -> None:
    answer = await standing.gateway.client.post("/panel/login", data={"token": PARTNER_TOKEN})
    standing.gateway.client.cookies.clear()
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/panel" in cookie
    assert "secure" not in cookie


async def test_behind_tls_the_cookie_never_goes_without(database: str, redis_url: str) -> None:
    settings = settings_for(database, redis_url, api_base_url="https://pombo.example")
    async with gateway_on(settings) as gateway:
        answer = await gateway.client.post("/panel/login", data={"token": PARTNER_TOKEN})
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/panel\\evil", "/docs", "/panel/\nx"])
async def test_a_login_leads_nowhere_but_into_the_panel(standing: Standing, wanted: str) -> None:
    async with visiting(standing.gateway) as stranger:
        await stranger.go("/panel/login")
        await stranger.send("/panel/login", token=PARTNER_TOKEN, next=wanted)
        assert stranger.path == "/panel/instances"


async def test_whoever_tries_too_often_waits_and_others_do_not(database: str, redis_url: str) -> None:
    clock = ManualClock(datetime.now(UTC))
    settings = settings_for(database, redis_url, panel_login_attempts=3)
    async with gateway_on(settings, clock) as gateway, visiting(gateway) as stranger:
        await stranger.go("/panel/login")
        for expected in (403, 403, 403, 429, 429):
            await stranger.send("/panel/login", token="guess")
            assert stranger.status == expected
        await stranger.send("/panel/login", token=PARTNER_TOKEN)
        assert stranger.status == 429


async def test_behind_a_proxy_that_is_trusted_each_visitor_has_an_address_of_their_own(
    database: str, redis_url: str
) -> None:
    settings = settings_for(database, redis_url, panel_login_attempts=1, trusted_proxies="127.0.0.1/32")
    async with gateway_on(settings) as gateway:
        for address, expected in (("10.1.0.1", 403), ("10.1.0.1", 429), ("10.1.0.2", 403), ("10.9.9.9, 10.1.0.2", 429)):
            answer = await gateway.client.post(
                "/panel/login", data={"token": "guess"}, headers={"X-Forwarded-For": address}
            )
            assert answer.status_code == expected, address


async def test_whoever_is_not_on_the_list_sees_no_panel_and_whoever_is_can_use_all_of_it(
    database: str, redis_url: str, pool: Pool
) -> None:
    settings = settings_for(
        database, redis_url, trusted_proxies="127.0.0.1/32", caller_networks="10.1.0.0/16", admin_auth_token=None
    )
    async with gateway_on(settings) as gateway:
        async with visiting(gateway, **{"X-Forwarded-For": "10.2.0.1"}) as stranger:
            assert "10.2.0.1" not in await stranger.go("/panel/login")
            assert stranger.status == 403
        async with logged_in(gateway, **{"X-Forwarded-For": "10.1.0.1"}) as browser:
            await browser.send("/panel/instances", name="Made here")
            assert browser.path.startswith("/panel/instances/")
    audited = await pool.fetchval("SELECT address FROM audit WHERE action LIKE 'POST %on-demand'")
    assert str(audited) == "10.1.0.1"


async def test_a_session_ends_and_a_new_partner_token_ends_it_at_once(database: str, redis_url: str) -> None:
    clock = ManualClock(datetime.now(UTC))
    settings = settings_for(database, redis_url, panel_session=timedelta(hours=1))
    async with gateway_on(settings, clock) as gateway, logged_in(gateway) as browser:
        cookie = browser.client.cookies[COOKIE]
        # the browser itself keeps to the cookie's age, which is in real time
        clock.move(3590)
        await browser.go("/panel/system")
        assert browser.path == "/panel/system"
        clock.move(20)
        await browser.go("/panel/system")
        assert browser.path.startswith("/panel/login")
    other = settings_for(database, redis_url, partner_auth_token=SecretStr("another-partner-token"))
    async with gateway_on(other) as gateway:
        answer = await gateway.client.get("/panel/system", headers={"Cookie": f"{COOKIE}={cookie}"})
        assert answer.status_code == 303


async def test_a_session_that_was_logged_out_is_over_whoever_still_has_its_cookie(standing: Standing) -> None:
    action = f"/panel/instances/{standing.caller.id}/rename"
    async with logged_in(standing.gateway) as browser, logged_in(standing.gateway) as other:
        page = await browser.go(f"/panel/instances/{standing.caller.id}/settings")
        (form_token, *_) = re.findall(r'name="form_token" value="([^"]+)"', page)
        cookie = {"Cookie": f"{COOKIE}={browser.client.cookies[COOKIE]}"}
        await browser.send("/panel/logout")
        assert browser.path == "/panel/login"
        await browser.go("/panel/system")
        assert browser.path.startswith("/panel/login")
        client = standing.gateway.client
        assert (await client.get("/panel/system", headers=cookie)).status_code == 303
        news = await client.get("/panel/system", headers={**cookie, "Accept": "text/event-stream"})
        assert news.status_code == 401
        done = await client.post(action, data={"name": "Taken", "form_token": form_token}, headers=cookie)
        assert done.status_code == 403
        await other.go("/panel/system")
        assert other.path == "/panel/system"


async def test_a_form_without_its_token_or_with_another_sessions_changes_nothing(standing: Standing) -> None:
    action = f"/panel/instances/{standing.caller.id}/rename"
    async with logged_in(standing.gateway) as browser, logged_in(standing.gateway) as other:
        page = await other.go(f"/panel/instances/{standing.caller.id}/settings")
        (stolen, *_) = re.findall(r'name="form_token" value="([^"]+)"', page)
        for token in ("", "x", stolen):
            answer = await browser.client.post(action, data={"name": "Taken", "form_token": token})
            assert answer.status_code == 403
        answer = await other.client.post(
            action, data={"name": "Taken", "form_token": stolen}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status_code == 403
        assert "Taken" not in await other.go("/panel/instances")


async def test_without_a_session_no_action_is_performed(standing: Standing) -> None:
    for action in ("/panel/instances", "/panel/system/drain", f"/panel/instances/{standing.caller.id}/rename"):
        answer = await standing.gateway.client.post(action, data={"name": "Taken"})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"token": "x"}', "application/json", 415),
        (b"token=%ff", "application/x-www-form-urlencoded", 403),
        (b"a=1&" * 60, "application/x-www-form-urlencoded", 400),
        (b"token=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
)
async def test_bodies_that_are_no_forms_are_refused(standing: Standing, content: bytes, kind: str, status: int) -> None:
    answer = await standing.gateway.client.post("/panel/login", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status


async def test_every_page_forbids_what_is_not_its_own_and_holds_no_script_or_style(
    standing: Standing, browser: Browser
) -> None:
    async with visiting(standing.gateway) as stranger:
        pages = [await stranger.client.get("/panel/login")]
    pages += [await browser.client.get(path) for path in [*await pages_of(standing.caller), "/panel/nothing"]]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"
        assert "<style" not in page.text
        assert not re.search(r"\s(style|on[a-z]+)=", page.text)
        assert [script for script in re.findall(r"<script[^>]*>(.*?)</script>", page.text, re.S) if script] == []


async def test_an_installation_without_a_partner_token_says_what_is_missing(database: str, redis_url: str) -> None:
    settings: FrontendSettings = settings_for(database, redis_url, partner_auth_token=None)
    async with gateway_on(settings) as gateway, visiting(gateway) as stranger:
        assert "PARTNER_AUTH_TOKEN" in await stranger.go("/panel")
        answer = await gateway.client.post("/panel/login", data={"token": ""})
        assert answer.status_code == 403


async def test_a_frontend_may_serve_the_api_alone(database: str, redis_url: str) -> None:
    async with gateway_on(settings_for(database, redis_url, panel_enabled=False)) as gateway:
        for path in ("/panel", "/panel/login", "/panel/files/panel.css"):
            assert (await gateway.client.get(path)).status_code == 404


async def test_the_panels_files_are_kept_by_browsers_until_they_change(browser: Browser) -> None:
    page = await browser.go("/panel/instances")
    for path in re.findall(r'"(/panel/files/[^"]+)"', page):
        answer = await browser.client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert (await browser.client.get("/panel/files/panel.py")).status_code == 404
