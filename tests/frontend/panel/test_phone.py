"""The virtual phone, on the emulator's own control API; and an emulator that is away."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from common.tables.instance import shard_of
from tests.databases import SHARDS
from tests.frontend.gateway import gateway_on, settings_for
from tests.frontend.owner import owning
from tests.frontend.panel.browser import Browser, logged_in
from tests.sender.whatsapp.emulator.program import EmulatorProgram

pytestmark = pytest.mark.anyio

PHONE, OTHER = "5511900000031", "5511900000032"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
async def emulator(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path_factory.mktemp("phone")) as emulator:
        yield emulator


@pytest.fixture
async def visitor(emulator: EmulatorProgram, database: str, redis_url: str) -> AsyncIterator[Browser]:
    settings = settings_for(database, redis_url, panel_emulator_url=emulator.url)
    async with gateway_on(settings) as gateway, logged_in(gateway) as browser:
        yield browser


async def test_phones_are_added_write_to_each_other_and_read(visitor: Browser, emulator: EmulatorProgram) -> None:
    await visitor.go("/panel/phone")
    page = await visitor.send("/panel/phone", phone=PHONE, name=HOSTILE, script="silent")
    assert visitor.path == f"/panel/phone/{PHONE}"
    assert "&lt;script&gt;" in page
    await visitor.go("/panel/phone")
    await visitor.send("/panel/phone", phone=OTHER, name="Other", script="silent")
    page = await visitor.send(f"/panel/phone/{OTHER}/write", to=PHONE, text=HOSTILE)
    assert page.count("&lt;script&gt;alert(1)") >= 1
    assert 'class="line own"' in page
    page = await visitor.go(f"/panel/phone/{PHONE}")
    assert 'class="line"' in page
    assert HOSTILE not in page
    page = await visitor.send(f"/panel/phone/{PHONE}/read")
    assert visitor.status == 200


async def test_a_code_that_is_not_whatsapps_is_refused_in_the_emulators_words(
    visitor: Browser, emulator: EmulatorProgram, redis_url: str
) -> None:
    await emulator.post("accounts", phone=PHONE, name="Phone")
    await visitor.go("/panel/instances")
    await visitor.send("/panel/instances", name="Shop")
    pair = f"{visitor.path}/pair"
    unlinked = visitor.path.rpartition("/")[2]
    await visitor.go(pair)
    answer = {"ok": True, "value": {"value": "no code", "expiresAt": 1_900_000_000_000}}
    with owning(redis_url, shard_of(UUID(unlinked), SHARDS), lambda _: answer):
        page = await visitor.send(f"{pair[:-5]}/scan", phone=PHONE)
    assert 'class="said refused"' in page


@pytest.mark.parametrize("phone", ["x", "../accounts", "0", "5511900000099"])
async def test_a_phone_that_is_not_there_is_said_to_be_missing(visitor: Browser, phone: str) -> None:
    await visitor.go(f"/panel/phone/{phone}")
    assert visitor.status == 404


async def test_an_emulator_that_is_away_is_told_on_the_page(database: str, redis_url: str, unused_port: int) -> None:
    settings = settings_for(database, redis_url, panel_emulator_url=f"http://127.0.0.1:{unused_port}")
    async with gateway_on(settings) as gateway, logged_in(gateway) as browser:
        page = await browser.go("/panel/phone")
        assert browser.status == 503
        assert "The emulator cannot be reached now." in page
