"""The API against its own document: generated requests, valid and not, and what the document says of their answers."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import CHECKS
from schemathesis.generation.modes import GenerationMode

from common.local.http import request
from common.local.valkey import Valkey
from common.tables.instance import shard_of
from frontend import openapi, operations
from frontend.operation import Ask
from frontend.replies.common import Done
from frontend.replies.instance import QrCode
from frontend.support import State
from tests.databases import SHARDS, Databases
from tests.frontend.gateway import CLIENT_TOKEN, LINK, PARTNER_TOKEN, settings_for
from tests.frontend.owner import owning
from tests.frontend.serving import serving

PARTNER = f"Bearer {PARTNER_TOKEN}"

UNDECIDABLE = frozenset({"pagingState", "olderThan", "scheduledFor", "expiresAt"})
"""Fields whose form alone does not make them valid: a cursor must be one of ours, a time of this or the next century
and later than another."""

REPLY_TO = {one.effect.question: one.reply for one in operations.ALL if isinstance(one.effect, Ask)}
SAID: dict[type, dict[str, object]] = {QrCode: {"value": "2@code"}, Done: {"value": True}}
"""What the owner of the instance says where a reply of this model is wanted."""
RELAYED = {(one.method, one.template) for one in operations.ALL if one.support.direct is State.UNAVAILABLE}
"""Routes that nothing stands behind, or a session's relay only."""
UNAVAILABLE = {(one.method, one.template) for one in operations.ALL if one.support.relay is State.UNAVAILABLE}
LOOKED_AT = frozenset({"audio", "video", "gif", "ptv"})
"""Fields whose file is looked at, and fetched where it is a URL, before the request is answered."""

schema, checked_only = (schemathesis.openapi.from_dict(openapi.build(operations.ALL, version="tested")) for _ in "12")
for each in (schema, checked_only):
    each.config.generation.allow_extra_parameters = False  # unknown ones are ignored, as the contract wants it
    each.config.generation.allow_x00 = False  # no text may hold it, which a schema cannot say
checked_only.config.phases.coverage.enabled = False  # their limits are in tests/contract; a few calls of each will do


@dataclass(frozen=True, slots=True)
class Api:
    url: str
    instance: str
    token: str
    session: requests.Session


@pytest.fixture(scope="module")
def api(databases: Databases, valkey: Valkey) -> Iterator[Api]:
    """A served frontend with one connected instance, whose owner answers."""
    dsn = databases.create()
    with serving(settings_for(dsn, valkey.url(), auth_cache_ttl=2)) as url, requests.Session() as session:
        path = "/instances/integrator/on-demand"
        _, created = request("POST", f"{url}{path}", {"name": "generated"}, {"Authorization": PARTNER})
        asyncio.run(link(dsn, UUID(created["id"])))
        shard = shard_of(UUID(created["id"]), SHARDS)
        with owning(valkey.url(), shard, answer):
            yield Api(url, created["id"], created["token"], session)
    databases.drop(dsn)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    if question["name"] == "phones-exist":
        one = {"exists": True, "outputPhone": "5511988887777", "lid": None}
        return {"ok": True, "value": [{**one, "inputPhone": phone} for phone in question["arguments"]["phones"]]}
    reply = REPLY_TO[question["name"]]
    said = SAID[reply] if reply in SAID else said_as(reply.model_json_schema(mode="serialization"))
    return {"ok": True, "value": said}


def said_as(schema: Any, definitions: Any = None) -> Any:
    """The plainest value that a reply's own schema takes."""
    definitions = definitions or schema.get("$defs", {})
    if "$ref" in schema:
        return said_as(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return said_as(schema["anyOf"][0], definitions)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    if schema.get("type") == "object":
        return {name: said_as(part, definitions) for name, part in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [said_as(schema["items"], definitions)]
    return {"string": "5511988887777", "integer": 1, "number": 1, "boolean": True, "null": None}[schema["type"]]


async def link(dsn: str, instance: UUID) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(LINK, instance, "connected")
    await connection.close()


def is_relayed(context: Any) -> bool:
    return (context.operation.method.upper(), context.operation.path) in RELAYED


@schema.exclude(is_relayed).parametrize()
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_generated_requests_meet_the_document(case: Case, api: Api) -> None:
    check(case, api)


@checked_only.include(is_relayed).parametrize()
@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_generated_requests_meet_the_document_also_where_few_or_none_can_serve_them(case: Case, api: Api) -> None:
    check(case, api)


def check(case: Case, api: Api) -> None:
    if "instanceId" in case.path_parameters:
        case.path_parameters |= {"instanceId": api.instance, "token": api.token}
    answer = case.call_and_validate(
        base_url=api.url,
        session=api.session,
        headers={"Client-Token": CLIENT_TOKEN, "Authorization": PARTNER},
        excluded_checks=[CHECKS.get_one(name) for name in not_meant(case)],
    )
    assert answer.status_code < 500 or answer.status_code == 501


def not_meant(case: Case) -> Iterator[str]:
    if (case.method.upper(), case.path) in UNAVAILABLE:
        yield "not_a_server_error"  # 501 is the honest answer there
    given = {**(case.query or {}), **(case.body if isinstance(case.body, dict) else {})}
    # Whether a webhook can be tried depends on what other requests have made its address.
    if (UNDECIDABLE | LOOKED_AT) & given.keys() or case.path.endswith("/test-webhook"):
        yield "positive_data_acceptance"
    if case.meta is not None and all(
        part.mode is GenerationMode.POSITIVE or location.name in ("HEADER", "PATH")
        for location, part in case.meta.components.items()
    ):
        # The path and the tokens are ours in every request, whatever was generated for them.
        yield "negative_data_rejection"
        yield "missing_required_header"
