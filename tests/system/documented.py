"""The contract's own calls, made to a real session and held to the document that the API shows."""

from dataclasses import replace
from typing import Any

import jsonschema_rs

from tests.contract.remaining_routes import Call, Route
from tests.contract.routes.calls import PICTURE
from tests.contract.test_remaining_routes import DOCUMENT, OPERATIONS, perform
from tests.frontend.gateway import Caller
from tests.system.talking import png


async def answers_as_documented(caller: Caller, route: Route) -> None:
    """They name what may not be there: then the answer says so, and is no server's error."""
    told_of = DOCUMENT["paths"][OPERATIONS[route.method, route.path].template][route.method.lower()]["responses"]
    for call in route.calls:
        answer = await perform(caller, route, with_picture(call))
        assert answer.status_code in (route.status, 400, 404), (call, answer.text)
        schema = told_of[str(answer.status_code)]["content"]["application/json"]["schema"]
        assert jsonschema_rs.is_valid({**schema, "components": DOCUMENT["components"]}, answer.json()), answer.text
    for call, text in route.refused:
        answer = await perform(caller, route, call)
        assert (answer.status_code, answer.json()["error"].startswith(text)) == (400, True), (call, answer.text)


def with_picture(call: Call) -> Call:
    """The contract's own are nowhere."""
    body: Any = call.body
    if isinstance(body, dict):
        body = {name: png() if value == PICTURE else value for name, value in body.items()}
        body |= {"pictureUrl": png()} if "pictureUrl" in body else {}
        body |= {"images": []} if "images" in body else {}
    return replace(call, body=body)
