"""One attempt: sign the stored bytes, POST them, and judge the answer."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from common.outbound import Outbound, OutboundError, Rules
from common.tables.event_outbox import WaitingEvent

LARGEST_ANSWER = 64 * 1024
LONGEST_WISH = timedelta(hours=1)  # a Retry-After beyond it is cut
RETRIED = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Taken:
    code: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Worth another try; `retry_after` is the receiver's own wish."""

    code: int | None
    error_class: str
    detail: str
    retry_after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Refused:
    """Another try would end the same."""

    code: int | None
    error_class: str
    detail: str


@dataclass(frozen=True, slots=True)
class Gone:
    """410: the receiver wants nothing more."""

    code: int = 410
    error_class: str = "gone"
    detail: str = "the receiver said that its address is gone (410)"


Answer = Taken | Failed | Refused | Gone


class Post:
    """`http_hosts` are the hosts that may be reached without TLS."""

    def __init__(self, outbound: Outbound, patience: timedelta, http_hosts: frozenset[str] = frozenset()) -> None:
        self._outbound = outbound
        self._secure = Rules(patience, LARGEST_ANSWER)
        self._plain = Rules(patience, LARGEST_ANSWER, schemes=frozenset({"http", "https"}))
        self._http_hosts = http_hosts

    async def send(self, url: str, event: WaitingEvent, secrets: Sequence[bytes], now: datetime) -> Answer:
        rules = self._plain if urlsplit(url).hostname in self._http_hosts else self._secure
        try:
            code, headers = await self._outbound.post(url, rules, event.body, headers_of(event, secrets, now))
        except OutboundError as error:
            if error.retry:
                return Failed(None, error.code, str(error))
            return Refused(None, error.code, str(error))
        return _judged(code, headers.get("retry-after"), now)


def event_id(event: WaitingEvent) -> str:
    """The same for every attempt and every replay."""
    return f"evt_{event.instance_id.hex}_{event.seq}"


def headers_of(event: WaitingEvent, secrets: Sequence[bytes], now: datetime) -> dict[str, str]:
    """Standard Webhooks' headers, and ours about the event."""
    identifier, stamp = event_id(event), str(int(now.timestamp()))
    headers = {
        "content-type": "application/json",
        "webhook-id": identifier,
        "webhook-timestamp": stamp,
        "pombo-instance": event.instance_id.hex.upper(),
        "pombo-event": event.type,
        "pombo-sequence": str(event.seq),
        "pombo-attempt": str(event.attempts + 1),
    }
    if secrets:
        signed = b".".join((identifier.encode(), stamp.encode(), event.body))
        headers["webhook-signature"] = " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)
    if event.replayed:
        headers["pombo-replay"] = "true"
    return headers


def _signature(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def _judged(code: int, retry_after: str | None, now: datetime) -> Answer:
    if 200 <= code < 300:
        return Taken(code)
    if code == 410:
        return Gone()
    if code in RETRIED or code >= 500:
        return Failed(code, f"http-{code}", f"the receiver answered {code}", _wish(retry_after, now))
    if 300 <= code < 400:
        return Refused(code, "redirect", f"the receiver redirects ({code}), which is not followed")
    return Refused(code, f"http-{code}", f"the receiver answered {code}")


def _wish(text: str | None, now: datetime) -> timedelta:
    """Seconds or a date; what cannot be read is no wish."""
    if text is None:
        return timedelta(0)
    try:
        wish = timedelta(seconds=int(text)) if text.isascii() and text.isdigit() else _until(text, now)
    except (ValueError, TypeError, OverflowError):
        return timedelta(0)
    return min(max(wish, timedelta(0)), LONGEST_WISH)


def _until(text: str, now: datetime) -> timedelta:
    moment = parsedate_to_datetime(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
