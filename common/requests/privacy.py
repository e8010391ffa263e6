"""Requests about privacy: who sees what, and the lists of those who do not."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import Member

MOST_CHANGES = 1_000


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True)


class ChangeOfList(_Request):
    action: Literal["add", "remove"]
    phone: Member


Changes = Annotated[list[ChangeOfList], Field(max_length=MOST_CHANGES)]


class SetVisibility(_Request):
    """`contactsBlacklist` holds changes of this setting's list; it counts for CONTACT_BLACKLIST only."""

    visualizationType: Literal["ALL", "NONE", "CONTACTS", "CONTACT_BLACKLIST"]
    contactsBlacklist: Changes | None = None


class SetGroupAdd(_Request):
    type: Literal["ALL", "CONTACTS", "CONTACT_BLACKLIST"]
    contactsBlacklist: Changes | None = None


class SetOnline(_Request):
    visualizationType: Literal["ALL", "SAME_LAST_SEEN"]


class OfList(_Request):
    type: Literal["lastSeen", "photo", "description", "groupAdd"]


class SetReadReceipts(_Request):
    """In the query."""

    value: Literal["enable", "disable"]


class SetMessagesDuration(_Request):
    """In the query."""

    value: Literal["days90", "days7", "hours24", "disable"]
