"""Catalogues: the products that a business shows, and its collections of them."""

from dataclasses import dataclass
from typing import Protocol

from common.addresses import Jid


@dataclass(frozen=True, slots=True)
class Product:
    """Prices are thousandths of the currency's unit; `picture` texts are addresses at WhatsApp's servers."""

    id: str
    name: str
    description: str
    availability: str
    retailer_id: str | None
    price: str
    sale_price: str | None
    currency: str
    pictures: tuple[str, ...]
    url: str | None
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A product as it is to be; `pictures` are JPEGs. Prices as in `Product`."""

    name: str
    description: str
    retailer_id: str
    price: str
    sale_price: str | None
    currency: str
    pictures: tuple[bytes, ...]
    url: str | None
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`cursor` leads to the next page; None after the last."""

    products: tuple[Product, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Collection:
    """`is_approved`: WhatsApp has looked at it."""

    id: str
    name: str
    is_approved: bool
    products: tuple[Product, ...]


class Catalog(Protocol):
    """Methods raise DeliveryErrors, NoBusiness where the account has no catalogue."""

    async def page(self, owner: Jid | None, cursor: str | None) -> Page:
        """`owner` None: the account itself, here and below."""
        ...

    async def find(self, product: str) -> Product | None:
        """Of the account's own."""
        ...

    async def find_by_retailer(self, retailer_id: str) -> Product | None: ...

    async def add(self, draft: Draft) -> str:
        """The id of the new product."""
        ...

    async def change(self, product: str, draft: Draft) -> None: ...

    async def delete(self, product: str) -> bool:
        """Whether there was such a product."""
        ...

    async def collections(self, owner: Jid | None) -> list[Collection]:
        """With the first products of each."""
        ...
