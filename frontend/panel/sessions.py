"""Sessions of the panel: who is logged in, in a signed cookie, and the token that each of its forms carries.

Nothing is stored. The key comes from the installation's secrets, so every frontend knows every session, and a new
partner token ends them all.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

COOKIE = "pombo_panel"


@dataclass(frozen=True, slots=True)
class Session:
    """`form_token` proves that a form was made for this session."""

    id: str
    expires_at: datetime
    form_token: str


class Sessions:
    def __init__(self, encryption_key: str, partner_token: bytes | None, lifetime: timedelta) -> None:
        self._partner_token = partner_token
        self._lifetime = lifetime
        self._key = hashlib.sha256(b"pombo panel\0" + encryption_key.encode() + b"\0" + (partner_token or b"")).digest()

    @property
    def is_possible(self) -> bool:
        """Without a partner token nobody can log in."""
        return self._partner_token is not None

    def is_right(self, token: str) -> bool:
        expected = self._partner_token
        return expected is not None and hmac.compare_digest(token.strip().encode(), expected)

    def open(self, now: datetime) -> tuple[str, datetime]:
        """The cookie of a new session, and when it ends."""
        expires_at = now + self._lifetime
        said = f"{int(expires_at.timestamp())}.{secrets.token_urlsafe(18)}"
        return f"{said}.{self.sign('session', said)}", expires_at

    def read(self, cookie: str | None, now: datetime) -> Session | None:
        """None for a cookie that is not ours, was changed, or is over."""
        said, _, signature = (cookie or "").rpartition(".")
        expires, _, name = said.partition(".")
        if not self.is_possible or not self.is_signed("session", said, signature):
            return None
        expires_at = datetime.fromtimestamp(int(expires), now.tzinfo)
        return Session(name, expires_at, self.sign("form", name)) if expires_at > now else None

    def sign(self, purpose: str, text: str) -> str:
        mac = hmac.digest(self._key, f"{purpose}\0{text}".encode(), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        return hmac.compare_digest(self.sign(purpose, text).encode(), signature.encode())
