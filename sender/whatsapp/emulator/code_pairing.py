"""Linking a companion by the eight characters that it shows: typed into the phone instead of a scan."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.connection import Connection
from sender.whatsapp.emulator.pairing import Pairing, PairingFailed
from sender.whatsapp.emulator.stanzas import Refused, Reply, StanzaIds, notification
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.derivation import derive
from sender.whatsapp.wire.errors import BadKey
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Node

ROUNDS = 2 << 16
TAG = "link_code_companion_reg"

_SALT, _IV, _NONCE, _KEY = 32, 16, 12, 32
_BUNDLE_PURPOSE = b"link_code_pairing_key_bundle_encryption_key"


@dataclass(slots=True)
class _Started:
    """A client that shows a code; after the code was typed also the phone's half of the secret."""

    connection: Connection
    reference: bytes
    wrapped: bytes
    account: Account | None = None
    shared: bytes = b""
    done: asyncio.Future[Device] | None = None


class CodePairing:
    def __init__(self, pairing: Pairing, ids: StanzaIds, changed: Callable[[], None]) -> None:
        self._pairing, self._ids, self._changed = pairing, ids, changed
        self._started: dict[str, _Started] = {}

    def is_waiting(self, phone: str) -> bool:
        return phone in self._started

    def answer(self, connection: Connection, question: Node) -> Reply:
        """The client's two questions: hello with its wrapped key, finish with its key bundle."""
        registration = question.child(TAG)
        phone = registration.jid("jid").user
        if registration.text("stage") == "companion_hello":
            return self._hello(connection, registration, phone)
        started = self._started.pop(phone, None)
        if started is None or started.connection is not connection or started.account is None:
            raise Refused(400, "bad-request")
        return self._finish(started, started.account, registration)

    def enter(self, account: Account, code: str) -> asyncio.Future[Device]:
        """The user types the code on the phone. The future ends in the linked device or in PairingFailed."""
        started = self._started.get(account.phone)
        if started is None:
            raise PairingFailed("no client waits for a code of this number")
        code = code.replace("-", "").upper()
        salt, iv, wrapped = _cut(started.wrapped)
        ephemeral = KeyPair()
        try:
            started.shared = ephemeral.agree(_cipher(code, salt, iv, wrapped))
        except BadKey as error:
            raise PairingFailed("the code is wrong") from error
        started.account = account
        started.done = asyncio.get_running_loop().create_future()
        salt, iv = os.urandom(_SALT), os.urandom(_IV)
        content = [
            Node("link_code_pairing_ref", {}, started.reference),
            Node(
                "link_code_pairing_wrapped_primary_ephemeral_pub",
                {},
                salt + iv + _cipher(code, salt, iv, ephemeral.public),
            ),
            Node("primary_identity_pub", {}, account.identity.public),
        ]
        hello = Node(TAG, {"stage": "primary_hello"}, content)
        started.connection.send(notification(self._ids, TAG, SERVER, [hello]))
        return started.done

    def forget(self, connection: Connection) -> None:
        """The client went away."""
        for phone, started in list(self._started.items()):
            if started.connection is connection:
                del self._started[phone]
                _fail(started, PairingFailed("the client has gone"))

    def _hello(self, connection: Connection, registration: Node, phone: str) -> Reply:
        reference = os.urandom(16).hex().encode()
        wrapped = registration.child("link_code_pairing_wrapped_companion_ephemeral_pub").data
        self._started[phone] = _Started(connection, reference, wrapped)
        self._changed()
        return Reply([Node(TAG, {"stage": "companion_hello"}, [Node("link_code_pairing_ref", {}, reference)])])

    def _finish(self, started: _Started, account: Account, registration: Node) -> Reply:
        """Open the bundle, which only works if both sides knew the code, and go on as after a scan."""
        wrapped = registration.child("link_code_pairing_wrapped_key_bundle").data
        salt, nonce, sealed = wrapped[:_SALT], wrapped[_SALT : _SALT + _NONCE], wrapped[_SALT + _NONCE :]
        key = derive(started.shared, _KEY, purpose=_BUNDLE_PURPOSE, salt=salt)
        try:
            bundle = AESGCM(key).decrypt(nonce, sealed, None)
        except (InvalidTag, ValueError):
            _fail(started, PairingFailed("the code is wrong"))
            raise Refused(401, "not-authorized") from None
        identity, phone_identity, random = bundle[:32], bundle[32:64], bundle[64:96]
        if identity != self._pairing.identity_of(started.connection) or phone_identity != account.identity.public:
            _fail(started, PairingFailed("the key bundle is not of this client and this account"))
            raise Refused(400, "bad-request")
        secret = derive(started.shared + account.identity.agree(identity) + random, _KEY, purpose=b"adv_secret")

        def link() -> None:
            try:
                _pass_on(self._pairing.link(started.connection, account, secret), started)
            except PairingFailed as failure:
                _fail(started, failure)

        return Reply(then=link)


def _pass_on(linked: asyncio.Future[Device], started: _Started) -> None:
    def copy(outcome: asyncio.Future[Device]) -> None:
        failure = outcome.exception()
        if isinstance(failure, PairingFailed):
            _fail(started, failure)
        elif started.done and not started.done.done():
            started.done.set_result(outcome.result())

    linked.add_done_callback(copy)


def _fail(started: _Started, failure: PairingFailed) -> None:
    if started.done and not started.done.done():
        started.done.set_exception(failure)
        started.done.exception()  # it may be that nobody waits


def _cut(wrapped: bytes) -> tuple[bytes, bytes, bytes]:
    if len(wrapped) != _SALT + _IV + _KEY:
        raise PairingFailed("the client's wrapped key has a wrong length")
    return wrapped[:_SALT], wrapped[_SALT : _SALT + _IV], wrapped[_SALT + _IV :]


def _cipher(code: str, salt: bytes, iv: bytes, data: bytes) -> bytes:
    """Counter mode under a key made from the code: the same call wraps and unwraps."""
    key = PBKDF2HMAC(SHA256(), _KEY, salt, ROUNDS).derive(code.encode())
    cipher = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()
