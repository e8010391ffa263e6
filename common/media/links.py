"""Links: addresses of stored files on our own frontends, good for whoever has them until they expire."""

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

PATH = "/media/"


class Links:
    """The same key everywhere: a sender signs, any frontend checks."""

    def __init__(self, key: str, base_url: str) -> None:
        self._key = hashlib.sha256(b"pombo media links\0" + key.encode()).digest()
        self._base_url = base_url.rstrip("/")

    def make(self, media: UUID, until: datetime) -> str:
        expires = int(until.timestamp())
        return f"{self._base_url}{PATH}{media.hex}?expires={expires}&signature={self._sign(media, expires)}"

    def is_valid(self, media: UUID, expires: str, signature: str, now: datetime) -> bool:
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12 and signature.isascii()):
            return False
        is_ours = hmac.compare_digest(signature, self._sign(media, int(expires)))
        return is_ours and int(expires) > now.timestamp()

    def _sign(self, media: UUID, expires: int) -> str:
        return hmac.digest(self._key, media.bytes + expires.to_bytes(8, "big"), "sha256").hex()
