"""Sender keys: one chain per sender and group, so that a group message is encrypted once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from sender.whatsapp.wire.curve import SIGNATURE_LENGTH, KeyPair, verify
from sender.whatsapp.wire.derivation import authentication_code, derive
from sender.whatsapp.wire.protobuf import Fields
from sender.whatsapp.wire.protobuf import encode as encode_fields
from sender.whatsapp.wire.signal.cipher import SignalError, decrypt, encrypt
from sender.whatsapp.wire.signal.ratchet import KEY_TYPE, MAX_SKIPPED, VERSION

# SenderKeyDistributionMessage and SenderKeyMessage
_ID, _ITERATION = 1, 2
_CHAIN_KEY, _SIGNING_KEY = 3, 4
_CIPHERTEXT = 3


@dataclass(slots=True)
class SenderKey:
    """The signing pair is known to the sender only."""

    id: int
    iteration: int
    chain_key: bytes
    signing_public: bytes
    signing: KeyPair | None = None
    skipped: dict[int, bytes] = field(default_factory=dict)

    @staticmethod
    def create() -> SenderKey:
        signing = KeyPair()
        return SenderKey(int.from_bytes(os.urandom(4), "big") >> 1, 0, os.urandom(32), signing.public, signing)

    @staticmethod
    def from_distribution(data: bytes) -> SenderKey:
        """Raises MalformedProtobuf."""
        fields = Fields(data[1:])
        key = fields.data(_SIGNING_KEY)[1:]
        return SenderKey(fields.integer(_ID), fields.integer(_ITERATION), fields.data(_CHAIN_KEY), key)

    def distribution(self) -> bytes:
        """What members need in order to read from now on."""
        return VERSION + encode_fields(
            [
                (_ID, self.id),
                (_ITERATION, self.iteration),
                (_CHAIN_KEY, self.chain_key),
                (_SIGNING_KEY, KEY_TYPE + self.signing_public),
            ]
        )

    def encrypt(self, plaintext: bytes) -> bytes:
        if self.signing is None:
            raise SignalError("this is somebody else's sender key")
        iteration = self.iteration
        keys = self._advance()
        ciphertext = encrypt(keys[16:], keys[:16], plaintext)
        body = VERSION + encode_fields([(_ID, self.id), (_ITERATION, iteration), (_CIPHERTEXT, ciphertext)])
        return body + self.signing.sign(body)

    def decrypt(self, message: bytes) -> bytes:
        """Raises SignalError or MalformedProtobuf."""
        body, signature = message[:-SIGNATURE_LENGTH], message[-SIGNATURE_LENGTH:]
        if not verify(self.signing_public, body, signature):
            raise SignalError("the sender's signature does not verify")
        fields = Fields(body[1:])
        iteration = fields.integer(_ITERATION)
        if iteration - self.iteration > MAX_SKIPPED:
            raise SignalError("too many messages are missing")
        while self.iteration <= iteration:
            missed = self.iteration
            self.skipped[missed] = self._advance()
        keys = self.skipped.pop(iteration, None)
        if keys is None:
            raise SignalError("the message was decrypted before")
        return decrypt(keys[16:], keys[:16], fields.data(_CIPHERTEXT))

    def _advance(self) -> bytes:
        """A message's 48 bytes of keys (iv, cipher); the chain moves on."""
        keys = derive(authentication_code(self.chain_key, b"\x01"), 48, purpose=b"WhisperGroup")
        self.chain_key = authentication_code(self.chain_key, b"\x02")
        self.iteration += 1
        return keys

    def dump(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "iteration": self.iteration,
            "chain_key": self.chain_key.hex(),
            "signing_public": self.signing_public.hex(),
            "signing": self.signing.private.hex() if self.signing else None,
            "skipped": [[iteration, keys.hex()] for iteration, keys in self.skipped.items()],
        }

    @staticmethod
    def load(state: dict[str, Any]) -> SenderKey:
        return SenderKey(
            state["id"],
            state["iteration"],
            bytes.fromhex(state["chain_key"]),
            bytes.fromhex(state["signing_public"]),
            KeyPair(bytes.fromhex(state["signing"])) if state["signing"] else None,
            {iteration: bytes.fromhex(keys) for iteration, keys in state["skipped"]},
        )


def key_id_of(message: bytes) -> int:
    """Which sender key a group message needs. Raises MalformedProtobuf."""
    return Fields(message[1:-SIGNATURE_LENGTH]).integer(_ID)
