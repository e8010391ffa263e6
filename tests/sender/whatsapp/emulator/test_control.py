"""The control API over real HTTP: what it answers, and how it says no."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sender.whatsapp.emulator.control.application import add_routes, new_application
from sender.whatsapp.emulator.network import Network
from sender.whatsapp.emulator.server import Server
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, PHONE
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

NEW = "5511900000077"


class Control:
    def __init__(self, http: aiohttp.ClientSession, port: int) -> None:
        self._http, self._port = http, port

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self._port}/control/{path}"
        async with self._http.request(method, url, json=body, **options) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def control(server: Server, folder: Path) -> AsyncIterator[Control]:
    application = new_application(server.database)
    network = Network(server, folder, application)
    add_routes(application, server, network)
    port = await network.start("127.0.0.1", 0)
    async with aiohttp.ClientSession() as http:
        yield Control(http, port)
    await network.stop()


async def test_the_environment_is_what_a_client_process_needs(control: Control) -> None:
    status, found = await control("GET", "environment")
    assert status == 200
    assert found["proxy"].startswith("http://127.0.0.1:")
    assert ssl.create_default_context(cafile=found["ca_file"])
    assert len(bytes.fromhex(found["noise_root"])) == 32


async def test_an_account_is_made_once_and_changed_the_next_time(control: Control) -> None:
    status, made = await control("POST", "accounts", {"phone": NEW, "name": "New", "script": "silent"})
    assert (status, made["name"], made["script"], made["devices"]) == (200, "New", "silent", [])
    _, again = await control("POST", "accounts", {"phone": NEW, "script": "echo"})
    assert again == {**made, "script": "echo"}


async def test_a_scan_answers_when_the_device_is_linked(control: Control, server: Server) -> None:
    companion = Companion(server)
    asked = asyncio.create_task(control("POST", "scan", {"phone": PHONE, "qr": companion.register()}))
    assert await server.moments.until(lambda: len(companion.connection.all("iq")) > 1, 5)
    companion.answer_phone()
    status, linked_device = await asked
    assert (status, linked_device["device"]) == (200, f"{PHONE}:1@s.whatsapp.net")
    _, account = await control("GET", f"accounts/{PHONE}")
    assert [device["number"] for device in account["devices"]] == [1]


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("accounts", {"phone": "abc"}, "phone"),
        ("accounts", {"name": "nobody"}, "phone"),
        ("accounts", {"phone": NEW, "script": "dance"}, "script must be one of"),
        ("accounts", {"phone": NEW, "colour": "red"}, "colour"),
        ("accounts", ["phone"], ""),
        ("scan", {"phone": PHONE, "qr": "hello"}, "no pairing code"),
        ("scan", {"phone": PHONE, "qr": "2@ref,AAAA,AAAA,AAAA"}, "unknown or has expired"),
        ("faults", {"kind": "earthquake"}, "kind must be one of"),
        ("faults", {"kind": "ban", "times": 0}, "times"),
        (f"contacts/{FRIEND}/send", {"to": PHONE}, "text"),
        (f"contacts/{FRIEND}/send-raw", {"to": PHONE, "message": "*"}, "base64"),
        (f"contacts/{FRIEND}/mark", {"kind": "eaten"}, "kind"),
    ],
)
async def test_bad_input_is_refused_with_a_reason(control: Control, path: str, body: Any, error: str) -> None:
    status, answer = await control("POST", path, body)
    assert status == 400
    assert error in answer["error"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "scan", {"phone": NEW, "qr": "x"}),
        ("GET", f"contacts/{NEW}/messages", None),
        ("POST", f"contacts/{FRIEND}/send", {"to": NEW, "text": "hello"}),
        ("POST", f"contacts/{FRIEND}/mark", {"id": "3EB0"}),
        ("POST", f"accounts/{PHONE}/end", {"device": 9}),
        ("DELETE", "faults/99", None),
        ("GET", "nothing", None),
    ],
)
async def test_what_is_not_there_is_not_found(control: Control, method: str, path: str, body: Any) -> None:
    status, answer = await control(method, path, body)
    assert (status, list(answer)) == (404, ["error"])


async def test_broken_json_and_a_wrong_method_are_refused(control: Control) -> None:
    status, answer = await control("POST", "accounts", None, data=b"{")
    assert (status, "JSON" in answer["error"]) == (400, True)
    assert (await control("DELETE", "scan"))[0] == 405


@pytest.mark.parametrize("query", ["after=x", "wait=-1", "wait=1e9", "limit=nan"])
async def test_numbers_in_the_query_are_checked(control: Control, query: str) -> None:
    status, answer = await control("GET", f"contacts/{FRIEND}/messages?{query}")
    assert (status, query.partition("=")[0] in answer["error"]) == (400, True)


async def test_received_messages_come_in_order_and_after_a_place(control: Control, server: Server) -> None:
    companion = await linked(server, PHONE)
    for text in ("one", "two", "three"):
        companion.send(lid_of(server, FRIEND), text)
    _, answer = await control("GET", f"contacts/{FRIEND}/messages")
    first, *rest = answer["messages"]
    assert (first["text"], first["chat"], first["sender"], first["from_me"]) == ("one", PHONE, PHONE, False)
    _, answer = await control("GET", f"contacts/{FRIEND}/messages?after={first['sequence']}")
    assert answer["messages"] == rest
    assert [each["text"] for each in rest] == ["two", "three"]


async def test_a_long_poll_answers_as_soon_as_a_message_comes(control: Control, server: Server) -> None:
    companion = await linked(server, PHONE)
    asked = asyncio.create_task(control("GET", f"contacts/{FRIEND}/messages?wait=60"))
    await control("GET", "faults")  # by now the first request waits
    companion.send(lid_of(server, FRIEND), "hello")
    async with asyncio.timeout(PATIENCE):
        _, answer = await asked
    assert [each["text"] for each in answer["messages"]] == ["hello"]


async def test_a_contact_writes_replies_reacts_and_reads(control: Control, server: Server) -> None:
    companion = await linked(server, PHONE)
    sent = companion.send(lid_of(server, FRIEND), "hello")
    _, written = await control("POST", f"contacts/{FRIEND}/send", {"to": PHONE, "text": "hi", "reply_to": sent})
    assert companion.connection.last("message").get("id") == written["id"]
    status, _ = await control("POST", f"contacts/{FRIEND}/react", {"id": sent, "emoji": "👍"})
    assert (status, companion.connection.last("message").get("type")) == (200, "reaction")
    await control("POST", f"contacts/{FRIEND}/mark", {"id": sent, "kind": "played"})
    assert companion.connection.last("receipt").get("type") == "played"


async def test_faults_are_listed_and_taken_back(control: Control, server: Server) -> None:
    _, made = await control("POST", "faults", {"kind": "drop-ack", "times": None, "phone": PHONE})
    _, listed = await control("GET", "faults")
    assert listed == {"faults": [made], "outage": False}
    assert (await control("DELETE", f"faults/{made['id']}"))[0] == 200
    await control("POST", "outage", {"is_out": True})
    assert (await control("GET", "faults"))[1] == {"faults": [], "outage": True}
    await control("DELETE", "faults")
    assert (await control("GET", "faults"))[1]["outage"] is False


async def test_an_account_unlinks_and_cuts_its_devices(control: Control, server: Server) -> None:
    first, second = await linked(server, PHONE), await linked(server, PHONE)
    await control("POST", f"accounts/{PHONE}/end", {"how": "cut", "device": 1})
    assert first.connection.is_aborted
    _, ended = await control("POST", f"accounts/{PHONE}/end", {})
    assert ended == {"devices": [1, 2]}
    assert second.connection.last("stream:error").child("conflict").get("type") == "device_removed"


async def test_stats_and_traffic_tell_what_was_on_the_wire(control: Control, server: Server) -> None:
    companion = await linked(server, PHONE)
    sent = companion.send(lid_of(server, FRIEND), "hello")
    _, stats = await control("GET", "stats")
    assert (stats["devices"], stats["active"], stats["messages"]) == (1, 1, {"accepted": 1})
    _, traffic = await control("GET", "traffic")
    (one,) = traffic["messages"]
    assert (one["id"], one["sender"], one["to"], one["error"]) == (sent, PHONE, FRIEND, None)
