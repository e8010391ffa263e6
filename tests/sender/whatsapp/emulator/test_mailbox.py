"""What waits for a device: until it comes, until it acknowledges, and over the emulator's end."""

from pathlib import Path

import pytest

from sender.whatsapp.emulator.contents import write_text
from sender.whatsapp.emulator.server import Server, build
from sender.whatsapp.emulator.storage.database import DataInUse
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, PHONE

pytestmark = pytest.mark.anyio


def write(server: Server, *texts: str) -> None:
    """By the friend's handset to the phone's account."""
    friend, phone = server.directory.by_phone(FRIEND), server.directory.by_phone(PHONE)
    assert friend
    assert phone
    for text in texts:
        server.handsets.of(friend).outgoing.send(phone, write_text(text))


async def test_messages_for_a_device_that_is_away_come_in_order_when_it_is_back(server: Server) -> None:
    companion = await linked(server, PHONE)
    companion.leave()
    write(server, "one", "two", "three")
    companion.log_in()
    assert companion.texts() == ["one", "two", "three"]


async def test_a_device_hears_how_much_waits_and_when_that_was_all(server: Server) -> None:
    companion = await linked(server, PHONE)
    companion.leave()
    write(server, "one", "two")
    companion.log_in()
    preview, end = companion.connection.all("ib")
    assert preview.child("offline_preview").number("message") == 2
    assert end.child("offline").get("count") == preview.child("offline_preview").get("count")
    assert companion.connection.received.index(end) == len(companion.connection.received) - 1


async def test_nothing_reaches_a_device_before_it_says_that_it_is_active(server: Server) -> None:
    companion = await linked(server, PHONE)
    companion.leave()
    companion.log_in(activate=False)
    write(server, "early")
    assert companion.messages() == []


async def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(server: Server) -> None:
    companion = await linked(server, PHONE)
    write(server, "read", "lost")
    companion.acknowledge(companion.messages()[0])
    companion.leave()
    companion.log_in()
    assert companion.texts() == ["lost"]


async def test_what_waits_survives_the_emulator(server: Server, folder: Path) -> None:
    companion = await linked(server, PHONE)
    companion.leave()
    write(server, "one", "two")
    server.database.close()
    again = build(folder)
    companion.server = again
    companion.log_in()
    assert companion.texts() == ["one", "two"]
    again.database.close()


async def test_a_removed_device_leaves_nothing_behind(server: Server) -> None:
    companion = await linked(server, PHONE)
    companion.leave()
    write(server, "one")
    account = server.directory.by_phone(PHONE)
    assert account
    device = account.devices[1]
    server.device_lists.unlink(device)
    server.database.commit()
    assert not device.pending
    assert server.database.read("SELECT count(*) FROM pending WHERE device = 1") == [(0,)]
    assert server.database.read("SELECT count(*) FROM prekey") == [(0,)]


async def test_both_devices_of_an_account_get_a_message(server: Server) -> None:
    first, second = await linked(server, PHONE), await linked(server, PHONE)
    write(server, "hello")
    assert (first.texts(), second.texts()) == (["hello"], ["hello"])


async def test_a_sender_learns_of_a_new_device_by_the_hash_in_the_ack(server: Server) -> None:
    friend = await linked(server, FRIEND)
    await linked(server, PHONE)
    friend.send(lid_of(server, PHONE), "one")
    one = friend.connection.last("ack").get("phash")
    await linked(server, PHONE)
    friend.send(lid_of(server, PHONE), "two")
    assert one
    assert friend.connection.last("ack").get("phash") not in (None, one)


def test_builds_twice_only_after_the_first_has_ended(folder: Path) -> None:
    first = build(folder)
    with pytest.raises(DataInUse):
        build(folder)
    first.database.close()
    build(folder).database.close()


async def test_companion_of_the_sender_gets_a_copy(server: Server) -> None:
    first: Companion = await linked(server, PHONE)
    second = await linked(server, PHONE)
    first.send(lid_of(server, FRIEND), "from the first")
    copy = second.connection.last("message")
    assert copy.jid("recipient") == lid_of(server, FRIEND)
    assert copy.jid("from") == first.lid
