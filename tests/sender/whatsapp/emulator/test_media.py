"""The media host over HTTP, and pictures of accounts and groups."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sender.whatsapp.emulator.server import Server, build
from sender.whatsapp.wire.jid import Jid
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, OTHER, PHONE

pytestmark = pytest.mark.anyio

Host = TestClient[web.Request, web.Application]


@pytest.fixture
async def host(server: Server) -> AsyncIterator[Host]:
    application = web.Application(client_max_size=64 << 20)
    application.router.add_routes(server.media.routes())
    async with TestClient(TestServer(application)) as client:
        yield client


@pytest.fixture
async def companion(server: Server) -> Companion:
    return await linked(server, PHONE)


def authentication(companion: Companion) -> str:
    connection = companion.ask("w:m", Node("media_conn"), kind="set").child("media_conn")
    assert connection.number("ttl") > 0
    assert connection.child("host").get("hostname") == "mmg.whatsapp.net"
    return connection.text("auth")


async def test_what_is_uploaded_comes_back_byte_by_byte(host: Host, companion: Companion) -> None:
    data = bytes(range(256)) * 10_000
    answer = await host.post(f"/mms/image/token?auth={authentication(companion)}", data=io.BytesIO(data))
    path = (await answer.json())["direct_path"]
    assert "?" in path  # clients go on with `&`
    again = await host.get(f"{path}&hash=abc&mms-type=image")
    assert await again.read() == data


async def test_an_upload_needs_the_authentication_of_a_linked_device(host: Host) -> None:
    for guess in ("", "guess", PHONE, f"{PHONE}.{'0' * 64}"):
        assert (await host.post(f"/mms/image/token?auth={guess}", data=b"x")).status == 401


async def test_an_authentication_is_the_same_after_a_restart(
    server: Server, folder: Path, companion: Companion
) -> None:
    first = authentication(companion)
    companion.leave()
    server.database.close()
    companion.server = build(folder)
    companion.log_in()
    assert authentication(companion) == first
    companion.server.database.close()


@pytest.mark.parametrize("path", ["/v/t62.7118-24/000000000000000000000000.enc", "/v/x", "/v/..%2f..%2fca.pem"])
async def test_what_is_not_kept_is_not_found(host: Host, path: str) -> None:
    assert (await host.get(path)).status == 404


async def test_media_fail_and_lag_as_ordered(server: Server, host: Host, companion: Companion) -> None:
    path = server.media.keep(b"data")
    server.faults.add("refuse-media", to="download", code=503)
    server.faults.add("refuse-media", phone=PHONE, code=507)
    server.faults.add("slow-media", to="download", seconds=0.01)
    upload = f"/mms/image/token?auth={authentication(companion)}"
    assert [(await host.get(path)).status for _ in range(2)] == [503, 200]
    assert [(await host.post(upload, data=b"x")).status for _ in range(2)] == [507, 200]
    assert list(server.faults) == []


def picture_of(companion: Companion, target: Jid | None = None) -> Node:
    wanted = Node("picture", {"query": "url", "type": "image"})
    head = {"id": "p1", "type": "get", "xmlns": "w:profile:picture", "target": target}
    companion.connection.say(Node("iq", head, [wanted]))
    return companion.connection.last("iq")


async def test_a_picture_is_set_seen_and_taken_away(server: Server, host: Host, companion: Companion) -> None:
    friend = await linked(server, FRIEND)
    friend.devices_of(lid_of(server, PHONE))
    set_picture = Node("picture", {"type": "image"}, b"jpeg")
    picture_id = companion.ask("w:profile:picture", set_picture, kind="set").child("picture").get("id")
    told = friend.connection.last("notification")
    assert (told.get("type"), told.child("set").get("id")) == ("picture", picture_id)
    seen = picture_of(friend, lid_of(server, PHONE)).child("picture")
    assert seen.text("url").startswith("https://pps.whatsapp.net/")
    assert await (await host.get(seen.text("direct_path"))).read() == b"jpeg"
    companion.ask("w:profile:picture", kind="set")
    assert picture_of(friend, lid_of(server, PHONE)).child("error").get("code") == "404"
    assert friend.connection.last("notification").find("delete")


async def test_a_hidden_picture_is_refused_to_others(server: Server, companion: Companion) -> None:
    friend = await linked(server, FRIEND)
    server.pictures.set(companion.connection.device.account, companion.connection.device.account, b"jpeg")
    hidden = Node("privacy", {}, [Node("category", {"name": "profile", "value": "none"})])
    companion.ask("privacy", hidden, kind="set")
    assert picture_of(friend, lid_of(server, PHONE)).child("error").get("code") == "401"
    assert picture_of(companion).get("type") == "result"


async def test_a_group_picture_is_set_by_members_only(server: Server, companion: Companion) -> None:
    other = await linked(server, OTHER)
    accounts = [server.directory.by_phone(phone) for phone in (PHONE, FRIEND)]
    group = server.group_changes.create(accounts[0], "Team", accounts[1:])
    for asker, code in ((other, "403"), (companion, None)):
        head = {"id": "p2", "type": "set", "xmlns": "w:profile:picture", "target": group.jid}
        asker.connection.say(Node("iq", head, [Node("picture", {"type": "image"}, b"jpeg")]))
        error = asker.connection.last("iq").find("error")
        assert (error.get("code") if error else None) == code
    assert group.picture_id
