"""Catalogues in questions of w:biz:catalog: a page of products, deleting, and the collections.

The forms are those of Baileys (Socket/business.ts, Utils/business.ts); `availability` as an attribute is from Cobalt.
Public sources name no question that makes or changes a collection, and WhatsApp's web client has moved to the graph
for much of this. Not tried live here.
"""

from common.addresses import Jid
from sender.whatsapp.powers.business import NoBusiness
from sender.whatsapp.powers.catalog import Collection, Page, Product
from sender.whatsapp.powers.refusals import QuestionRefused
from sender.whatsapp.relay.asking import MIDDLE, Ask, ask_in, on_wire, text_of, texts, understood
from sender.whatsapp.wire.node import Attributes, Node

NAMESPACE = "w:biz:catalog"
COLLECTIONS_ID = "35"
A_PAGE = 50  # products in one answer
MOST_PAGES = 40  # that are looked through for one product
MOST_COLLECTIONS, MOST_ITEMS = 51, 51  # what the public client asks for
_PICTURES = [("width", MIDDLE), ("height", MIDDLE)]


class RelayedCatalog:
    """`own` is the address of the account itself."""

    def __init__(self, ask: Ask, own: Jid) -> None:
        self._ask = ask
        self._own = own

    async def page(self, owner: Jid | None, cursor: str | None) -> Page:
        asked = [("limit", str(A_PAGE)), *_PICTURES, *([("after", cursor)] if cursor else [])]
        head: Attributes = {"jid": on_wire(owner or self._own), "allow_shop_source": "true"}
        answer = await self._get(Node("product_catalog", head, texts(asked)))
        with understood():
            shown = answer.child("product_catalog")
            products = tuple(_product(each) for each in shown.all("product"))
            return Page(products, text_of(shown, "paging", "after"))

    async def find(self, product: str) -> Product | None:
        """Page by page: the question for a single product is not public."""
        cursor = None
        for _ in range(MOST_PAGES):
            page = await self.page(None, cursor)
            found = next((each for each in page.products if each.id == product), None)
            if found is not None or page.cursor is None:
                return found
            cursor = page.cursor
        return None

    async def delete(self, product: str) -> bool:
        wanted = Node("product_catalog_delete", {"v": "1"}, [Node("product", {}, texts([("id", product)]))])
        answer = await ask_in(self._ask, NAMESPACE, "set", wanted)
        with understood():
            return answer.child("product_catalog_delete").number("deleted_count") > 0

    async def collections(self, owner: Jid | None) -> list[Collection]:
        limits = [("collection_limit", str(MOST_COLLECTIONS)), ("item_limit", str(MOST_ITEMS)), *_PICTURES]
        wanted = Node("collections", {"biz_jid": on_wire(owner or self._own)}, texts(limits))
        answer = await self._get(wanted, COLLECTIONS_ID)
        with understood():
            return [_collection(each) for each in answer.child("collections").all("collection")]

    async def _get(self, wanted: Node, smax_id: str | None = None) -> Node:
        try:
            return await ask_in(self._ask, NAMESPACE, "get", wanted, smax_id=smax_id)
        except QuestionRefused as refusal:
            if refusal.number == 404:
                raise NoBusiness from None
            raise


def _product(shown: Node) -> Product:
    media = shown.find("media")
    pictures = [
        text_of(each, "original_image_url") or text_of(each, "request_image_url") or text_of(each, "url")
        for each in (media.all("image") if media else ())
    ]
    return Product(
        id=_needed(shown, "id"),
        name=text_of(shown, "name") or "",
        description=text_of(shown, "description") or "",
        availability=shown.get("availability") or "in stock",
        retailer_id=text_of(shown, "retailer_id"),
        price=text_of(shown, "price") or "0",
        sale_price=text_of(shown, "sale_price", "price"),
        currency=text_of(shown, "currency") or "",
        pictures=tuple(picture for picture in pictures if picture),
        url=text_of(shown, "url"),
        is_hidden=shown.get("is_hidden") == "true",
    )


def _collection(shown: Node) -> Collection:
    return Collection(
        id=_needed(shown, "id"),
        name=text_of(shown, "name") or "",
        is_approved=text_of(shown, "status_info", "status") == "APPROVED",
        products=tuple(_product(each) for each in shown.all("product")),
    )


def _needed(shown: Node, tag: str) -> str:
    return shown.child(tag).data.decode(errors="replace")
