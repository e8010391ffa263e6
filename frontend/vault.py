"""Instance tokens: made at random, checked by their hash, and kept encrypted because the partner's list shows them."""

import base64
import binascii
import hashlib
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common import logs

log = logs.get(__name__)

NONCE = 12
TOKEN_BYTES = 12


class Unreadable(Exception):
    """The stored token was encrypted with another TOKEN_ENCRYPTION_KEY."""


def new_token() -> str:
    return os.urandom(TOKEN_BYTES).hex().upper()


def digest(token: str) -> bytes:
    """What is stored to check a token. The token is random, so a plain hash cannot be reversed by guessing."""
    return hashlib.sha256(token.encode()).digest()


class Vault:
    """AES-GCM bound to the instance: a ciphertext that is moved to another row does not open."""

    def __init__(self, key: str) -> None:
        """`key` is TOKEN_ENCRYPTION_KEY, urlsafe base64 of 32 bytes. Raises ValueError for anything else."""
        try:
            raw = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != 32:
            raise ValueError("TOKEN_ENCRYPTION_KEY must be 32 bytes in urlsafe base64")
        self._cipher = AESGCM(raw)

    def seal(self, instance: UUID, token: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, token.encode(), instance.bytes)

    def open(self, instance: UUID, sealed: bytes) -> str:
        """Raises Unreadable."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], instance.bytes).decode()
        except (InvalidTag, ValueError):
            raise Unreadable(Unreadable.__doc__) from None

    def show(self, instance: UUID, sealed: bytes) -> str:
        """The token for an answer that holds more than it: empty, and told in the log, when it cannot be read."""
        try:
            return self.open(instance, sealed)
        except Unreadable:
            log.error("token not readable with this TOKEN_ENCRYPTION_KEY", instance=instance)
            return ""
