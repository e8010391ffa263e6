"""Requests about people: who has WhatsApp, their pictures, the address book, blocking."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from common.requests.fields import Member, PhoneNumber

MOST_NUMBERS = 50_000
MOST_CONTACTS = 1_000
LONGEST_NAME = 255


class OfWhom(BaseModel):
    """A person in the query."""

    model_config = ConfigDict(frozen=True)

    phone: Member


class PhoneExistsBatch(BaseModel):
    model_config = ConfigDict(frozen=True)

    phones: Annotated[list[PhoneNumber], Field(max_length=MOST_NUMBERS)]


class ModifyBlocked(BaseModel):
    model_config = ConfigDict(frozen=True)

    phone: Member
    action: Literal["block", "unblock"]


class NewContact(BaseModel):
    model_config = ConfigDict(frozen=True)

    firstName: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    lastName: Annotated[str, Field(max_length=LONGEST_NAME)] | None = None
    phone: PhoneNumber


class AddContacts(RootModel[Annotated[list[NewContact], Field(min_length=1, max_length=MOST_CONTACTS)]]):
    """The body is a list, not an object."""


class RemoveContacts(RootModel[Annotated[list[PhoneNumber], Field(min_length=1, max_length=MOST_CONTACTS)]]):
    """The body is a list, not an object."""
