"""Vault: what is kept encrypted in the database: instance tokens, which the partner's list shows, and the secrets that
sign callbacks."""

import base64
import binascii
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common import logs

log = logs.get(__name__)

NONCE = 12
SIGNING = b"webhook secret"
"""What a sealed secret is bound to beside its instance, so that it does not open as a token."""

PROXY = b"proxy"
"""The same for the address of an instance's proxy."""

ARRIVAL = b"arrival"
"""The same for a message that came in and the keys that open it."""


class Unreadable(Exception):
    """The stored secret was encrypted with another TOKEN_ENCRYPTION_KEY."""


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
        return self._seal(token.encode(), instance.bytes)

    def open(self, instance: UUID, sealed: bytes) -> str:
        """Raises Unreadable."""
        try:
            return self._open(sealed, instance.bytes).decode()
        except UnicodeDecodeError:
            raise Unreadable(Unreadable.__doc__) from None

    def show(self, instance: UUID, sealed: bytes) -> str:
        """The token for an answer that holds more than it: empty, and told in the log, when it cannot be read."""
        try:
            return self.open(instance, sealed)
        except Unreadable:
            log.error("token not readable with this TOKEN_ENCRYPTION_KEY", instance=instance)
            return ""

    def seal_secret(self, instance: UUID, secret: bytes) -> bytes:
        return self._seal(secret, instance.bytes + SIGNING)

    def open_secret(self, instance: UUID, sealed: bytes) -> bytes:
        """Raises Unreadable."""
        return self._open(sealed, instance.bytes + SIGNING)

    def seal_proxy(self, instance: UUID, proxy: str) -> bytes:
        return self._seal(proxy.encode(), instance.bytes + PROXY)

    def open_proxy(self, instance: UUID, sealed: bytes) -> str:
        """Raises Unreadable."""
        try:
            return self._open(sealed, instance.bytes + PROXY).decode()
        except UnicodeDecodeError:
            raise Unreadable(Unreadable.__doc__) from None

    def seal_arrival(self, instance: UUID, record: bytes) -> bytes:
        return self._seal(record, instance.bytes + ARRIVAL)

    def open_arrival(self, instance: UUID, sealed: bytes) -> bytes:
        """Raises Unreadable."""
        return self._open(sealed, instance.bytes + ARRIVAL)

    def _seal(self, plain: bytes, bound_to: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def _open(self, sealed: bytes, bound_to: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
        except (InvalidTag, ValueError):
            raise Unreadable(Unreadable.__doc__) from None
