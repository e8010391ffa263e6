"""An instance's way to WhatsApp, set by the partner."""

import pytest

from common.postgres import Pool
from tests.frontend.gateway import Caller, Gateway

pytestmark = pytest.mark.anyio

WIRE = "integrator/wire"


async def test_the_way_is_that_of_all_until_it_is_set(gateway: Gateway, caller: Caller) -> None:
    answer = await gateway.as_partner("GET", f"{caller.base}/{WIRE}")
    assert (answer.status_code, answer.json()["wire"], answer.json()["proxy"]) == (200, None, None)


async def test_way_and_proxy_are_set_one_by_one_and_taken_back(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    async def put(**body: str | None) -> tuple[str | None, str | None]:
        answer = await gateway.as_partner("PUT", f"{caller.base}/{WIRE}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["wire"], answer.json()["proxy"]

    assert await put(wire="relay") == ("relay", None)
    assert await put(proxy="socks5://ana:secret@proxy.example.com:1080") == (
        "relay",
        "socks5://ana:***@proxy.example.com:1080",
    )
    sealed = await pool.fetchval("SELECT proxy_cipher FROM instance WHERE id = $1", caller.uuid)
    assert b"secret" not in sealed
    assert await put(wire="direct", proxy=None) == ("direct", None)
    assert await put(wire=None) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        {"wire": "tunnel"},
        {},
        {"wir": "relay"},
        {"proxy": "ftp://proxy.example.com:21"},
        {"proxy": "socks5://"},
        {"proxy": "http://proxy.example.com:99999"},
        {"proxy": "http://proxy.example.com:8080/path"},
        {"proxy": "http://proxy.example.com\r\nX: y"},
        {"proxy": "http://" + "a" * 1000},
    ],
)
async def test_what_is_no_way_is_refused(gateway: Gateway, caller: Caller, body: dict[str, str]) -> None:
    assert (await gateway.as_partner("PUT", f"{caller.base}/{WIRE}", json=body)).status_code == 400


async def test_an_instance_cannot_choose_its_own_way(caller: Caller) -> None:
    assert (await caller.call("PUT", WIRE, json={"wire": "relay"})).status_code == 401


async def test_leaving_the_relay_ends_what_needs_it(gateway: Gateway, caller: Caller) -> None:
    await gateway.as_partner("PUT", f"{caller.base}/{WIRE}", json={"wire": "relay"})
    await caller.call("PUT", "uncertain-policy", json={"value": "resend-same-id"})
    await gateway.as_partner("PUT", f"{caller.base}/{WIRE}", json={"proxy": None})
    assert (await caller.get("uncertain-policy")).json() == {"value": "resend-same-id"}
    await gateway.as_partner("PUT", f"{caller.base}/{WIRE}", json={"wire": "direct"})
    assert (await caller.get("uncertain-policy")).json() == {"value": "hold"}
