"""Requests about channels, which WhatsApp calls newsletters."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.requests.fields import Flag, Member, NewsletterId
from common.requests.media_source import MediaSource

LONGEST_NAME = 100  # WhatsApp's own limit
LONGEST_DESCRIPTION = 2_048  # WhatsApp's own limit
LONGEST_SEARCH = 256
MOST_FOUND = 1_000
MOST_COUNTRIES = 300

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Description = Annotated[str, Field(max_length=LONGEST_DESCRIPTION)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True)


class CreateNewsletter(_Request):
    name: Name
    description: Description | None = None


class OfNewsletterInBody(_Request):
    id: NewsletterId


class UpdateNewsletterPicture(OfNewsletterInBody):
    """A data URI is taken too, despite the name."""

    pictureUrl: MediaSource


class UpdateNewsletterName(OfNewsletterInBody):
    name: Name


class UpdateNewsletterDescription(OfNewsletterInBody):
    description: Description


class Countries(_Request):
    countryCodes: Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")]], Field(max_length=MOST_COUNTRIES)]


class SearchNewsletter(_Request):
    """The documentation writes `limit` as a number and as a text."""

    limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] | Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")]
    filters: Countries
    view: Literal["RECOMMENDED", "TRENDING", "POPULAR", "NEW"] | None = None
    searchText: Annotated[str, Field(max_length=LONGEST_SEARCH)] | None = None


class NewsletterSettings(_Request):
    reactionCodes: Literal["basic", "all"]


class OfAdmin(_Request):
    phone: Member


class TransferOwnership(OfAdmin):
    quitAdmin: Flag = False
