"""Messages and status against the contract: every route, field and variant is served, every limit is held."""

import json
import re
from typing import Any

import httpx2
import pytest

from common.addresses import STATUS, parse_phone
from common.identifiers import new_zaap_id
from common.postgres import Pool
from common.requests.media_source import REFERENCE
from common.requests.messages.status import LARGEST_STATUS_VIDEO
from frontend.operation import Operation, Send
from frontend.operations import ALL
from tests.contract.field_paths import Field, changed, holds, placed, read, value_at, walk
from tests.contract.message_routes import FILM, MESSAGES, PERSON, ROUTES, Body, Route
from tests.contract.message_routes import STATUS as STATUS_ROUTES
from tests.frontend.gateway import Caller
from tests.web_server import WebServer

pytestmark = pytest.mark.anyio

OURS = {"scheduledFor", "expiresAt"}
"""Fields that this gateway adds to every body."""

SENDS = {(operation.method, operation.path): operation for operation in ALL if isinstance(operation.effect, Send)}
VARIANTS = {f"{route.path}: {name}": (route, body) for route in ROUTES for name, body in route.variants.items()}
REFUSED = {f"{route.path}: {name}": (route, *case) for route in ROUTES for name, case in route.refused.items()}


def operation_of(route: Route) -> Operation:
    return SENDS[route.method, route.path]


def a_body_with(route: Route, field: Field) -> Body:
    return next(body for body in route.variants.values() if holds(body, field.path))


async def call(integrator: Caller, route: Route, body: Any) -> httpx2.Response:
    path = route.path.replace("{extension}", "pdf")
    if route.method == "DELETE":
        return await integrator.delete(path, params=body)
    return await integrator.post_bytes(path, json.dumps(body).encode())


def test_all_routes_of_the_contract_and_no_others_send() -> None:
    assert (len(MESSAGES), len(STATUS_ROUTES)) == (35, 6)
    assert {(route.method, route.path) for route in ROUTES} == SENDS.keys()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_a_route_takes_the_contract_s_fields_as_the_contract_says(route: Route) -> None:
    model = operation_of(route).request
    assert model is not None
    assert getattr(model, "kind", "") == route.kind
    schema = model.model_json_schema()
    served = {path: (required, shape) for path, required, shape in walk(schema, schema.get("$defs", {}))}
    expected = {field.path: field for field in read(route.fields)}
    assert served.keys() - {(name,) for name in OURS} == expected.keys()
    for path, field in expected.items():
        required, shape = served[path]
        assert required is field.is_required, path
        assert field.values == shape.get("enum", []), path
        assert (field.rule == "some") is ("minItems" in shape), path
        if field.range is not None:
            bounds = shape if "minimum" in shape else shape["anyOf"][0]
            assert (bounds["minimum"], bounds["maximum"]) == field.range, path


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_field_is_in_some_variant(route: Route) -> None:
    bodies = route.variants.values()
    missing = {field.name for field in read(route.fields) if not any(holds(body, field.path) for body in bodies)}
    assert missing == set()


@pytest.mark.parametrize("name", VARIANTS)
async def test_a_variant_is_accepted_and_stored_as_it_was_given(
    integrator: Caller, table_pool: Pool, files: WebServer, name: str
) -> None:
    route, body = VARIANTS[name]
    body = reachable(body, files)
    key = new_zaap_id().hex
    answer = await integrator.call(
        route.method,
        route.path.replace("{extension}", "pdf"),
        headers={"Idempotency-Key": key},
        **({"params": body} if route.method == "DELETE" else {"json": body}),
    )
    row = await table_pool.fetchrow(
        "SELECT queued.* FROM idempotency JOIN message_queue AS queued USING (zaap_id) WHERE key = $1", key
    )
    ids = {"zaapId": row["zaap_id"].hex.upper(), "messageId": row["message_id"], "id": row["message_id"]}
    if route.told:
        assert (answer.status_code, answer.json()) == (200, {name: ids[name] for name in route.told})
    else:
        assert (answer.status_code, answer.content) == (204, b"")
    stored = with_files_as_given(json.loads(row["payload"]), body)
    extra = {"extension": "pdf"} if "{extension}" in route.path else {}
    assert normal(stored) == normal({**body, **extra})
    assert row["kind"] == route.kind
    assert row["chat"] == (parse_phone(str(body["phone"])) if "phone" in body else STATUS)
    assert row["delay_message"] == body.get("delayMessage")
    assert row["delay_typing"] == body.get("delayTyping", 0)


def reachable(body: Body, files: WebServer) -> Body:
    """The same with films and sounds that are there, since they may be fetched before the answer."""
    text = re.sub(r'https://[^"]*\.(mp4|ogg|mp3)"', rf'{files.url("/it")}.\1"', json.dumps(body))
    found: Body = json.loads(text.replace(".mp3", ".ogg"))
    return found


