"""What dispatch answers before an operation is reached, and how it answers what nobody expected."""

import asyncio
import json
import re
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from common.local.http import request
from common.local.valkey import Valkey
from common.postgres import Pool
from common.sentry import Severity
from frontend import operations
from frontend.operation import Operation
from tests.databases import Databases
from tests.frontend.conftest import Standing
from tests.frontend.gateway import CLIENT_TOKEN, PARTNER_TOKEN, Caller, Gateway, gateway_on, settings_for
from tests.frontend.serving import serving
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BODY = {"phone": "5511988887777", "message": "hi"}
NOT_FOUND = (404, {"error": "path not found"})


def told(answer: httpx2.Response) -> tuple[int, object]:
    return answer.status_code, answer.json()


def allowed_at(path: str) -> set[str]:
    return {operation.method for operation in operations.ALL if operation.path == path}


# --- paths and methods ---


@pytest.mark.parametrize(
    "route",
    ["", "/", "send-texts", "Send-Text", "send-text/", "/send-text", "send-text/x", "queue/", "queue//", "queue/a/b",
     "dead-letters//replay", "dead-letters/a/replay/b", "dead-letters/a/Replay", "queue/%2F", "{}", "queue/{}/x"],
)  # fmt: skip
async def test_a_path_that_nobody_serves_is_404(standing: Standing, route: str) -> None:
    for method in ("GET", "POST"):
        assert told(await standing.caller.call(method, route)) == NOT_FOUND


@pytest.mark.parametrize("path", ["/", "/instance", "/instances/", "/instances/a", "/instances/a/token", "//", "/x"])
async def test_a_path_from_the_root_that_nobody_serves_is_404(standing: Standing, path: str) -> None:
    assert told(await standing.gateway.client.get(path)) == NOT_FOUND
    assert told(await standing.gateway.as_partner("GET", path)) == NOT_FOUND


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: f"{one.method} {one.path}")
async def test_another_method_is_405_and_names_the_ones_that_are_served(
    standing: Standing, operation: Operation
) -> None:
    path = operation.template.format_map(
        defaultdict(lambda: "0" * 32, instanceId=standing.caller.id, token=standing.caller.token)
    )
    headers = {"Client-Token": CLIENT_TOKEN, "Authorization": f"Bearer {PARTNER_TOKEN}"}
    allowed = allowed_at(operation.path)
    for method in set(METHODS) - allowed:
        answer = await standing.gateway.client.request(method, path, headers=headers)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == allowed
        assert answer.json() == {"error": f"method not allowed; use {answer.headers['allow']}"}


async def test_a_method_of_ones_own_invention_is_405_too(standing: Standing) -> None:
    assert (await standing.caller.call("BREW", "send-text")).status_code == 405


async def test_a_fixed_path_is_no_message(standing: Standing) -> None:
    answer = await standing.caller.delete("queue/count")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


# --- addresses that are too long ---


async def test_an_address_that_is_too_long_is_414(standing: Standing) -> None:
    answer = await standing.caller.get("queue?pageSize=1&x=" + "y" * 8_192)
    assert told(answer) == (414, {"error": "the address is longer than 8192 bytes"})
    assert (await standing.caller.get("x" * 8_192)).status_code == 414
    assert (await standing.caller.get("queue?pageSize=1&x=" + "y" * 7_000)).status_code == 200


# --- content types ---


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON",
     "application/json ; x=y", "application/json; charset=latin-1"],
)  # fmt: skip
async def test_json_with_any_parameter_is_taken(standing: Standing, content_type: str) -> None:
    assert (await standing.caller.post_bytes("send-text", json.dumps(BODY).encode(), content_type)).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "",
     "application/json-patch+json", "text/json", "json", "*/*"],
)  # fmt: skip
async def test_every_other_content_type_is_415(standing: Standing, content_type: str) -> None:
    before = await standing.pool.fetchval("SELECT count(*) FROM message_queue")
    answer = await standing.caller.post_bytes("send-text", json.dumps(BODY).encode(), content_type)
    assert told(answer) == (415, {"error": "Content-Type not supported; send application/json"})
    assert await standing.pool.fetchval("SELECT count(*) FROM message_queue") == before


async def test_a_missing_content_type_is_415(standing: Standing) -> None:
    answer = await standing.caller.call("POST", "send-text", content=json.dumps(BODY).encode())
    assert told(answer) == (415, {"error": "Content-Type is missing; send application/json"})


