"""Business profiles: what a company shows of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from common.addresses import Jid
from common.errors import Refused


class NoBusiness(Refused):
    """The account has no business profile."""

    code = "no-business"


class Opening(Enum):
    """WhatsApp's own words for how a day's hours are meant."""

    HOURS = "specific_hours"
    ALWAYS = "open_24h"
    APPOINTMENT = "appointment_only"


@dataclass(frozen=True, slots=True)
class OpenDay:
    """`day` is 0 for Sunday. Minutes since midnight are None but for HOURS. A day can have several."""

    day: int
    opening: Opening
    opens: int | None = None
    closes: int | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    timezone: str
    days: tuple[OpenDay, ...]


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class BusinessProfile:
    description: str | None
    address: str | None
    email: str | None
    websites: tuple[str, ...]
    categories: tuple[Category, ...]
    hours: Hours | None
    has_cover: bool
    has_cart: bool


class Business(Protocol):
    """Methods raise DeliveryErrors. WhatsApp refuses changes of an account that is no business."""

    async def profile(self, person: Jid) -> BusinessProfile:
        """Raises NoBusiness."""
        ...

    async def describe(self, text: str) -> None:
        """An empty text takes it away, as with the two below."""
        ...

    async def set_address(self, text: str) -> None: ...

    async def set_email(self, email: str) -> None: ...

    async def set_websites(self, websites: Sequence[str]) -> None: ...

    async def set_hours(self, hours: Hours) -> None: ...

    async def set_categories(self, ids: Sequence[str]) -> None: ...

    async def find_categories(self, text: str) -> list[Category]: ...
