"""The document at /openapi.json says what the table says, and the reference page needs nothing from elsewhere."""

import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest

from common.settings import FrontendSettings
from frontend import openapi, operations
from frontend.operation import Ask, Guard, Operation, Plain, Send, Unavailable
from tests.frontend.conftest import Standing
from tests.frontend.gateway import gateway_on

pytestmark = pytest.mark.anyio

DOCUMENT = openapi.build(operations.ALL, version="1.2.3", url="https://gateway.example.com")
ERROR = {"$ref": "#/components/schemas/Error"}
UNSUPPORTED = {"$ref": "#/components/schemas/Unsupported"}


def described(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][operation.template][operation.method.lower()]
    return found


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_operation_is_described_once_and_nothing_else() -> None:
    found = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert found == {(operation.method, operation.template) for operation in operations.ALL}
    names = [described(operation)["operationId"] for operation in operations.ALL]
    assert len(set(names)) == len(names)


def test_the_document_names_itself() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == "1.2.3"
    assert DOCUMENT["servers"] == [{"url": "https://gateway.example.com"}]
    assert openapi.build(operations.ALL, version="1")["servers"] == [{"url": "/"}]


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert references(DOCUMENT) <= {f"#/components/schemas/{name}" for name in schemas}
    for name in schemas:
        jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: f"{one.method} {one.path}")
def test_an_operation_is_described_as_the_table_has_it(operation: Operation) -> None:
    found = described(operation)
    assert found["summary"] == operation.summary
    assert found["tags"] == [operation.tag]
    assert found["security"] == ([] if operation.guard is Guard.NOBODY else [{operation.guard.value: []}])
    assert found["x-support"]["direct"] == operation.support.direct.value
    assert found.get("deprecated", False) is operation.deprecated
    variables = re.findall(r"{(\w+)}", operation.template)
    assert [one["name"] for one in found["parameters"] if one["in"] == "path"] == variables
    fields = {} if operation.query is None else operation.query.model_json_schema()["properties"].keys()
    assert {one["name"] for one in found["parameters"] if one["in"] == "query"} == set(fields)
    has_key = any(one["name"] == "Idempotency-Key" for one in found["parameters"])
    assert has_key is isinstance(operation.effect, Send)
    if operation.body is None:
        assert "requestBody" not in found
    else:
        assert found["requestBody"]["required"] is not operation.body_optional
        assert found["requestBody"]["content"].keys() == {"application/json"}


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: f"{one.method} {one.path}")
def test_answers_and_refusals_are_described(operation: Operation) -> None:
    responses = dict(described(operation)["responses"])
    done = responses.pop(str(operation.status)).get("content", {})
    if operation.reply is None:
        assert done == {}
    else:
        assert done.keys() == {"text/plain" if issubclass(operation.reply, Plain) else "application/json"}
    statuses = {int(status) for status in responses}
    unsupported = responses.pop("501", {"content": {"application/json": {"schema": UNSUPPORTED}}})
    assert unsupported["content"] == {"application/json": {"schema": UNSUPPORTED}}
    assert all(one["content"] == {"application/json": {"schema": ERROR}} for one in responses.values())
    assert 501 in statuses or not isinstance(operation.effect, Ask | Unavailable)
    assert {414, 500, 503, *operation.refusals} <= statuses
    assert ({408, 413, 415} <= statuses) is (operation.body is not None)
    assert ({409, 429} <= statuses) is isinstance(operation.effect, Send)
    assert ({502, 504} <= statuses) is isinstance(operation.effect, Ask)


@pytest.mark.parametrize(
    "operation", [one for one in operations.ALL if one.example is not None], ids=lambda one: f"{one.method} {one.path}"
)
def test_an_example_is_valid_and_meets_its_own_schema(operation: Operation) -> None:
    assert operation.body is not None
    operation.body.model_validate(operation.example)
    content = described(operation)["requestBody"]["content"]["application/json"]
    assert content["example"] == operation.example
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    assert jsonschema_rs.is_valid(schema, operation.example)


async def test_the_document_is_served_with_the_address_of_the_settings(standing_settings: FrontendSettings) -> None:
    changed = standing_settings.model_copy(update={"api_base_url": "https://gateway.example.com"})
    async with gateway_on(changed) as gateway:
        answer = await gateway.client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert {**answer.json(), "info": None} == {**DOCUMENT, "info": None}


class Addresses(HTMLParser):
    """Every address that a page loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


async def test_the_reference_loads_only_what_this_server_has(standing: Standing) -> None:
    client = standing.gateway.client
    page = await client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    addresses = [address for address in Addresses(page.text).found if not address.startswith("data:")]
    assert sorted(addresses) == ["/docs/start.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"]
    for address in addresses:
        part = await client.get(address)
        assert part.status_code == 200
        assert part.headers["content-type"].startswith(("text/javascript", "text/css"))
        assert part.headers["x-content-type-options"] == "nosniff"
    start = (await client.get("/docs/start.js")).text
    assert '"/openapi.json"' in start
    assert "validatorUrl: null" in start


async def test_a_browser_is_told_to_load_nothing_from_elsewhere(standing: Standing) -> None:
    policy = (await standing.gateway.client.get("/docs")).headers["content-security-policy"]
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives["default-src"] == "'self'"
    assert not re.search(r"https?:|\*", policy)
    assert "script-src" not in directives


async def test_the_styles_load_nothing_from_elsewhere(standing: Standing) -> None:
    styles = (await standing.gateway.client.get("/docs/swagger-ui.css")).text
    assert "@import" not in styles
    assert all(address.strip("\"'").startswith("data:") for address in re.findall(r"url\(([^)]*)\)", styles))
