"""Groups and communities: made, shown, changed, joined and left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol, runtime_checkable

from common.addresses import Jid
from common.errors import Refused


class GroupUnknown(Refused):
    """There is no such group, or no such invitation."""

    code = "group-unknown"


class NotAllowed(Refused):
    """Only a member or an admin of the group may do this."""

    code = "group-not-allowed"


class Change(Enum):
    ADD = "add"
    REMOVE = "remove"
    PROMOTE = "promote"
    DEMOTE = "demote"


@dataclass(frozen=True, slots=True)
class Member:
    """`address` as the group lists it, `phone` the number's address where it is known. `error` is WhatsApp's number for
    why nothing was done for this person, 0 where it was."""

    address: Jid
    phone: Jid | None
    is_admin: bool
    is_owner: bool
    error: int = 0
    other: Jid | None = None
    """The hidden address, where `address` is not it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Times are None where WhatsApp does not tell them. `parent` is the community that a group is in."""

    address: Jid
    subject: str
    subject_at: datetime | None
    subject_by: Jid | None
    description: str | None
    owner: Jid | None
    created_at: datetime | None
    only_admins_write: bool
    only_admins_edit: bool
    is_community: bool
    is_announcement: bool
    parent: Jid | None
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class SubGroup:
    address: Jid
    subject: str
    is_announcement: bool


@runtime_checkable
class Groups(Protocol):
    """Methods raise DeliveryErrors: GroupUnknown and NotAllowed where that is what WhatsApp said."""

    async def create(self, subject: str, members: Sequence[Jid]) -> Group: ...

    async def create_community(self, subject: str) -> Group: ...

    async def look(self, group: Jid) -> Group: ...

    async def joined(self) -> list[Group]: ...

    async def rename(self, group: Jid, subject: str) -> None: ...

    async def describe(self, group: Jid, text: str) -> None:
        """An empty text takes the description away."""
        ...

    async def set_picture(self, group: Jid, jpeg: bytes) -> None: ...

    async def change_members(self, group: Jid, change: Change, members: Sequence[Jid]) -> list[Member]:
        """What became of each, as WhatsApp lists them."""
        ...

    async def let_only_admins_write(self, group: Jid, value: bool) -> None: ...

    async def let_only_admins_edit(self, group: Jid, value: bool) -> None: ...

    async def invitation(self, group: Jid, *, renew: bool = False) -> str:
        """The link that lets people join. Renewed, the older one ends."""
        ...

    async def look_by_invitation(self, link: str) -> Group: ...

    async def join(self, link: str) -> Jid: ...

    async def leave(self, group: Jid) -> None: ...

    async def expire_messages(self, chat: Jid, seconds: int) -> None:
        """In a chat of two as well. 0 is never."""
        ...

    async def sub_groups(self, community: Jid) -> list[SubGroup]: ...

    async def link(self, community: Jid, group: Jid) -> None: ...

    async def unlink(self, community: Jid, group: Jid) -> None: ...


@runtime_checkable
class HasGroups(Protocol):
    @property
    def groups(self) -> Groups: ...
