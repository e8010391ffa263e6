"""AES-CBC and the padding of WhatsApp's plaintexts."""

import os

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK_BITS = 128


class SignalError(ValueError):
    """A message cannot be decrypted, or nothing can be encrypted for a peer."""


def encrypt(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()


def decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """Raises SignalError."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
    try:
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
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
