"""Catalogues as clients ask for them (w:biz:catalog): pages of products, deleting, collections."""

from collections.abc import Mapping, Sequence
from typing import Any

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.media import HOST
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import Reply, forbidden, not_found
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.node import Node

NAMESPACE = "w:biz:catalog"
COLLECTIONS_ID = "35"
MOST = 100
FIRST_PRODUCT = 7_340_215_698_750_001
_SIMPLE = ("id", "name", "description", "retailer_id", "url", "price", "currency")

Product = Mapping[str, Any]


class Catalogs:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def answers(self) -> Mapping[Key, Answer]:
        return {
            (NAMESPACE, "product_catalog"): self.page,
            (NAMESPACE, "product_catalog_add"): self.write,
            (NAMESPACE, "product_catalog_edit"): self.write,
            (NAMESPACE, "product_catalog_delete"): self.delete,
            (NAMESPACE, "collections"): self.collections,
        }

    def page(self, device: Device, question: Node) -> Reply:
        """The cursor is where the page before ended."""
        wanted = question.child("product_catalog")
        products = self._catalog(wanted, "jid")["products"]
        limit, after = _limit(wanted, "limit"), wanted.find("after")
        start = 0
        if after is not None:
            start = next((index for index, each in enumerate(products, 1) if each["id"] == _text(after)), -1)
            if start < 0:
                raise MalformedFrame("a cursor that is none of this catalogue")
        listed = [_product(each) for each in products[start : start + limit]]
        if len(products) > start + limit:
            listed.append(Node("paging", {}, [Node("after", {}, products[start + limit - 1]["id"])]))
        return Reply([Node("product_catalog", {}, listed)])

    def write(self, device: Device, question: Node) -> Reply:
        """A new product, or a known one as it is from now on: what is not told is not there any more."""
        account, wanted = device.account, question.first
        if question.get("type") != "set" or wanted.get("v") != "1":
            raise MalformedFrame("products are written as version 1")
        if account.profile.business is None:
            raise forbidden()
        written, products = _read(wanted.child("product")), list(account.profile.catalog.get("products", []))
        if (wanted.tag == "product_catalog_add") is ("id" in written):
            raise MalformedFrame("a new product has no id yet, a known one has")
        if "id" not in written:
            written["id"] = str(FIRST_PRODUCT + account.profile.catalog.get("made", 0))
            account.profile.catalog["made"] = account.profile.catalog.get("made", 0) + 1
            products.append(written)
        elif not any(each["id"] == written["id"] for each in products):
            raise not_found()
        account.profile.catalog["products"] = [written if each["id"] == written["id"] else each for each in products]
        self._directory.save(account)
        return Reply([Node(wanted.tag, {}, [_product(written)])])

    def delete(self, device: Device, question: Node) -> Reply:
        account, wanted = device.account, question.child("product_catalog_delete")
        if question.get("type") != "set" or wanted.get("v") != "1" or not wanted.all("product"):
            raise MalformedFrame("products are deleted by their ids")
        if account.profile.business is None:
            raise forbidden()
        ids = {_text(each.child("id")) for each in wanted.all("product")}
        products = account.profile.catalog.get("products", [])
        kept = [each for each in products if each["id"] not in ids]
        account.profile.catalog["products"] = kept
        self._directory.save(account)
        return Reply([Node("product_catalog_delete", {"deleted_count": len(products) - len(kept)})])

    def collections(self, device: Device, question: Node) -> Reply:
        wanted = question.child("collections")
        if question.get("smax_id") != COLLECTIONS_ID:
            raise MalformedFrame("collections are asked for by the number of their question")
        catalog = self._catalog(wanted, "biz_jid")
        limit, items = _limit(wanted, "collection_limit"), _limit(wanted, "item_limit")
        by_id = {each["id"]: each for each in catalog["products"]}
        listed = [_collection(each, by_id, items) for each in catalog["collections"][:limit]]
        return Reply([Node("collections", {}, listed)])

    def _catalog(self, wanted: Node, name: str) -> Mapping[str, Any]:
        owner: Account | None = self._directory.by_jid(wanted.jid(name))
        if owner is None or owner.profile.business is None:
            raise not_found()
        return {"products": [], "collections": [], **owner.profile.catalog}


def _read(product: Node) -> dict[str, Any]:
    """Pictures are those of our own media servers."""
    known = {*_SIMPLE, "sale_price", "media"}
    if not product.find("name") or {part.tag for part in product.children} - known:
        raise MalformedFrame("a product has a name, and nothing that is not known")
    written: dict[str, Any] = {tag: _text(product.child(tag)) for tag in _SIMPLE if product.find(tag)}
    if not all(written.get(tag, "0").isdigit() for tag in ("id", "price")):
        raise MalformedFrame("ids and prices are digits")
    media = product.find("media")
    pictures = [_text(each.child("url")) for each in (media.all("image") if media else ())]
    if not all(each.startswith(f"https://{HOST}/") for each in pictures):
        raise MalformedFrame("a picture that is not on the media servers")
    sale_price = product.find("sale_price", "price")
    is_hidden = product.get("is_hidden") == "true"
    return {
        **written,
        "pictures": pictures,
        "is_hidden": is_hidden,
        "sale_price": None if sale_price is None else _text(sale_price),
    }


def _limit(wanted: Node, tag: str) -> int:
    text = _text(wanted.child(tag))
    sizes = [_text(wanted.child(side)) for side in ("width", "height")]
    if not text.isdigit() or not 0 < int(text) <= MOST or not all(size.isdigit() for size in sizes):
        raise MalformedFrame("a page has a limit, and pictures a size")
    return int(text)


def _product(product: Product) -> Node:
    content = [Node(tag, {}, str(product[tag])) for tag in _SIMPLE if product.get(tag) is not None]
    if product.get("sale_price") is not None:
        content.append(Node("sale_price", {}, [Node("price", {}, str(product["sale_price"]))]))
    pictures = [Node("image", {}, [Node("original_image_url", {}, each)]) for each in product.get("pictures", ())]
    content += [Node("media", {}, pictures), Node("status_info", {}, [Node("status", {}, "APPROVED")])]
    is_hidden = "true" if product.get("is_hidden") else "false"
    return Node("product", {"is_hidden": is_hidden, "availability": product.get("availability")}, content)


def _collection(collection: Mapping[str, Any], by_id: Mapping[str, Product], items: int) -> Node:
    products: Sequence[str] = [each for each in collection["products"] if each in by_id][:items]
    head = [Node("id", {}, collection["id"]), Node("name", {}, collection["name"])]
    status = Node("status_info", {}, [Node("status", {}, collection.get("status", "APPROVED"))])
    return Node("collection", {}, [*head, *(_product(by_id[each]) for each in products), status])


def _text(node: Node) -> str:
    return node.data.decode(errors="replace")
