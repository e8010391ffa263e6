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
TOKEN = b""
"""What a sealed token is bound to beside its instance: nothing."""

SIGNING = b"webhook secret"
"""What a sealed secret is bound to, so that it does not open as a token."""

PROXY = b"proxy"
"""The same for the address of an instance's proxy."""

ARRIVAL = b"arrival"
"""The same for a message that came in and the keys that open it."""


class Unreadable(Exception):
    """The stored secret was encrypted with another TOKEN_ENCRYPTION_KEY."""


class Vault:
    """AES-GCM bound to the instance: a ciphertext that is moved to another row does not open."""

    def __init__(self, key: str, other: str | None = None) -> None:
        """`key` is TOKEN_ENCRYPTION_KEY, urlsafe base64 of 32 bytes, and `other` one that opens as well, while keys
        change. Raises ValueError for anything else."""
        self._cipher = _cipher_of(key, "TOKEN_ENCRYPTION_KEY")
        self._other = None if other is None else _cipher_of(other, "TOKEN_ENCRYPTION_KEY_OTHER")

    def seal(self, instance: UUID, token: str) -> bytes:
        return self._seal(token.encode(), instance.bytes + TOKEN)

    def open(self, instance: UUID, sealed: bytes) -> str:
        """Raises Unreadable."""
        try:
            return self._open(sealed, instance.bytes + TOKEN).decode()
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

    def renewed(self, instance: UUID, sealed: bytes, purpose: bytes) -> bytes | None:
        """The same, sealed with the current key; None when it is already. Raises Unreadable."""
        bound_to = instance.bytes + purpose
        try:
            _decrypted(self._cipher, sealed, bound_to)
        except Unreadable:
            return self._seal(self._open(sealed, bound_to), bound_to)
        return None

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
            return _decrypted(self._cipher, sealed, bound_to)
        except Unreadable:
            if self._other is None:
                raise
            return _decrypted(self._other, sealed, bound_to)


def _decrypted(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
    except (InvalidTag, ValueError):
        raise Unreadable(Unreadable.__doc__) from None


def _cipher_of(key: str, name: str) -> AESGCM:
    try:
        raw = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ValueError(f"{name} must be 32 bytes in urlsafe base64")
    return AESGCM(raw)