def with_files_as_given(stored: Any, given: Any) -> Any:
    """A file that came along or was fetched is stored by a name of the gateway's own."""
    if isinstance(stored, dict):
        return {name: with_files_as_given(each, given.get(name)) for name, each in stored.items()}
    if isinstance(stored, list):
        return [with_files_as_given(*each) for each in zip(stored, given, strict=True)]
    is_kept = isinstance(stored, str) and stored.startswith(REFERENCE)
    return given if is_kept and given.startswith(("data:", "http://127.0.0.1")) else stored


def normal(value: Any) -> Any:
    """Numbers, flags and their texts are the same thing here: which of them is stored is nobody's business."""
    if isinstance(value, dict):
        return {name: normal(each) for name, each in value.items()}
    if isinstance(value, list):
        return [normal(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(float(value)) if isinstance(value, int | float) or _is_number(value) else value


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
async def test_each_limit_and_each_required_field_is_held(integrator: Caller, table_pool: Pool, route: Route) -> None:
    before = await table_pool.fetchval("SELECT count(*) FROM message_queue")
    for field in read(route.fields):
        body = a_body_with(route, field)
        path = placed(body, field.path)
        for wrong in wrongs(route, field, body, path):
            answer = await call(integrator, route, wrong)
            assert answer.status_code == 400, (field.name, wrong)
            error = answer.json()["error"]
            assert error == "Invalid phone" or error.startswith(".".join(map(str, path))), (error, wrong)
    assert await table_pool.fetchval("SELECT count(*) FROM message_queue") == before


def wrongs(route: Route, field: Field, body: Body, path: tuple[str | int, ...]) -> list[Any]:
    """Bodies that break one rule of one field."""
    found = []
    if field.is_required:
        found.append(changed(body, path))
    if field.values:
        found += [changed(body, path, value) for value in ("no such value", field.values[0].swapcase() + "x")]
    if field.range is not None:
        found += [changed(body, path, value) for value in (field.range[0] - 1, field.range[1] + 1)]
    if field.rule == "flag":
        found.append(changed(body, path, "perhaps"))
    if field.rule == "text":
        found.append(changed(body, path, ""))
    if field.rule == "some":
        found.append(changed(body, path, []))
    if route.method != "DELETE":
        if field.is_required:
            found.append(changed(body, path, None))
        found.append(changed(body, path, "text" if isinstance(value_at(body, path), dict) else {"of": "another"}))
    return found


@pytest.mark.parametrize("name", REFUSED)
async def test_what_the_contract_refuses_is_refused_by_the_field_s_name(integrator: Caller, name: str) -> None:
    route, body, error = REFUSED[name]
    answer = await call(integrator, route, body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)
    assert len(answer.text) < 1_000


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
async def test_another_method_is_405_and_another_body_415(integrator: Caller, route: Route) -> None:
    path = route.path.replace("{extension}", "pdf")
    other = await integrator.call("PUT", path)
    assert (other.status_code, other.headers["allow"]) == (405, route.method)
    if route.method == "POST":
        form = await integrator.post_bytes(path, b"phone=1", "application/x-www-form-urlencoded")
        assert form.status_code == 415


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("send-document", 404),
        ("send-document/", 404),
        ("send-document/p%20df", 400),
        ("send-document/.pdf", 400),
        ("send-document/pdf%0A", 400),
        ("send-document/tar.gz", 200),
        ("send-document/XLSX", 200),
    ],
)
async def test_a_document_needs_an_extension_in_its_path(integrator: Caller, path: str, status: int) -> None:
    answer = await integrator.post(path, {"phone": PERSON, "document": FILM, "extension": "exe"})
    assert answer.status_code == status


async def test_the_extension_of_the_body_counts_for_nothing(integrator: Caller, table_pool: Pool) -> None:
    answer = await integrator.post("send-document/zip", {"phone": PERSON, "document": FILM, "extension": "exe"})
    stored = await table_pool.fetchval(
        "SELECT payload->>'extension' FROM message_queue WHERE zaap_id = $1::uuid", answer.json()["zaapId"]
    )
    assert stored == "zip"


async def test_a_status_video_of_more_than_ten_megabytes_is_refused_by_its_own_limit() -> None:
    operation = SENDS["POST", "send-video-status"]
    assert operation.body is not None
    largest = "A" * (LARGEST_STATUS_VIDEO // 3 * 4)
    operation.body.model_validate({"video": f"data:video/mp4;base64,{largest}"})
    with pytest.raises(ValueError, match="larger than 10485760 bytes"):
        operation.body.model_validate({"video": f"data:video/mp4;base64,{largest}AAAA"})


async def test_the_documented_examples_are_accepted(integrator: Caller, files: WebServer) -> None:
    for operation in SENDS.values():
        if operation.example is not None:
            answer = await integrator.post(
                operation.path.replace("{extension}", "pdf"), reachable(operation.example, files)
            )
            assert answer.status_code == operation.status, (operation.path, answer.text)
