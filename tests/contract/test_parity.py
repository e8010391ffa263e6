"""Every route says what stands behind it, in one place that the API, the README and the matrix show alike."""

from pathlib import Path

import pytest

from frontend.operation import Operation, Unavailable
from frontend.operations import ALL
from frontend.parity import Matrix, read_pairs, readme_table
from frontend.support import State, Support, everywhere
from tests.contract import message_routes, plain_routes, remaining_routes
from tests.frontend.gateway import Caller

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
PAIRS = read_pairs((ROOT / "tests/contract/collection.txt").read_text(encoding="utf-8"))
TABLES = {
    (route.method, route.path)
    for routes in (message_routes.ROUTES, plain_routes.ROUTES, remaining_routes.ROUTES)
    for route in routes
}
OTHER_TESTS = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("frontend", "system", "sender")
    for path in (ROOT / "tests" / folder).rglob("test_*.py")
)
"""What goes beyond the contract has no table; its tests call it by its path."""


def test_no_route_of_the_collection_is_unknown() -> None:
    assert len(PAIRS) == len(set(PAIRS)) == 152
    assert Matrix(PAIRS).unknown() == []


def test_the_matrix_has_a_line_for_each_route_and_its_states() -> None:
    lines = (
        Matrix([("POST", "send-text"), ("POST", "catalogs/config"), ("GET", "catalogs"), ("GET", "nothing")])
        .text()
        .splitlines()[1:]
    )
    assert [line.split()[:4] for line in lines] == [
        ["POST", "send-text", "composed", "composed"],
        ["POST", "catalogs/config", "unavailable", "unavailable"],
        ["GET", "catalogs", "unavailable", "composed"],
        ["GET", "nothing", "404", "404"],
    ]
    assert "w:biz:catalog" in lines[2]


@pytest.mark.parametrize("operation", ALL, ids=lambda one: f"{one.method} {one.path}")
def test_a_route_has_a_state_in_both_modes_and_a_reason_where_it_is_unavailable(operation: Operation) -> None:
    support = operation.support
    assert isinstance(support.direct, State)
    assert isinstance(support.relay, State)
    if State.UNAVAILABLE in (support.direct, support.relay):
        assert len(support.missing) > 10
    assert isinstance(operation.effect, Unavailable) is (support.relay is State.UNAVAILABLE)


@pytest.mark.parametrize("operation", ALL, ids=lambda one: f"{one.method} {one.path}")
def test_a_state_has_a_test(operation: Operation) -> None:
    fixed = operation.path.partition("{")[0].strip("/")
    assert (operation.method, operation.path) in TABLES or fixed in OTHER_TESTS


def test_a_state_that_contradicts_itself_is_not_made() -> None:
    with pytest.raises(ValueError, match="says why"):
        everywhere(State.UNAVAILABLE)
    with pytest.raises(ValueError, match="through the relay"):
        Support(State.SERVED, State.UNAVAILABLE, "something")


async def test_the_api_tells_the_states_to_whoever_asks(integrator: Caller) -> None:
    answer = await integrator.client.get("/support")
    assert answer.status_code == 200
    told = answer.json()
    assert {(one["method"], one["path"]) for one in told["routes"]} == {
        (one.method, one.path if one.path.startswith("/") else f"/{one.path}") for one in ALL if one.tag != "support"
    }
    for mode in ("direct", "relay"):
        assert sum(told[mode].values()) == len(told["routes"])
        for state, count in told[mode].items():
            assert count == sum(one[mode] == state for one in told["routes"])


def test_the_readme_shows_the_same() -> None:
    assert readme_table() in (ROOT / "README.md").read_text(encoding="utf-8")
