"""Requests about the business: catalogue, collections, tags, notes, and the company's own profile."""

import re
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from common.requests.fields import LONGEST_LABEL, LONGEST_URL, Flag, PhoneNumber, Url, Whole
from common.requests.places import SomeId

LONGEST_CURSOR = 16_384
LONGEST_CURSOR_IN_QUERY = 512
LONGEST_SEARCH = 256
LONGEST_NOTE = 4_096
LONGEST_TAG = 100
LONGEST_VALUE = 512
MOST_IMAGES = 10
MOST_PRODUCTS = 100
MOST_INTERVALS = 70
COLORS = 20
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class EditProduct(_Request):
    """The documentation's sample differs from its table, so both forms are taken."""

    model_config = ConfigDict(frozen=True, validate_by_alias=True, validate_by_name=True)

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    description: Annotated[str, Field(max_length=LONGEST_LABEL)]
    images: Annotated[
        list[Url],
        Field(max_length=MOST_IMAGES),
        BeforeValidator(_listed),
        WithJsonSchema({"type": "array", "maxItems": MOST_IMAGES, "items": {"type": "string", "format": "uri"}}),
    ]
    isHidden: Flag
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_LABEL)]
    price: Annotated[float, Field(ge=0, le=1e12)]
    salePrice: Annotated[float, Field(ge=0, le=1e12)] | None = None
    retailerId: Annotated[
        str,
        Field(max_length=LONGEST_LABEL, validation_alias=AliasChoices("retailerId", "integrationId")),
    ]
    url: Annotated[str, Field(max_length=LONGEST_URL)]


class OfCursor(_Request):
    """In the query, where a long one finds no place: the same routes take it in the body too."""

    nextCursor: Annotated[str, Field(max_length=LONGEST_CURSOR_IN_QUERY)] | None = None


class OfCursorInBody(_Request):
    nextCursor: Annotated[str, Field(max_length=LONGEST_CURSOR)] | None = None


class OfCollectionProducts(OfCursor):
    collectionId: SomeId


class CreateTag(_Request):
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]
    color: Annotated[int, Field(strict=True, ge=0, lt=COLORS), Whole] | None = None


class SaveNotes(_Request):
    """An empty text takes the note away."""

    notes: Annotated[str, Field(max_length=LONGEST_NOTE)]


class CatalogConfig(_Request):
    cartEnabled: Flag


class CollectionName(_Request):
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_LABEL)]


_Products = Annotated[list[SomeId], Field(min_length=1, max_length=MOST_PRODUCTS)]


class CreateCollection(CollectionName):
    productIds: _Products


class CollectionProducts(_Request):
    collectionId: SomeId
    productIds: _Products


class CompanyText(_Request):
    """An empty text takes it away."""

    value: Annotated[str, Field(max_length=LONGEST_VALUE)] | None = None


def _email(value: str) -> str:
    if value and not EMAIL.fullmatch(value):
        raise ValueError("write an e-mail address")
    return value


class CompanyEmail(_Request):
    value: (
        Annotated[
            str,
            Field(max_length=LONGEST_VALUE),
            AfterValidator(_email),
            WithJsonSchema(
                {"type": "string", "maxLength": 255, "pattern": r"^(?:[a-z]{1,60}@[a-z]{1,60}\.[a-z]{2,9})?$"}
            ),
        ]
        | None
    ) = None


class CompanyWebsites(_Request):
    websites: Annotated[list[Url], Field(max_length=2)] | None = None


class OpenInterval(_Request):
    dayOfWeek: Literal["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"]
    openTime: Annotated[str, Field(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
    closeTime: Annotated[str, Field(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("write a time zone's name, such as America/Sao_Paulo")
    return value


class BusinessHours(_Request):
    timezone: Annotated[
        str,
        AfterValidator(_zone),
        WithJsonSchema({"type": "string", "enum": ["America/Sao_Paulo", "Europe/Lisbon", "UTC"]}),
    ]
    mode: Literal["specificHours", "open24h", "appointmentOnly"] = "specificHours"
    days: Annotated[list[OpenInterval], Field(max_length=MOST_INTERVALS)] | None = None


class FindCategories(_Request):
    query: Annotated[str, Field(max_length=LONGEST_SEARCH)] = ""


class CompanyCategories(_Request):
    categories: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9A-Za-z_]{1,64}$")]], Field(min_length=1, max_length=3)
    ]


class OfBusiness(_Request):
    phone: PhoneNumber
