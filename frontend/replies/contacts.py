"""Answers about people."""

from pydantic import BaseModel, ConfigDict, RootModel


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True)


class Contact(_Reply):
    """Names are null where nobody saved this person."""

    name: str | None
    short: str | None
    notify: str | None
    vname: str | None
    phone: str


class Contacts(RootModel[list[Contact]]):
    pass


class ContactMetadata(Contact):
    imgUrl: str | None
    about: str | None


class Existing(_Reply):
    """`phone` as WhatsApp spells it, which may have a digit more or less."""

    exists: bool
    phone: str
    lid: str | None


class PhoneExists(RootModel[list[Existing]]):
    """One, in a list."""


class ExistingInBatch(_Reply):
    exists: bool
    inputPhone: str
    outputPhone: str
    lid: str | None


class PhoneExistsBatch(RootModel[list[ExistingInBatch]]):
    """In the order of the request."""


class Picture(_Reply):
    """Null: there is none, or it is not shown to this account."""

    link: str | None


class Pictures(RootModel[list[Picture]]):
    """One, in a list."""


class Reported(_Reply):
    success: bool
    error: str | None = None


class BookChanged(_Reply):
    success: bool
    errors: list[dict[str, str]]