async def test_a_compressed_body_is_415(standing: Standing) -> None:
    answer = await standing.caller.post_bytes("send-text", b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    assert told(answer) == (415, {"error": "Content-Encoding not supported; send the body as it is"})
    plain = await standing.caller.post_bytes("send-text", json.dumps(BODY).encode(), **{"Content-Encoding": "identity"})
    assert plain.status_code == 200


async def test_no_content_type_is_asked_of_a_request_without_a_body(standing: Standing) -> None:
    kinds: list[dict[str, str]] = [{}, {"Content-Type": "text/plain"}]
    for headers in kinds:
        assert (await standing.caller.call("GET", "queue", headers=headers)).status_code == 200
        assert (await standing.caller.call("DELETE", "queue", headers=headers)).status_code == 200
        assert (await standing.caller.call("POST", "dead-letters/replay", headers=headers)).status_code == 200
        subscribed = await standing.caller.call(
            "POST",
            "integrator/on-demand/subscription",
            headers={"Authorization": f"Bearer {PARTNER_TOKEN}", **headers},
        )
        assert subscribed.status_code == 201


async def test_an_optional_body_must_be_json_when_there_is_one(standing: Standing) -> None:
    headers = {"Authorization": f"Bearer {PARTNER_TOKEN}", "Content-Type": "text/plain"}
    answer = await standing.caller.call("POST", "integrator/on-demand/subscription", headers=headers, content=b"{}")
    assert answer.status_code == 415


async def test_an_empty_body_is_an_empty_object(standing: Standing) -> None:
    assert (await standing.caller.post_bytes("queue", b"")).json() == (await standing.caller.post("queue", {})).json()
    assert (await standing.caller.post_bytes("send-text", b"")).status_code == 400


# --- queries ---


@pytest.mark.parametrize(
    "query",
    ["pageSize=0", "pageSize=-1", "pageSize=x", "pageSize=1.5", "pageSize=", "pageSize=%00", "pageSize=1&pageSize=x",
     "&".join(f"field{number}=1" for number in range(51))],
)  # fmt: skip
async def test_a_query_that_is_not_valid_is_400(standing: Standing, query: str) -> None:
    answer = await standing.caller.get(f"queue?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_the_last_of_two_values_counts_and_unknown_names_do_not(standing: Standing) -> None:
    assert (await standing.caller.get("queue?pageSize=x&pageSize=5&page=7&%00=1&=&%FF=%FE")).status_code == 200


# --- what nobody expected ---


class Recorded:
    """Reports, kept."""

    def __init__(self) -> None:
        self.reported: list[tuple[BaseException, str | None]] = []

    def report(self, error: BaseException, *, severity: Severity = "error", instance_id: str | None = None) -> None:
        self.reported.append((error, instance_id))

    def close(self) -> None:
        pass


@asynccontextmanager
async def recorded_on(settings: Any) -> AsyncIterator[tuple[Gateway, Recorded]]:
    reports = Recorded()
    async with gateway_on(settings, reports=reports) as gateway:
        yield gateway, reports


async def test_an_unexpected_error_is_500_says_nothing_and_is_reported_once(settings: Any, pool: Pool) -> None:
    async with recorded_on(settings) as (gateway, reports):
        caller = await gateway.create(pool)
        await pool.execute("ALTER TABLE message_queue RENAME TO away")
        answer = await caller.send_text("secret words")
        assert told(answer) == (500, {"error": "internal error"})
    assert [(type(error).__name__, instance) for error, instance in reports.reported] == [
        ("UndefinedTableError", str(caller.uuid)),
    ]


async def test_one_error_that_many_requests_share_is_reported_once(settings: Any, pool: Pool) -> None:
    async with recorded_on(settings) as (gateway, reports):
        caller = await gateway.create(pool)
        await pool.execute("ALTER TABLE message_queue RENAME TO away")
        answers = await asyncio.gather(*(caller.send_text(str(number)) for number in range(20)))
        assert {answer.status_code for answer in answers} == {500}
    assert len({id(error) for error, _ in reports.reported}) == len(reports.reported) <= 3


async def test_refusals_are_not_reported(settings: Any, pool: Pool) -> None:
    async with recorded_on(settings) as (gateway, reports):
        caller = await gateway.create(pool)
        await caller.send_text(phone="x")
        await caller.get("nothing")
        await Caller(gateway.client, "nobody", "x").get("status")
    assert reports.reported == []


# --- metrics ---


async def test_requests_are_counted_by_route_and_never_by_path(gateway: Gateway, caller: Caller) -> None:
    await caller.send_text()
    await caller.send_text(phone="x")
    await caller.get("queue/" + "A" * 32)
    await caller.get("no-such-route")
    await caller.call("BREW", "status")
    text = (await gateway.client.get("/metrics")).text
    assert caller.id not in text.upper()
    assert caller.token not in text
    base = "/instances/{instanceId}/token/{token}"
    counted = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "http_requests_total" and sample.value
    }
    assert counted == {
        ("POST", "/instances/integrator/on-demand", "200"): 1,
        ("POST", f"{base}/send-text", "200"): 1,
        ("POST", f"{base}/send-text", "400"): 1,
        ("GET", f"{base}/queue/{{zaapId}}", "404"): 1,
        ("GET", "unknown", "404"): 1,
        ("other", f"{base}/status", "405"): 1,
    }


# --- over a real socket ---


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    id: str
    token: str

    def connect(self) -> socket.socket:
        parts = urlsplit(self.url)
        return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE)

    def head(self, method: str, route: str, *lines: str) -> bytes:
        path = f"/instances/{self.id}/token/{self.token}/{route}"
        head = [f"{method} {path} HTTP/1.1", "Host: pombo", f"Client-Token: {CLIENT_TOKEN}", *lines]
        return "\r\n".join([*head, "", ""]).encode()


