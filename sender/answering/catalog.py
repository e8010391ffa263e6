"""Questions about catalogues and collections."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from common.addresses import Jid, parse_phone
from sender.answering.groups import PictureOf
from sender.answering.seats import Seats, doing, reading
from sender.answers import Answerer, NoAnswer
from sender.whatsapp.powers.business import NoBusiness
from sender.whatsapp.powers.catalog import Draft, Product

Arguments = Mapping[str, Any]


class CatalogQuestions:
    """`picture_of` gives a picture as it is, as a JPEG."""

    def __init__(self, seats: Seats, picture_of: PictureOf) -> None:
        self._seats = seats
        self._picture_of = picture_of

    def by_name(self) -> Mapping[str, Answerer]:
        return {
            "catalog": self.show,
            "product": self.show_product,
            "edit-product": self.write_product,
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

    async def write_product(self, instance: UUID, arguments: Arguments) -> Any:
        """A product of the catalogue that has the same code of the seller is changed; else there is a new one."""
        catalog = self._seats.inquiries(instance).catalog
        with _of_business():
            known = await catalog.find_by_retailer(arguments["retailerId"])
            pictures = [await self._picture_of(each, instance) for each in arguments["images"]]
            draft = _draft(arguments, pictures)
            if known is None:
                return {"id": await catalog.add(draft)}
            await catalog.change(known.id, draft)
        return {"id": known.id}

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


def _draft(given: Arguments, pictures: Sequence[bytes]) -> Draft:
    sale_price = given["salePrice"]
    return Draft(
        name=given["name"],
        description=given["description"],
        retailer_id=given["retailerId"],
        price=_thousandths(given["price"]),
        sale_price=None if sale_price is None else _thousandths(sale_price),
        currency=given["currency"],
        pictures=tuple(pictures),
        url=given["url"] or None,
        is_hidden=given["isHidden"],
    )


def _thousandths(price: float) -> str:
    return str(round(price * 1000))


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
