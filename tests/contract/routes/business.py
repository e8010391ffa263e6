"""The business: catalogue, tags, notes and the profile."""

from typing import Any

from tests.contract.routes.calls import GROUP, NO_PHONE, PERSON, Call, Route, at_phone, call, got, posted

_PRODUCT = {
    "currency": "BRL", "description": "Saco com dez", "images": ["https://cdn.example.com/p/pao.jpg"],
    "isHidden": False, "name": "Pao frances", "price": 13, "salePrice": 11, "retailerId": "PAO-01",
    "url": "https://example.com/pao",
}  # fmt: skip
_HOURS = [
    {"dayOfWeek": "TUESDAY", "openTime": "07:00", "closeTime": "11:30"},
    {"dayOfWeek": "TUESDAY", "openTime": "13:00", "closeTime": "19:00"},
]
_COLLECTION, _ONE_PRODUCT = "240915873642015", "7340215698741230"


def company(path: str, *bodies: Any, refused: tuple[tuple[Call, str], ...]) -> Route:
    return posted(path, *(call(body) for body in bodies), refused=refused, status=201)


def in_collection(path: str) -> Route:
    return posted(
        path,
        call({"collectionId": _COLLECTION, "productIds": [_ONE_PRODUCT]}),
        refused=((call({"collectionId": _COLLECTION, "productIds": []}), "productIds: "),),
    )


BUSINESS = (
    posted(
        "products",
        call(_PRODUCT),
        call({**_PRODUCT, "images": _PRODUCT["images"][0], "isHidden": "false", "price": "13"}),
        refused=(
            (call({**_PRODUCT, "currency": "real"}), "currency: "),
            (call({**_PRODUCT, "price": -1}), "price: "),
            (call({"name": "Pao"}), "currency: "),
        ),
    ),
    got("catalogs", call(), call(nextCursor="eyJhZnRlciI6MTB9")),
    posted(
        "catalogs",
        call({"nextCursor": "eyJhZnRlciI6MTB9"}),
        call({}),
        refused=((call({"nextCursor": 5}), "nextCursor: "),),
    ),
    at_phone("catalogs/{phone}", PERSON, nextCursor="eyJhZnRlciI6MTB9"),
    posted("catalogs/{phone}", call({}, PERSON), refused=((call({}, "x"), NO_PHONE),)),
    got("products/{productId}", call(None, _ONE_PRODUCT), refused=((call(None, "a b"), "productId: "),)),
    Route("DELETE", "products/{productId}", (call(None, _ONE_PRODUCT),), ((call(None, "a b"), "productId: "),)),
    Route("DELETE", "product/{productId}", (call(None, _ONE_PRODUCT),)),
    got("tags"),
    got("business/tags/colors"),
    posted(
        "business/create-tag",
        call({"name": "Retirada", "color": 4}),
        call({"name": "Retirada"}),
        refused=(
            (call({}), "name: "),
            (call({"name": "x", "color": 20}), "color: "),
            (call({"name": "x", "color": -1}), "color: "),
        ),
    ),
    posted(
        "business/edit-tag/{tagId}",
        call({"name": "Retirada na loja", "color": 2}, "10"),
        refused=((call({"name": "x"}, "ten"), "tagId: "),),
    ),
    Route("DELETE", "business/tag/{tagId}", (call(None, "10"),), ((call(None, "ten"), "tagId: "),)),
    Route(
        "PUT",
        "chats/{phone}/tags/{tag}/add",
        (call(None, PERSON, "10"),),
        ((call(None, "x", "10"), NO_PHONE), (call(None, PERSON, "ten"), "tag: ")),
    ),
    Route("PUT", "chats/{phone}/tags/{tag}/remove", (call(None, GROUP, "10"),), ((call(None, "x", "10"), NO_PHONE),)),
    posted(
        "chats/{phone}/notes",
        call({"notes": "Prefere entrega a tarde"}, PERSON),
        refused=((call({}, PERSON), "notes: "), (call({"notes": "x"}, "x"), NO_PHONE)),
    ),
    posted("catalogs/config", call({"cartEnabled": True}), refused=((call({}), "cartEnabled: "),)),
    posted(
        "catalogs/collection",
        call({"name": "Paes", "productIds": [_ONE_PRODUCT, "7340215698741231"]}),
        refused=((call({"name": "Paes", "productIds": []}), "productIds: "),),
    ),
    got("catalogs/collection"),
    Route("DELETE", "catalogs/collection/{collectionId}", (call(None, _COLLECTION),)),
    posted(
        "catalogs/collection-edit/{collectionId}",
        call({"name": "Paes e bolos"}, _COLLECTION),
        refused=((call({}, _COLLECTION), "name: "),),
    ),
    got(
        "catalogs/collection-products/{phone}",
        Call(None, {"collectionId": _COLLECTION}, (PERSON,)),
        refused=((Call(None, {}, (PERSON,)), "collectionId: "), (Call(None, {"collectionId": "1"}, ("x",)), NO_PHONE)),
    ),
    in_collection("catalogs/collection/add-product"),
    in_collection("catalogs/collection/remove-product"),
    company(
        "business/company-description",
        {"value": "Padaria artesanal desde 1998"},
        {"value": ""},
        refused=((call({"value": 5}), "value: "),),
    ),
    company(
        "business/company-email",
        {"value": "contato@example.com"},
        {"value": ""},
        refused=((call({"value": "contato"}), "value: "),),
    ),
    company(
        "business/company-address",
        {"value": "Rua das Flores 120, Curitiba"},
        refused=((call({"value": "x" * 600}), "value: "),),
    ),
    company(
        "business/company-websites",
        {"websites": ["https://example.com", "https://example.org"]},
        {"websites": []},
        refused=(
            (call({"websites": ["https://a.example"] * 3}), "websites: "),
            (call({"websites": ["example"]}), "websites.0: "),
        ),
    ),
    company(
        "business/hours",
        {"timezone": "America/Sao_Paulo", "mode": "specificHours", "days": _HOURS},
        {"timezone": "America/Sao_Paulo", "days": []},
        refused=(
            (call({"timezone": "Brazil", "days": []}), "timezone: "),
            (call({"timezone": "UTC", "days": [{**_HOURS[0], "openTime": "25:00"}]}), "days.0.openTime: "),
        ),
    ),
    got("business/available-categories", call(query="padaria"), call()),
    company(
        "business/categories",
        {"categories": ["RESTAURANT", "629412378414563"]},
        refused=((call({"categories": []}), "categories: "), (call({"categories": ["A"] * 4}), "categories: ")),
    ),
    got("business/profile", call(phone=PERSON), refused=((call(), "phone: "),)),
)