@pytest.fixture(scope="module")
def served(databases: Databases, valkey: Valkey) -> Iterator[Served]:
    with served_on(databases, valkey, http_max_body_bytes=2_000) as served:
        yield served


@pytest.fixture(scope="module")
def impatient(databases: Databases, valkey: Valkey) -> Iterator[Served]:
    with served_on(databases, valkey, http_read_timeout=0.3) as served:
        yield served


@contextmanager
def served_on(databases: Databases, valkey: Valkey, **changes: Any) -> Iterator[Served]:
    dsn = databases.create()
    with serving(settings_for(dsn, valkey.url(), **changes)) as url:
        path = "/instances/integrator/on-demand"
        _, created = request("POST", f"{url}{path}", {"name": "served"}, {"Authorization": f"Bearer {PARTNER_TOKEN}"})
        yield Served(url, created["id"], created["token"])
    databases.drop(dsn)


def read_answer(connection: socket.socket) -> bytes:
    """Head and body of one answer."""
    got = b""
    while not (found := re.search(rb"content-length: (\d+)\r\n(?:.+\r\n)*\r\n", got)) or len(got) < found.end() + int(
        found[1]
    ):
        part = connection.recv(65_536)
        assert part, got
        got += part
    return got


def read_to_end(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


JSON_HEADER = "Content-Type: application/json"
SENT = json.dumps(BODY).encode()


@pytest.mark.parametrize("first", [b"", SENT[:5]], ids=["nothing", "a part"])
def test_a_body_that_stays_away_is_408_and_ends_the_connection(impatient: Served, first: bytes) -> None:
    with impatient.connect() as connection:
        connection.sendall(impatient.head("POST", "send-text", JSON_HEADER, f"Content-Length: {len(SENT)}") + first)
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b'{"error":"the body did not arrive in time"}')


def test_a_body_in_pieces_and_chunks_is_taken(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(served.head("POST", "send-text", JSON_HEADER, "Transfer-Encoding: chunked"))
        for part in (SENT[:10], SENT[10:]):
            connection.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert read_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_who_asks_before_sending_a_large_body_is_refused_without_it(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(
            served.head("POST", "send-text", JSON_HEADER, "Content-Length: 5000", "Expect: 100-continue")
        )
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_who_asks_before_sending_a_good_body_is_told_to_go_on(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(
            served.head("POST", "send-text", JSON_HEADER, f"Content-Length: {len(SENT)}", "Expect: 100-continue")
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(SENT)
        assert read_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_a_connection_goes_on_after_refusals(served: Served) -> None:
    large = b"x" * 3_000
    with served.connect() as connection:
        connection.sendall(served.head("POST", "send-text", JSON_HEADER, "Content-Length: 3000") + large)
        assert read_answer(connection).startswith(b"HTTP/1.1 413 ")
        connection.sendall(served.head("POST", "send-text", "Content-Type: text/plain", "Content-Length: 2") + b"{}")
        assert read_answer(connection).startswith(b"HTTP/1.1 415 ")
        connection.sendall(served.head("POST", "send-text", JSON_HEADER, f"Content-Length: {len(SENT)}") + SENT)
        assert read_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_a_head_request_is_405_without_a_body(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(served.head("HEAD", "status", "Connection: close"))
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"allow: GET\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_a_caller_who_leaves_in_the_middle_disturbs_nobody(served: Served) -> None:
    for _ in range(5):
        with served.connect() as connection:
            connection.sendall(served.head("POST", "send-text", JSON_HEADER, "Content-Length: 100") + b"{")
    with served.connect() as connection:
        connection.sendall(served.head("POST", "send-text", JSON_HEADER, f"Content-Length: {len(SENT)}") + SENT)
        assert read_answer(connection).startswith(b"HTTP/1.1 200 ")
