"""Group administration: who waits to be let in, and the switches that WhatsApp's library does not reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from common.addresses import Jid


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """`address` as the group lists it, `other` the same person's other address where it is told."""

    address: Jid
    other: Jid | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Switches:
    joining_needs_approval: bool
    only_admins_add: bool


class GroupAdministration(Protocol):
    """Methods raise DeliveryErrors: GroupUnknown and NotAllowed where that is what WhatsApp said."""

    async def join_requests(self, group: Jid) -> list[JoinRequest]: ...

    async def answer_requests(self, group: Jid, people: Sequence[Jid], *, is_approved: bool) -> Mapping[Jid, int]:
        """What became of each, by the address given: 0, or WhatsApp's number for why nothing was done."""
        ...

    async def switches(self, group: Jid) -> Switches: ...

    async def let_joining_need_approval(self, group: Jid, value: bool) -> None: ...

    async def let_only_admins_add(self, group: Jid, value: bool) -> None: ...

    async def let_members_add_groups(self, community: Jid, value: bool) -> None: ...

    async def deactivate(self, community: Jid) -> None:
        """Its groups stay, without it."""
        ...
