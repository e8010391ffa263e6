"""Newsletters, which the API calls channels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from common.addresses import Jid
from common.errors import Refused


class NewsletterUnknown(Refused):
    """There is no such channel."""

    code = "newsletter-unknown"


@dataclass(frozen=True, slots=True)
class Newsletter:
    """`state` and `role` are WhatsApp's own words in capitals; `role` is None for who has nothing to do with it."""

    address: Jid
    state: str
    name: str
    description: str
    created_at: datetime | None
    subscribers: int
    invite_code: str
    is_verified: bool
    picture: str | None
    preview: str | None
    is_muted: bool
    role: str | None


@runtime_checkable
class Newsletters(Protocol):
    """Methods raise DeliveryErrors."""

    async def create(self, name: str, description: str) -> Newsletter: ...

    async def look(self, newsletter: Jid) -> Newsletter: ...

    async def own(self) -> list[Newsletter]:
        """Those that the account owns or follows."""
        ...

    async def follow(self, newsletter: Jid, *, is_followed: bool) -> None: ...

    async def mute(self, newsletter: Jid, *, is_muted: bool) -> None: ...


@runtime_checkable
class HasNewsletters(Protocol):
    @property
    def newsletters(self) -> Newsletters: ...
