"""Answers about the business. Prices are thousandths of the currency's unit, as text."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, RootModel


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True)


class Id(_Reply):
    id: str


class Product(_Reply):
    id: str
    name: str
    description: str
    availability: str
    retailerId: str | None
    price: str
    salePrice: str | None = None
    currency: str
    quantity: str | None
    images: list[str]
    url: str | None = None
    isHidden: bool | None = None


class Catalog(_Reply):
    cartEnabled: bool
    nextCursor: str | None
    products: list[Product]


class ProductShown(_Reply):
    cartEnabled: bool
    catalogId: str | None
    product: Product


class CollectionProducts(_Reply):
    nextCursor: str | None
    products: list[Product]


class Collection(_Reply):
    id: str
    name: str
    status: Literal["PENDING", "APPROVED"]


class Collections(_Reply):
    nextCursor: str | None
    collections: list[Collection]


class CollectionCreated(_Reply):
    collectionId: str


class CollectionChanged(_Reply):
    """The id may be a new one: the old one then stops working."""

    success: bool
    collectionId: str


class Tag(_Reply):
    id: str
    name: str
    color: int


class Tags(RootModel[list[Tag]]):
    pass


class TagColors(RootModel[dict[str, str]]):
    """Index to colour."""


class Category(_Reply):
    displayName: str
    id: str
    label: str | None = None


class Categories(RootModel[list[Category]]):
    pass


class Interval(_Reply):
    dayOfWeek: str
    openTime: str | None
    closeTime: str | None


class Hours(_Reply):
    timezone: str
    days: list[Interval]
    mode: str


class BusinessProfile(_Reply):
    description: str | None
    address: str | None
    email: str | None
    websites: list[str]
    categories: list[Category]
    businessHours: Hours | None
    hasCoverPhoto: bool
