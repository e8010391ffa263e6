"""People: who has WhatsApp, what they show, who is blocked, and who sees what of the account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
