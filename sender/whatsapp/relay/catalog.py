"""Catalogues in questions of w:biz:catalog: a page of products, making, changing and deleting them, the collections.

The forms are those of Baileys (Socket/business.ts, Utils/business.ts); `availability` as an attribute is from Cobalt.
A product's own link and sale price are written in the form in which they are read: that form is a guess.
Public sources name no question that makes or changes a collection, and WhatsApp's web client has moved to the graph
for much of this. Not tried live here.
"""

from collections.abc import Callable, Sequence

from common.addresses import Jid
from sender.whatsapp.powers.business import NoBusiness
from sender.whatsapp.powers.catalog import Collection, Draft, Page, Product
from sender.whatsapp.powers.refusals import QuestionRefused
from sender.whatsapp.relay.asking import MIDDLE, Ask, ask_in, on_wire, text_of, texts, understood
from sender.whatsapp.relay.plain_uploads import Uploads
from sender.whatsapp.wire.node import Attributes, Node

NAMESPACE = "w:biz:catalog"
COLLECTIONS_ID = "35"
A_PAGE = 50  # products in one answer
MOST_PAGES = 40  # that are looked through for one product
MOST_COLLECTIONS, MOST_ITEMS = 51, 51  # what the public client asks for
_PICTURES = [("width", MIDDLE), ("height", MIDDLE)]


class RelayedCatalog:
    """`own` is the address of the account itself."""

    def __init__(self, ask: Ask, own: Jid, uploads: Uploads) -> None:
        self._ask = ask
        self._own = own
        self._uploads = uploads

    async def page(self, owner: Jid | None, cursor: str | None) -> Page:
        asked = [("limit", str(A_PAGE)), *_PICTURES, *([("after", cursor)] if cursor else [])]
        head: Attributes = {"jid": on_wire(owner or self._own), "allow_shop_source": "true"}
        answer = await self._get(Node("product_catalog", head, texts(asked)))
        with understood():
            shown = answer.child("product_catalog")
            products = tuple(_product(each) for each in shown.all("product"))
            return Page(products, text_of(shown, "paging", "after"))

    async def find(self, product: str) -> Product | None:
        return await self._find(lambda each: each.id == product)

    async def find_by_retailer(self, retailer_id: str) -> Product | None:
        return await self._find(lambda each: each.retailer_id == retailer_id)

    async def add(self, draft: Draft) -> str:
        return await self._write("product_catalog_add", None, draft)

    async def change(self, product: str, draft: Draft) -> None:
        await self._write("product_catalog_edit", product, draft)

    async def _write(self, tag: str, product: str | None, draft: Draft) -> str:
        """Where a product is from is not told, as for those whose country asks for nothing."""
        pictures = [await self._uploads.upload(picture) for picture in draft.pictures]
        head = {"is_hidden": "true" if draft.is_hidden else "false", "compliance_category": "COUNTRY_ORIGIN_EXEMPT"}
        wanted = Node("product", head, _written(product, draft, pictures))
        answer = await ask_in(self._ask, NAMESPACE, "set", Node(tag, {"v": "1"}, [wanted, *texts(_PICTURES)]))
        with understood():
            return _needed(answer.child(tag, "product"), "id")

    async def _find(self, is_it: Callable[[Product], bool]) -> Product | None:
        """Page by page: the question for a single product is not public."""
        cursor = None
        for _ in range(MOST_PAGES):
            page = await self.page(None, cursor)
            found = next((each for each in page.products if is_it(each)), None)
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


def _written(product: str | None, draft: Draft, pictures: Sequence[str]) -> list[Node]:
    given = (
        ("id", product),
        ("name", draft.name),
        ("description", draft.description),
        ("retailer_id", draft.retailer_id),
        ("price", draft.price),
        ("currency", draft.currency),
        ("url", draft.url),
    )
    content = texts([(tag, text) for tag, text in given if text])
    if draft.sale_price is not None:
        content.append(Node("sale_price", {}, texts([("price", draft.sale_price)])))
    if pictures:
        content.append(Node("media", {}, [Node("image", {}, texts([("url", each)])) for each in pictures]))
    return content


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
