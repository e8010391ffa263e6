"""Every route of the remaining domains exists, is checked, and says honestly whether it can be served."""

import re
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from frontend import openapi
from frontend.operation import Operation
from frontend.operations import ALL
from frontend.support import State
from tests.contract.remaining_routes import DOMAINS, ROUTES, Call, Route
from tests.frontend.gateway import Caller

pytestmark = pytest.mark.anyio

OPERATIONS = {(operation.method, operation.path): operation for operation in ALL}
UNAVAILABLE = [route for route in ROUTES if OPERATIONS[route.method, route.path].support.relay is State.UNAVAILABLE]
DOCUMENT = openapi.build(ALL, version="tested")


def operation_of(route: Route) -> Operation:
    return OPERATIONS[route.method, route.path]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


async def perform(integrator: Caller, route: Route, call: Call) -> httpx2.Response:
    places = iter(call.at)
    path = re.sub(r"{\w+}", lambda _: next(places), route.path)
    content: dict[str, Any] = {} if call.body is None else {"json": call.body}
    return await integrator.call(route.method, path, params=call.query, **content)


def test_the_tables_hold_every_route_of_their_domains_and_no_other() -> None:
    for domain, routes in DOMAINS.items():
        listed = {(route.method, route.path) for route in routes}
        assert listed == {(one.method, one.path) for one in ALL if one.tag == domain}
        assert len(listed) == len(routes)


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_route_answers_with_the_contract_s_status_and_shows_an_example(route: Route) -> None:
    operation = operation_of(route)
    assert operation.status == route.status
    assert (operation.example is not None) is (operation.body is not None)


@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_a_call_that_is_not_valid_is_refused_by_the_name_of_what_is_wrong(
    integrator: Caller, route: Route
) -> None:
    for call, text in route.refused:
        answer = await perform(integrator, route, call)
        assert answer.status_code == 400, (call, answer.text)
        assert answer.json()["error"].startswith(text), (call, answer.text)


@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_nobody_is_answered_without_the_client_token(integrator: Caller, route: Route) -> None:
    path = re.sub(r"{\w+}", "1", route.path)
    answer = await integrator.client.request(route.method, f"{integrator.base}/{path}")
    assert (answer.status_code, answer.json()) == (403, {"error": "null not allowed"})


@pytest.mark.parametrize("route", UNAVAILABLE, ids=named)
async def test_what_cannot_be_served_says_what_is_missing(integrator: Caller, route: Route) -> None:
    missing = operation_of(route).support.missing
    for call in route.calls:
        answer = await perform(integrator, route, call)
        assert answer.status_code == 501, (call, answer.text)
        assert answer.json() == {"error": f"not possible here: {missing}", "code": "not-supported-by-engine"}
    path = operation_of(route).template
    schema = DOCUMENT["paths"][path][route.method.lower()]["responses"]["501"]["content"]["application/json"]["schema"]
    assert jsonschema_rs.is_valid({**schema, "components": DOCUMENT["components"]}, answer.json())
