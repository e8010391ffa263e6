"""Instances, their queue and partners against the contract: every route, field and answer, and what is refused."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from common.local.valkey import Valkey
from common.tables.instance import shard_of
from frontend.operation import Guard, Operation
from frontend.operations import ALL
from tests.contract.field_paths import read, walk
from tests.contract.plain_routes import INSTANCE, PARTNER, QUEUE, ROUTES, Call, Route
from tests.databases import SHARDS
from tests.frontend.gateway import CLIENT_TOKEN, PARTNER_TOKEN, Caller
from tests.frontend.owner import owning

pytestmark = pytest.mark.anyio

OPERATIONS = {(operation.method, operation.path): operation for operation in ALL}
CALLS = {
    f"{route.method} {route.path}: {name}": (route, call) for route in ROUTES for name, call in route.calls.items()
}
REFUSED = {
    f"{route.method} {route.path}: {name}": (route, *case) for route in ROUTES for name, case in route.refused.items()
}

OURS = {"olderThan"}
"""Names that this gateway adds."""


@pytest.fixture
def owner(integrator: Caller, valkey: Valkey) -> Iterator[None]:
    """Somebody holds the session and grants everything."""

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        if question["name"] == "phone-code":
            return {"ok": True, "value": {"code": "K7QX-4MZP"}}
        return {"ok": True, "value": {"value": "2@code" if question["name"].startswith("qr-code") else True}}

    with owning(valkey.url(), shard_of(integrator.uuid, SHARDS), answer):
        yield


def operation_of(route: Route) -> Operation:
    return OPERATIONS[route.method, route.path]


async def perform(integrator: Caller, route: Route, call: Call) -> httpx2.Response:
    path = route.path if route.path.startswith("/") else f"{integrator.base}/{route.path}"
    if "{" in path:
        path = f"{path.partition('{')[0]}{call.variable}"
    credentials = {"Authorization": f"Bearer {PARTNER_TOKEN}"} if route.is_partner else {"Client-Token": CLIENT_TOKEN}
    content = {} if call.body is None else {"json": call.body}
    return await integrator.client.request(route.method, path, headers=credentials, params=call.query, **content)


def misfits(told: Any, form: Any, at: str = "answer") -> list[str]:
    """Where an answer differs from its form."""
    if isinstance(form, dict):
        if not isinstance(told, dict) or told.keys() != form.keys():
            return [f"{at}: {told!r} has not the members {sorted(form)}"]
        return [found for name, part in form.items() for found in misfits(told[name], part, f"{at}.{name}")]
    if isinstance(form, list):
        if not isinstance(told, list):
            return [f"{at}: {told!r} is no list"]
        return [found for place, part in enumerate(told) for found in misfits(part, form[0], f"{at}.{place}")]
    forms = form if isinstance(form, tuple) else (form,)
    fits = any(
        told is None if one is None else type(told) is one if isinstance(one, type) else told == one for one in forms
    )
    return [] if fits else [f"{at}: {told!r} is not {form}"]


def test_the_tables_hold_every_route_of_their_domains() -> None:
    assert (len(QUEUE), len(PARTNER), len(INSTANCE)) == (5, 5, 17)
    assert {(route.method, route.path) for route in ROUTES} <= OPERATIONS.keys()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_is_guarded_and_answers_as_the_contract_says(route: Route) -> None:
    operation = operation_of(route)
    assert operation.status == route.status
    assert operation.guard is (Guard.PARTNER if route.is_partner else Guard.CLIENT)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_takes_the_contract_s_fields(route: Route) -> None:
    operation = operation_of(route)
    for model, line in ((operation.body, route.fields), (operation.query, route.query)):
        schema = {} if model is None else model.model_json_schema()
        served = {path: required for path, required, _ in walk(schema, schema.get("$defs", {})) if path[-1] not in OURS}
        assert served == {field.path: field.is_required for field in read(line)}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_field_is_in_some_call(route: Route) -> None:
    given = {name for call in route.calls.values() for name in [*(call.body or {}), *call.query]}
    assert {field.name for field in [*read(route.fields), *read(route.query)]} <= given


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("name", CALLS)
async def test_a_call_is_answered_in_its_form(integrator: Caller, name: str) -> None:
    route, call = CALLS[name]
    for number in range(2):
        await integrator.send_text(f"waiting {number}")
    answer = await perform(integrator, route, call)
    assert answer.status_code == route.status, answer.text
    is_text = isinstance(route.told, str)
    assert answer.headers["content-type"].startswith("text/plain" if is_text else "application/json")
    assert misfits(answer.text if is_text else answer.json(), route.told) == []


@pytest.mark.parametrize("name", REFUSED)
async def test_a_call_that_is_not_valid_is_refused_by_the_name_of_its_field(integrator: Caller, name: str) -> None:
    route, call, field = REFUSED[name]
    answer = await perform(integrator, route, call)
    assert answer.status_code == 400
    assert misfits(answer.json(), {"error": str}) == []
    assert answer.json()["error"].startswith(f"{field}: ")
