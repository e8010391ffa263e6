"""The server's part of app state: numbers, conflicts, and who is told."""

from pathlib import Path

import pytest

from sender.whatsapp.emulator.server import Server, build
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.protobuf import Fields
from tests.sender.whatsapp.emulator.companion import Companion, linked
from tests.sender.whatsapp.emulator.conftest import PHONE

pytestmark = pytest.mark.anyio

NAME = "regular_low"


def sync(companion: Companion, version: int, patch: bytes | None = None) -> Node:
    content = [Node("patch", {}, patch)] if patch else None
    collection = Node("collection", {"name": NAME, "version": version}, content)
    return companion.ask("w:sync:app:state", Node("sync", {}, [collection]), kind="set").child("sync", "collection")


def patches(collection: Node) -> list[tuple[int, bytes]]:
    """The number that the server wrote into each, and the last byte of what the client had brought."""
    found = [each.data for each in collection.find("patches").children] if collection.find("patches") else []
    return [(Fields(data).integer(1, 1), data[-1:]) for data in found]


async def test_patches_are_numbered_in_the_order_of_arrival(server: Server) -> None:
    companion = await linked(server, PHONE)
    sync(companion, 0, b"\x22\x01a")
    sync(companion, 1, b"\x22\x01b")
    assert patches(sync(companion, 0)) == [(1, b"a"), (2, b"b")]
    assert patches(sync(companion, 1)) == [(2, b"b")]
    assert patches(sync(companion, 2)) == []


async def test_a_stale_client_gets_what_it_missed_and_is_not_heard(server: Server) -> None:
    first, second = await linked(server, PHONE), await linked(server, PHONE)
    sync(first, 0, b"\x22\x01a")
    conflict = sync(second, 0, b"\x22\x01b")
    assert (conflict.get("type"), conflict.child("error").get("code")) == ("error", "409")
    assert patches(conflict) == [(1, b"a")]
    assert patches(sync(second, 1)) == []


async def test_the_other_devices_are_told(server: Server) -> None:
    first, second = await linked(server, PHONE), await linked(server, PHONE)
    before = len(first.connection.all("notification"))
    sync(first, 0, b"\x22\x01a")
    told = second.connection.last("notification")
    assert (told.get("type"), told.child("collection").get("version")) == ("server_sync", "1")
    assert len(first.connection.all("notification")) == before


async def test_patches_survive_the_emulator(server: Server, folder: Path) -> None:
    companion = await linked(server, PHONE)
    sync(companion, 0, b"\x22\x01a")
    companion.leave()
    server.database.close()
    again = build(folder)
    companion.server = again
    companion.log_in()
    sync(companion, 1, b"\x22\x01b")
    assert patches(sync(companion, 0)) == [(1, b"a"), (2, b"b")]
    again.database.close()


async def test_a_phone_shares_its_keys_once_with_each_companion(server: Server) -> None:
    companion = await linked(server, PHONE)
    (shared,) = companion.shared
    assert Fields(shared).integer(12, 2) == 6
    assert len(Fields(shared).data(12, 7, 1, 2, 1)) == 32
    companion.leave()
    companion.log_in()
    assert companion.connection.all("message") == []
