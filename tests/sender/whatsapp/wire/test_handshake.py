import pytest

from sender.whatsapp.wire.certificates import check_chain, issue_chain
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.errors import HandshakeFailed, MalformedFrame
from sender.whatsapp.wire.handshake import ClientHandshake, ServerHandshake, ServerIdentity
from sender.whatsapp.wire.noise import Transport

NOW = 1_800_000_000.0
YEAR = 365 * 86_400


def shake(root: KeyPair, trusted: bytes) -> tuple[ServerHandshake, KeyPair, Transport, Transport]:
    server, client, static = ServerHandshake(ServerIdentity(root)), ClientHandshake(trusted), KeyPair()
    client.check(server.answer(client.hello()))
    finish, client_end = client.finish(static, b"payload")
    return server, static, server.finish(finish), client_end


def test_both_ends_agree_and_the_server_learns_who_came() -> None:
    root = KeyPair()
    server, static, server_end, client_end = shake(root, root.public)
    assert (server.client_static, server.payload) == (static.public, b"payload")
    for number in range(3):
        assert server_end.open(client_end.seal(b"up %d" % number)) == b"up %d" % number
        assert client_end.open(server_end.seal(b"down %d" % number)) == b"down %d" % number


def test_a_server_with_another_root_is_refused() -> None:
    with pytest.raises(HandshakeFailed, match="root"):
        shake(KeyPair(), KeyPair().public)


@pytest.mark.parametrize("position", [-1, -100, 10, 50])
def test_a_changed_server_hello_is_refused(position: int) -> None:
    root = KeyPair()
    server, client = ServerHandshake(ServerIdentity(root)), ClientHandshake(root.public)
    hello = bytearray(server.answer(client.hello()))
    hello[position] ^= 1
    with pytest.raises(HandshakeFailed):
        client.check(bytes(hello))


@pytest.mark.parametrize("message", [b"", b"\x00", b"\xff\xff", b"\x12\x02\x0a\x00"])
def test_nonsense_instead_of_a_handshake_message_is_refused(message: bytes) -> None:
    root = KeyPair()
    with pytest.raises(HandshakeFailed):
        ServerHandshake(ServerIdentity(root)).answer(message)
    with pytest.raises(HandshakeFailed):
        ClientHandshake(root.public).check(message)
    with pytest.raises(HandshakeFailed):
        ServerHandshake(ServerIdentity(root)).finish(message)


def test_a_lost_frame_ends_the_connection() -> None:
    root = KeyPair()
    _, _, server_end, client_end = shake(root, root.public)
    client_end.seal(b"lost")
    with pytest.raises(MalformedFrame):
        server_end.open(client_end.seal(b"next"))


def test_a_chain_is_accepted_in_its_time_and_for_its_key_only() -> None:
    root, static = KeyPair(), KeyPair().public
    chain = issue_chain(root, static, NOW)
    check_chain(chain, static, root.public, NOW)
    for bad_static, bad_now, reason in (
        (KeyPair().public, NOW, "another key"),
        (static, NOW + 11 * YEAR, "not valid"),
        (static, NOW - YEAR, "not valid"),
    ):
        with pytest.raises(HandshakeFailed, match=reason):
            check_chain(chain, bad_static, root.public, bad_now)
    with pytest.raises(HandshakeFailed, match="cannot be read"):
        check_chain(b"\x0a", static, root.public, NOW)
