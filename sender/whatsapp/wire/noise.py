"""Noise_XX_25519_AESGCM_SHA256 as WhatsApp uses it: the symmetric state of a handshake, and the ciphers after it."""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sender.whatsapp.wire.derivation import derive
from sender.whatsapp.wire.errors import HandshakeFailed, MalformedFrame

# With its four padding bytes the name is exactly 32 bytes long, so it is hash, salt and key without being hashed.
PATTERN = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"


class SymmetricState:
    """What both ends compute in step during the handshake: a hash of all that was said, and keys that depend on it."""

    def __init__(self, header: bytes) -> None:
        self._hash = self._salt = PATTERN
        self._cipher = AESGCM(PATTERN)
        self._counter = 0
        self.authenticate(header)

    def authenticate(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def mix(self, secret: bytes) -> None:
        """Make the keys depend on a shared secret."""
        output = derive(secret, 64, salt=self._salt)
        self._salt, self._cipher, self._counter = output[:32], AESGCM(output[32:]), 0

    def encrypt(self, plaintext: bytes) -> bytes:
        ciphertext = self._cipher.encrypt(_nonce(self._counter), plaintext, self._hash)
        self._counter += 1
        self.authenticate(ciphertext)
        return ciphertext

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Raises HandshakeFailed when the other end computed something else."""
        try:
            plaintext = self._cipher.decrypt(_nonce(self._counter), ciphertext, self._hash)
        except (InvalidTag, ValueError) as error:
            raise HandshakeFailed("a handshake part does not decrypt") from error
        self._counter += 1
        self.authenticate(ciphertext)
        return plaintext

    def split(self) -> tuple[bytes, bytes]:
        """The keys of the connection: client to server, server to client."""
        output = derive(b"", 64, salt=self._salt)
        return output[:32], output[32:]


class Transport:
    """Both directions of an open connection. Each has a counter as nonce: seal in the very order of writing."""

    def __init__(self, *, write_key: bytes, read_key: bytes) -> None:
        self._writer, self._reader = AESGCM(write_key), AESGCM(read_key)
        self._written = self._read = 0

    def seal(self, plaintext: bytes) -> bytes:
        ciphertext = self._writer.encrypt(_nonce(self._written), plaintext, None)
        self._written += 1
        return ciphertext

    def open(self, ciphertext: bytes) -> bytes:
        """Raises MalformedFrame; after that the connection is beyond repair."""
        try:
            plaintext = self._reader.decrypt(_nonce(self._read), ciphertext, None)
        except (InvalidTag, ValueError) as error:
            raise MalformedFrame("a frame does not decrypt: it was lost, changed or sent out of order") from error
        self._read += 1
        return plaintext


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")
