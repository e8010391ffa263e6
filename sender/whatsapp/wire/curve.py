"""Curve25519 key pairs: agreement (X25519) and Signal's signatures with the same key (XEdDSA).

Signing needs the Edwards form of a Montgomery key, which no library at hand offers, so the base point multiplication is
done here in plain integers. It is not constant in time; keys made here belong to an emulator and to devices that
already live in this process.
"""

import hashlib
import os
from functools import cache, cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sender.whatsapp.wire.errors import BadKey

KEY_LENGTH, SIGNATURE_LENGTH = 32, 64

Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T

_PRIME = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 4 * pow(5, -1, _PRIME) % _PRIME
_NEUTRAL: Point = (0, 1, 1, 0)
_NONCE_PREFIX = b"\xfe" + b"\xff" * 31
_SIGN_BIT = 0x80


class KeyPair:
    """An X25519 key pair that can also sign. Without an argument: a fresh one."""

    def __init__(self, private: bytes | None = None) -> None:
        scalar = bytearray(os.urandom(KEY_LENGTH) if private is None else private)
        if len(scalar) != KEY_LENGTH:
            raise BadKey(f"a private key has {KEY_LENGTH} bytes, not {len(scalar)}")
        scalar[0] &= 248
        scalar[31] = scalar[31] & 127 | 64
        self.private = bytes(scalar)
        self._key = X25519PrivateKey.from_private_bytes(self.private)
        self.public = self._key.public_key().public_bytes_raw()

    def agree(self, public: bytes) -> bytes:
        """The secret shared with the holder of `public`. Raises BadKey."""
        try:
            return self._key.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError as error:
            raise BadKey("the peer's public key is not usable") from error

    def sign(self, message: bytes) -> bytes:
        """XEdDSA; the sign bit of the Edwards public key rides in the top bit of the signature, as Signal does it."""
        nonce = _digest(_NONCE_PREFIX, self.private, message, os.urandom(64))
        commitment = _multiply_base(nonce)
        challenge = _digest(commitment, self._edwards_public, message)
        scalar = int.from_bytes(self.private, "little")
        response = bytearray(((nonce + challenge * scalar) % _ORDER).to_bytes(32, "little"))
        response[31] |= self._edwards_public[31] & _SIGN_BIT
        return commitment + bytes(response)

    @cached_property
    def _edwards_public(self) -> bytes:
        return _multiply_base(int.from_bytes(self.private, "little") % _ORDER)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of the X25519 key `public` made this XEdDSA signature."""
    if len(public) != KEY_LENGTH or len(signature) != SIGNATURE_LENGTH:
        return False
    montgomery = int.from_bytes(public, "little") & (2**255 - 1)
    edwards = bytearray(((montgomery - 1) * pow(montgomery + 1, _PRIME - 2, _PRIME) % _PRIME).to_bytes(32, "little"))
    edwards[31] |= signature[63] & _SIGN_BIT
    plain = signature[:63] + bytes((signature[63] & ~_SIGN_BIT,))
    try:
        Ed25519PublicKey.from_public_bytes(bytes(edwards)).verify(plain, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _digest(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % _ORDER


def _add(first: Point, second: Point) -> Point:
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a, b = (y1 - x1) * (y2 - x2) % _PRIME, (y1 + x1) * (y2 + x2) % _PRIME
    c, d = 2 * t1 * t2 * _D % _PRIME, 2 * z1 * z2 % _PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _PRIME, g * h % _PRIME, f * g % _PRIME, e * h % _PRIME


@cache
def _base_multiples() -> list[list[Point]]:
    """Row i holds j * 16**i times the base point: a multiplication is then 64 additions."""
    rows: list[list[Point]] = []
    base: Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _PRIME)
    for _ in range(64):
        row = [_NEUTRAL]
        for _ in range(15):
            row.append(_add(row[-1], base))
        rows.append(row)
        base = _add(row[-1], base)
    return rows


def _multiply_base(scalar: int) -> bytes:
    total = _NEUTRAL
    for row in _base_multiples():
        total = _add(total, row[scalar & 15])
        scalar >>= 4
    x, y, z, _ = total
    inverse = pow(z, -1, _PRIME)
    x, y = x * inverse % _PRIME, y * inverse % _PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")
