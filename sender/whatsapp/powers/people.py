"""People: who has WhatsApp, what they show, who is blocked, and who sees what of the account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from common.addresses import Jid


@dataclass(frozen=True, slots=True)
class Known:
    """What WhatsApp says of a number. `phone` and `lid` are the addresses of its account; None: it has none."""

    number: str
    phone: Jid | None
    lid: Jid | None

    @property
    def exists(self) -> bool:
        return self.phone is not None or self.lid is not None


@dataclass(frozen=True, slots=True)
class Contact:
    """Names are None where nobody gave them."""

    address: Jid
    first_name: str | None
    full_name: str | None
    push_name: str | None
    business_name: str | None


FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What the phone has set for a chat. `muted_until` is FOREVER for that, None for not muted."""

    is_archived: bool = False
    is_pinned: bool = False
    muted_until: datetime | None = None


@runtime_checkable
class People(Protocol):
    """Methods raise DeliveryErrors."""

    async def look_up(self, numbers: Sequence[str]) -> list[Known]:
        """One for each number, in their order."""
        ...

    async def picture(self, person: Jid) -> str | None:
        """An address at WhatsApp's servers; None: there is none, or it is not shown to this account."""
        ...

    async def about(self, person: Jid) -> str | None: ...

    async def block(self, person: Jid, *, is_blocked: bool) -> None: ...

    async def contacts(self) -> list[Contact]:
        """Everybody the session store has a name for, in a stable order."""
        ...

    async def chat_settings(self) -> Mapping[Jid, ChatSettings]:
        """Of the chats whose phone has set something."""
        ...


@runtime_checkable
class HasPeople(Protocol):
    @property
    def people(self) -> People: ...


@runtime_checkable
class Privacy(Protocol):
    """`setting` and `value` are WhatsApp's own words."""

    async def settings(self) -> Mapping[str, str]: ...

    async def choose(self, setting: str, value: str) -> None: ...

    async def expire_new_chats(self, seconds: int) -> None: ...


@runtime_checkable
class HasPrivacy(Protocol):
    @property
    def privacy(self) -> Privacy: ...


class PrivacyLists(Protocol):
    """Who is left out of a setting, which counts while its value is contact_blacklist. Methods raise DeliveryErrors."""

    async def left_out(self, setting: str) -> list[Known]:
        """`number` is empty where only the hidden address is known."""
        ...

    async def leave_out(self, setting: str, added: Sequence[Known], removed: Sequence[Known]) -> None:
        """Chooses contact_blacklist as well. Whoever is in neither stays as he is."""
        ...


class Reports(Protocol):
    async def report(self, person: Jid) -> None:
        """To WhatsApp, as one who sends what nobody asked for. Raises DeliveryErrors."""
        ...
