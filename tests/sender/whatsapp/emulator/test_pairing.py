"""Linking a companion: what is checked on both sides, and what others learn of it."""

import pytest

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.pairing import PairingFailed
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, PHONE

pytestmark = pytest.mark.anyio


@pytest.fixture
def account(server: Server) -> Account:
    account = server.directory.by_phone(PHONE)
    assert account
    return account


async def test_a_scanned_companion_is_stored_and_asked_to_connect_again(server: Server, account: Account) -> None:
    companion = Companion(server)
    linking = server.pairing.scan(account, companion.register())
    companion.answer_phone()
    assert account.devices[1] is await linking
    assert companion.connection.last("stream:error").get("code") == "515"


async def test_a_client_shows_six_codes_and_each_of_them_can_be_scanned(server: Server, account: Account) -> None:
    companion = Companion(server)
    first = companion.register()
    references = [each.data.decode() for each in companion.connection.last("iq").child("pair-device").all("ref")]
    assert len(set(references)) == 6
    linking = server.pairing.scan(account, first.replace(references[0], references[5]))
    companion.answer_phone()
    assert (await linking).number == 1


async def test_a_code_whose_client_has_gone_is_refused(server: Server, account: Account) -> None:
    companion = Companion(server)
    code = companion.register()
    server.clients.closed(companion.connection)
    with pytest.raises(PairingFailed, match="unknown or has expired"):
        server.pairing.scan(account, code)


@pytest.mark.parametrize("code", ["", "hello", "2@ref,not base64!,AAAA,AAAA", "2@ref,AAAA"])
async def test_what_is_no_code_is_refused(server: Server, account: Account, code: str) -> None:
    with pytest.raises(PairingFailed, match="no pairing code"):
        server.pairing.scan(account, code)


async def test_a_code_with_the_keys_of_another_client_is_refused(server: Server, account: Account) -> None:
    companion, other = Companion(server), Companion(server)
    code = companion.register()
    reference = code.partition("#")[2].partition(",")[0]
    with pytest.raises(PairingFailed, match="not those of the client"):
        server.pairing.scan(account, other.register().replace("#2@", f"#{reference},").replace(",2@", ",", 0))


async def test_a_client_that_refuses_the_phone_is_not_linked(server: Server, account: Account) -> None:
    companion = Companion(server)
    linking = server.pairing.scan(account, companion.register())
    question = companion.connection.last("iq").get("id")
    failure = Node("error", {"code": 401, "text": "hmac-mismatch"})
    companion.connection.say(Node("iq", {"type": "error", "id": question, "to": SERVER}, [failure]))
    with pytest.raises(PairingFailed, match="hmac-mismatch"):
        await linking
    assert account.companions == []


async def test_a_false_signature_of_the_client_is_noticed(server: Server, account: Account) -> None:
    companion = Companion(server)
    linking = server.pairing.scan(account, companion.register())
    companion.identity = KeyPair(bytes(reversed(companion.identity.private)))
    with pytest.raises(AssertionError):
        companion.answer_phone()  # it does not recognise itself either
    companion.identity, other = KeyPair(), companion.identity
    del other
    question = companion.connection.last("iq").get("id")
    proof = Node("pair-device-sign", {}, [Node("device-identity", {}, b"\x22\x40" + bytes(64))])
    companion.connection.say(Node("iq", {"type": "result", "id": question, "to": SERVER}, [proof]))
    with pytest.raises(PairingFailed, match="signature does not verify"):
        await linking


async def test_the_login_needs_the_noise_key_that_was_linked(server: Server) -> None:
    companion = await linked(server, PHONE)
    companion.noise = KeyPair()
    companion.log_in()
    assert companion.connection.last("failure").get("reason") == "401"


async def test_device_numbers_are_never_used_again(server: Server, account: Account) -> None:
    first = await linked(server, PHONE)
    server.device_lists.unlink(account.devices[first.jid.device])
    second = await linked(server, PHONE)
    assert (first.jid.device, second.jid.device) == (1, 2)


async def test_an_unlinked_companion_is_told_and_cannot_come_back(server: Server, account: Account) -> None:
    companion = await linked(server, PHONE)
    server.device_lists.unlink(account.devices[1])
    assert companion.connection.last("stream:error").child("conflict").get("type") == "device_removed"
    companion.log_in()
    assert companion.connection.last("failure").get("reason") == "401"


async def test_a_companion_can_remove_itself_but_nobody_else(server: Server, account: Account) -> None:
    companion, friend = await linked(server, PHONE), await linked(server, FRIEND)
    removal = Node("remove-companion-device", {"jid": companion.jid, "reason": "user_initiated"})
    assert friend.ask("md", removal, kind="set").get("type") == "error"
    assert companion.ask("md", removal, kind="set").get("type") == "result"
    assert account.companions == []
    assert companion.connection.all("stream:error") == []


async def test_who_knows_the_device_list_hears_of_a_new_device(server: Server) -> None:
    friend = await linked(server, FRIEND)
    friend.devices_of(lid_of(server, PHONE))
    companion = await linked(server, PHONE)
    told = friend.connection.last("notification")
    assert told.get("type") == "devices"
    assert told.child("add", "device").jid("jid") == companion.lid


async def test_the_same_device_elsewhere_replaces_the_connection(server: Server) -> None:
    companion = await linked(server, PHONE)
    before = companion.connection
    companion.log_in()
    assert before.last("stream:error").child("conflict").get("type") == "replaced"
    assert not companion.connection.is_closing
