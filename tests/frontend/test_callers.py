"""From where a request comes, and whether that address may call."""

import pytest

from common.public_address import parse_networks
from frontend.callers import Callers
from frontend.problems import Problem
from tests.frontend.gateway import Gateway, gateway_on, settings_for

pytestmark = pytest.mark.anyio

PROXIES = parse_networks("10.0.0.0/8, fd00::/8")


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # whoever is no proxy is not believed
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),  # what came before may be made up
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
    ],
)
def test_the_nearest_address_that_is_no_proxy_of_ours_is_the_callers(client: str, forwarded: str, address: str) -> None:
    assert Callers((), PROXIES).address((client, 1), {b"x-forwarded-for": forwarded.encode()}) == address


def test_without_proxies_the_header_says_nothing() -> None:
    assert Callers().address(("10.0.0.1", 1), {b"x-forwarded-for": b"198.51.100.1"}) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [("10.1.2.3", True), ("10.2.0.1", False), ("2001:db8::5", True), ("::1", False), (None, False), ("unix", False)],
)
def test_only_listed_addresses_may_call_when_there_is_a_list(address: str | None, is_allowed: bool) -> None:
    callers = Callers(parse_networks("10.1.0.0/16, 2001:db8::/32"))
    if is_allowed:
        callers.check(address)
    else:
        with pytest.raises(Problem, match=f"{'null' if address is None else address} not allowed"):
            callers.check(address)


async def test_an_address_that_is_not_listed_learns_nothing_of_instances(database: str, redis_url: str) -> None:
    async with gateway_on(settings_for(database, redis_url, caller_networks="192.0.2.0/24")) as gateway:
        assert await refused(gateway, "/instances/x/token/y/status") == "127.0.0.1 not allowed"
        assert await refused(gateway, "/instances") == "127.0.0.1 not allowed"


async def refused(gateway: Gateway, path: str) -> str:
    answer = await gateway.as_partner("GET", path)
    assert answer.status_code == 403
    return str(answer.json()["error"])
