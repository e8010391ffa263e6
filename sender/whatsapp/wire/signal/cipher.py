"""AES-CBC and the padding of WhatsApp's plaintexts."""

import os

from sender.whatsapp.wire import cbc
from sender.whatsapp.wire.cbc import encrypt
from sender.whatsapp.wire.errors import BadKey

__all__ = ["SignalError", "decrypt", "encrypt", "pad", "unpad"]


class SignalError(ValueError):
    """A message cannot be decrypted, or nothing can be encrypted for a peer."""


def decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """Raises SignalError."""
    try:
        return cbc.decrypt(key, iv, ciphertext)
    except BadKey as error:
        raise SignalError("the ciphertext is damaged") from error


def pad(message: bytes) -> bytes:
    """1 to 15 bytes that each tell their number, so that lengths say less."""
    length = os.urandom(1)[0] % 15 + 1
    return message + bytes((length,)) * length


def unpad(padded: bytes) -> bytes:
    """Raises SignalError."""
    if not padded or not 0 < padded[-1] <= len(padded):
        raise SignalError("the padding is damaged")
    return padded[: -padded[-1]]
