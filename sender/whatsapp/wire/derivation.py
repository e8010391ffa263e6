"""Key derivation: HMAC-SHA256 and HKDF-SHA256, as Noise, Signal and app state use them."""

import hashlib
import hmac


def authentication_code(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 over the parts as if they were one."""
    return hmac.digest(key, b"".join(parts), "sha256")


def derive(secret: bytes, length: int, *, purpose: bytes = b"", salt: bytes | None = None) -> bytes:
    """HKDF-SHA256 (RFC 5869); no salt means 32 zero bytes."""
    pseudorandom = hmac.digest(salt or bytes(hashlib.sha256().digest_size), secret, "sha256")
    output = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(pseudorandom, block + purpose + bytes((counter,)), "sha256")
        output += block
    return output[:length]
