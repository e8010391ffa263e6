"""One Signal session with one device: X3DH to begin it, then the double ratchet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sender.whatsapp.wire.curve import KeyPair, verify
from sender.whatsapp.wire.derivation import authentication_code, derive
from sender.whatsapp.wire.protobuf import Fields
from sender.whatsapp.wire.protobuf import encode as encode_fields
from sender.whatsapp.wire.signal.cipher import SignalError, decrypt, encrypt

VERSION = b"\x33"  # version 3 as current and as lowest known
KEY_TYPE = b"\x05"
MAC_LENGTH = 8

KEPT_CHAINS = 5  # receiving chains of a peer's former ratchet keys
MAX_SKIPPED = 2_000  # message keys that one message may make us derive and keep

_DISCONTINUITY = b"\xff" * 32

# SignalMessage
_RATCHET_KEY, _COUNTER, _PREVIOUS_COUNTER, _CIPHERTEXT = 1, 2, 3, 4
# PreKeySignalMessage
_PREKEY_ID, _BASE_KEY, _IDENTITY, _MESSAGE, _REGISTRATION_ID, _SIGNED_PREKEY_ID = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a device publishes so that others can write to it first."""

    identity: bytes
    signed_prekey_id: int
    signed_prekey: bytes
    signature: bytes
    prekey_id: int | None = None
    prekey: bytes | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """The first message to us: a message with everything needed to begin the session that it belongs to."""

    identity: bytes
    base: bytes
    prekey_id: int | None
    signed_prekey_id: int
    message: bytes

    @staticmethod
    def parse(data: bytes) -> Opening:
        """Raises MalformedProtobuf."""
        fields = Fields(data[1:])
        prekey_id = fields.integer(_PREKEY_ID) if _PREKEY_ID in fields else None
        identity, base = fields.data(_IDENTITY)[1:], fields.data(_BASE_KEY)[1:]
        return Opening(identity, base, prekey_id, fields.integer(_SIGNED_PREKEY_ID), fields.data(_MESSAGE))


