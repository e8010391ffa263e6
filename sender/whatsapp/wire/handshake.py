"""The Noise handshake from both ends: three messages, after which each side holds a Transport.

client -> hello(ephemeral)
server -> hello(ephemeral, static, certificate chain)
client -> finish(static, payload)
"""

from sender.whatsapp.wire.certificates import check_chain, issue_chain
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.errors import HandshakeFailed, WireError
from sender.whatsapp.wire.framing import HEADER
from sender.whatsapp.wire.noise import SymmetricState, Transport
from sender.whatsapp.wire.protobuf import Fields, encode

# HandshakeMessage{clientHello, serverHello, clientFinish} and their fields
_CLIENT_HELLO, _SERVER_HELLO, _CLIENT_FINISH = 2, 3, 4
_EPHEMERAL, _STATIC, _PAYLOAD = 1, 2, 3
_FINISH_STATIC, _FINISH_PAYLOAD = 1, 2


class ServerIdentity:
    """A server's static key with the chain that proves it. `root_public` is what clients must trust."""

    def __init__(self, root: KeyPair) -> None:
        self.root_public = root.public
        self.static = KeyPair()
        self.chain = issue_chain(root, self.static.public)


class ServerHandshake:
    """The server's end. Call `answer`, then `finish`; both raise HandshakeFailed."""

    def __init__(self, identity: ServerIdentity) -> None:
        self._identity = identity
        self._state = SymmetricState(HEADER)
        self._ephemeral = KeyPair()
        self.client_static = b""
        self.payload = b""

    def answer(self, client_hello: bytes) -> bytes:
        """The server hello for the client's."""
        theirs = _read(client_hello, _CLIENT_HELLO, _EPHEMERAL)
        self._state.authenticate(theirs)
        self._state.authenticate(self._ephemeral.public)
        self._state.mix(_agree(self._ephemeral, theirs))
        static = self._state.encrypt(self._identity.static.public)
        self._state.mix(_agree(self._identity.static, theirs))
        payload = self._state.encrypt(self._identity.chain)
        hello = [(_EPHEMERAL, self._ephemeral.public), (_STATIC, static), (_PAYLOAD, payload)]
        return encode([(_SERVER_HELLO, hello)])

    def finish(self, client_finish: bytes) -> Transport:
        """Learn the client's static key and payload."""
        static = _read(client_finish, _CLIENT_FINISH, _FINISH_STATIC)
        self.client_static = self._state.decrypt(static)
        self._state.mix(_agree(self._ephemeral, self.client_static))
        self.payload = self._state.decrypt(_read(client_finish, _CLIENT_FINISH, _FINISH_PAYLOAD))
        client_to_server, server_to_client = self._state.split()
        return Transport(write_key=server_to_client, read_key=client_to_server)


class ClientHandshake:
    """The client's end. Call `hello`, `check`, then `finish`; the last two raise HandshakeFailed.

    `check` and `finish` are apart because a relay learns what to finish with only after it has met the server.
    """

    def __init__(self, root_public: bytes) -> None:
        self._root = root_public
        self._state = SymmetricState(HEADER)
        self._ephemeral = KeyPair()
        self._theirs = b""

    def hello(self) -> bytes:
        self._state.authenticate(self._ephemeral.public)
        return encode([(_CLIENT_HELLO, [(_EPHEMERAL, self._ephemeral.public)])])

    def check(self, server_hello: bytes) -> None:
        """Make sure that the server holds a key which the root vouches for."""
        self._theirs = _read(server_hello, _SERVER_HELLO, _EPHEMERAL)
        self._state.authenticate(self._theirs)
        self._state.mix(_agree(self._ephemeral, self._theirs))
        static = self._state.decrypt(_read(server_hello, _SERVER_HELLO, _STATIC))
        self._state.mix(_agree(self._ephemeral, static))
        chain = self._state.decrypt(_read(server_hello, _SERVER_HELLO, _PAYLOAD))
        check_chain(chain, static, self._root)

    def finish(self, static: KeyPair, payload: bytes) -> tuple[bytes, Transport]:
        """The last message, and the open connection."""
        encrypted = self._state.encrypt(static.public)
        self._state.mix(_agree(static, self._theirs))
        finish = [(_FINISH_STATIC, encrypted), (_FINISH_PAYLOAD, self._state.encrypt(payload))]
        client_to_server, server_to_client = self._state.split()
        transport = Transport(write_key=client_to_server, read_key=server_to_client)
        return encode([(_CLIENT_FINISH, finish)]), transport


def _read(message: bytes, *path: int) -> bytes:
    try:
        return Fields(message).data(*path)
    except WireError as error:
        raise HandshakeFailed("a handshake message cannot be read") from error


def _agree(own: KeyPair, theirs: bytes) -> bytes:
    try:
        return own.agree(theirs)
    except WireError as error:
        raise HandshakeFailed("the peer's key is not usable") from error
