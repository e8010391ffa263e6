"""Questions about catalogues and collections."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from common.addresses import Jid, parse_phone
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer, NoAnswer
from sender.whatsapp.powers.business import NoBusiness
from sender.whatsapp.powers.catalog import Product

Arguments = Mapping[str, Any]


class CatalogQuestions:
    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "catalog": self.show,
            "product": self.show_product,
            "delete-product": self.delete_product,
            "collections": self.list_collections,
            "collection-products": self.show_collection,
        }

    async def show(self, instance: UUID, arguments: Arguments) -> Any:
        """Of the number that is named, or the account's own."""
        owner, asked = _owner(arguments), self._seats.inquiries(instance)
        with _of_business():
            page = await asked.catalog.page(owner, arguments["nextCursor"])
            has_cart = await self._has_cart(instance, owner)
        return {
            "cartEnabled": has_cart,
            "nextCursor": page.cursor,
            "products": [_shown(each) for each in page.products],
        }

    async def show_product(self, instance: UUID, arguments: Arguments) -> Any:
        with _of_business():
            found = await self._seats.inquiries(instance).catalog.find(arguments["productId"])
            has_cart = await self._has_cart(instance, None)
        if found is None:
            raise NoAnswer(404, "there is no such product")
        return {"cartEnabled": has_cart, "catalogId": None, "product": _shown(found)}

    async def delete_product(self, instance: UUID, arguments: Arguments) -> Any:
        catalog, was_there = self._seats.inquiries(instance).catalog, False
        with doing(instance, "product") as done:
            was_there = await catalog.delete(arguments["productId"])
        return {"success": done.is_done and was_there}

    async def list_collections(self, instance: UUID, arguments: Arguments) -> Any:
        """All in one page: WhatsApp's answer leads to no other."""
        with _of_business():
            found = await self._seats.inquiries(instance).catalog.collections(None)
        listed = [
            {"id": each.id, "name": each.name, "status": "APPROVED" if each.is_approved else "PENDING"}
            for each in found
        ]
        return {"nextCursor": None, "collections": listed}

    async def show_collection(self, instance: UUID, arguments: Arguments) -> Any:
        with _of_business():
            collections = await self._seats.inquiries(instance).catalog.collections(_owner(arguments))
        found = next((each for each in collections if each.id == arguments["collectionId"]), None)
        if found is None:
            raise NoAnswer(404, "there is no such collection")
        return {"nextCursor": None, "products": [_shown(each) for each in found.products]}

    async def _has_cart(self, instance: UUID, owner: Jid | None) -> bool:
        person = owner or parse_phone(self._seats.held(instance).phone)
        return (await self._seats.inquiries(instance).business.profile(person)).has_cart


@contextmanager
def _of_business() -> Iterator[None]:
    with reading():
        try:
            yield
        except NoBusiness:
            raise NoAnswer(404, "this number has no catalogue") from None


def _owner(arguments: Arguments) -> Jid | None:
    phone = arguments.get("phone")
    return None if phone is None else parse_phone(phone)


def _shown(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "name": product.name,
        "description": product.description,
        "availability": product.availability,
        "retailerId": product.retailer_id,
        "price": product.price,
        "salePrice": product.sale_price,
        "currency": product.currency,
        "quantity": None,
        "images": list(product.pictures),
        "url": product.url,
        "isHidden": product.is_hidden,
    }