@dataclass(slots=True)
class Chain:
    """Receiving: the chain's key, the next counter, and keys of messages that were skipped."""

    key: bytes
    counter: int = 0
    skipped: dict[int, bytes] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Session:
    """Our end. `announced` is what an opening has to tell until the peer has answered."""

    own_identity: KeyPair
    peer_identity: bytes
    base: bytes
    root: bytes
    ratchet: KeyPair
    sending_key: bytes
    sending_counter: int = 0
    previous_counter: int = 0
    chains: dict[bytes, Chain] = field(default_factory=dict)
    announced: tuple[int | None, int] | None = None

    @staticmethod
    def begin(identity: KeyPair, bundle: Bundle) -> Session:
        """Write to a device for the first time. Raises SignalError when its bundle is not signed by its identity."""
        if not verify(bundle.identity, KEY_TYPE + bundle.signed_prekey, bundle.signature):
            raise SignalError("the signed prekey does not verify")
        base = KeyPair()
        secret = _DISCONTINUITY + identity.agree(bundle.signed_prekey)
        secret += base.agree(bundle.identity) + base.agree(bundle.signed_prekey)
        if bundle.prekey is not None:
            secret += base.agree(bundle.prekey)
        root, chain = _split(derive(secret, 64, purpose=b"WhisperText"))
        ratchet = KeyPair()
        root, sending_key = _step(root, ratchet.agree(bundle.signed_prekey))
        session = Session(identity, bundle.identity, base.public, root, ratchet, sending_key)
        session.chains[bundle.signed_prekey] = Chain(chain)
        session.announced = (bundle.prekey_id, bundle.signed_prekey_id)
        return session

    @staticmethod
    def accept(identity: KeyPair, signed_prekey: KeyPair, prekey: KeyPair | None, opening: Opening) -> Session:
        """Be written to for the first time."""
        secret = _DISCONTINUITY + signed_prekey.agree(opening.identity)
        secret += identity.agree(opening.base) + signed_prekey.agree(opening.base)
        if prekey is not None:
            secret += prekey.agree(opening.base)
        root, chain = _split(derive(secret, 64, purpose=b"WhisperText"))
        return Session(identity, opening.identity, opening.base, root, signed_prekey, chain)

    def encrypt(self, plaintext: bytes, registration_id: int) -> tuple[str, bytes]:
        """The kind (`msg`, or `pkmsg` until the peer has answered) and the message."""
        keys, self.sending_key = _message_keys(self.sending_key)
        body = VERSION + encode_fields(
            [
                (_RATCHET_KEY, KEY_TYPE + self.ratchet.public),
                (_COUNTER, self.sending_counter),
                (_PREVIOUS_COUNTER, self.previous_counter),
                (_CIPHERTEXT, encrypt(keys[:32], keys[64:], plaintext)),
            ]
        )
        self.sending_counter += 1
        message = body + _mac(keys, self.own_identity.public, self.peer_identity, body)
        if self.announced is None:
            return "msg", message
        prekey_id, signed_prekey_id = self.announced
        return "pkmsg", VERSION + encode_fields(
            [
                (_REGISTRATION_ID, registration_id),
                (_PREKEY_ID, prekey_id),
                (_SIGNED_PREKEY_ID, signed_prekey_id),
                (_BASE_KEY, KEY_TYPE + self.base),
                (_IDENTITY, KEY_TYPE + self.own_identity.public),
                (_MESSAGE, message),
            ]
        )

    def decrypt(self, message: bytes) -> bytes:
        """Raises SignalError or MalformedProtobuf; the session is as before then."""
        body, mac = message[:-MAC_LENGTH], message[-MAC_LENGTH:]
        fields = Fields(body[1:])
        their_ratchet, counter = fields.data(_RATCHET_KEY)[1:], fields.integer(_COUNTER)
        turn: tuple[bytes, bytes, KeyPair] | None = None
        chain = self.chains.get(their_ratchet)
        if chain is None:
            root, key = _step(self.root, self.ratchet.agree(their_ratchet))
            fresh = KeyPair()
            turn = (*_step(root, fresh.agree(their_ratchet)), fresh)
            chain = Chain(key)
        keys, advanced = _take(chain, counter)
        if _mac(keys, self.peer_identity, self.own_identity.public, body) != mac:
            raise SignalError("the message is damaged")
        plaintext = decrypt(keys[:32], keys[64:], fields.data(_CIPHERTEXT))
        if turn:
            self.previous_counter, self.sending_counter = self.sending_counter, 0
            self.root, self.sending_key, self.ratchet = turn
        self.chains[their_ratchet] = advanced
        while len(self.chains) > KEPT_CHAINS:
            del self.chains[next(iter(self.chains))]
        self.announced = None
        return plaintext

    def dump(self) -> dict[str, Any]:
        """Everything but our identity key, in JSON's types."""
        return {
            "peer_identity": self.peer_identity.hex(),
            "base": self.base.hex(),
            "root": self.root.hex(),
            "ratchet": self.ratchet.private.hex(),
            "sending_key": self.sending_key.hex(),
            "sending_counter": self.sending_counter,
            "previous_counter": self.previous_counter,
            "announced": self.announced,
            "chains": [
                [ratchet.hex(), chain.key.hex(), chain.counter, [[n, key.hex()] for n, key in chain.skipped.items()]]
                for ratchet, chain in self.chains.items()
            ],
        }

    @staticmethod
    def load(identity: KeyPair, state: dict[str, Any]) -> Session:
        return Session(
            own_identity=identity,
            peer_identity=bytes.fromhex(state["peer_identity"]),
            base=bytes.fromhex(state["base"]),
            root=bytes.fromhex(state["root"]),
            ratchet=KeyPair(bytes.fromhex(state["ratchet"])),
            sending_key=bytes.fromhex(state["sending_key"]),
            sending_counter=state["sending_counter"],
            previous_counter=state["previous_counter"],
            announced=(state["announced"][0], state["announced"][1]) if state["announced"] else None,
            chains={
                bytes.fromhex(ratchet): Chain(
                    bytes.fromhex(key), counter, {number: bytes.fromhex(value) for number, value in skipped}
                )
                for ratchet, key, counter, skipped in state["chains"]
            },
        )


def _take(chain: Chain, counter: int) -> tuple[bytes, Chain]:
    """The keys of one message, and the chain as it is after it; the chain itself stays untouched."""
    skipped = dict(chain.skipped)
    if counter < chain.counter:
        keys = skipped.pop(counter, None)
        if keys is None:
            raise SignalError("the message was decrypted before")
        return keys, Chain(chain.key, chain.counter, skipped)
    if counter - chain.counter > MAX_SKIPPED or len(skipped) > MAX_SKIPPED:
        raise SignalError("too many messages are missing")
    key = chain.key
    for missed in range(chain.counter, counter):
        skipped[missed], key = _message_keys(key)
    keys, key = _message_keys(key)
    return keys, Chain(key, counter + 1, skipped)


def _message_keys(chain_key: bytes) -> tuple[bytes, bytes]:
    """A message's 80 bytes of keys (cipher, mac, iv), and the chain's next key."""
    seed = authentication_code(chain_key, b"\x01")
    return derive(seed, 80, purpose=b"WhisperMessageKeys"), authentication_code(chain_key, b"\x02")


def _step(root: bytes, shared: bytes) -> tuple[bytes, bytes]:
    return _split(derive(shared, 64, purpose=b"WhisperRatchet", salt=root))


def _split(output: bytes) -> tuple[bytes, bytes]:
    return output[:32], output[32:]


def _mac(keys: bytes, sender: bytes, receiver: bytes, body: bytes) -> bytes:
    return authentication_code(keys[32:64], KEY_TYPE + sender, KEY_TYPE + receiver, body)[:MAC_LENGTH]
