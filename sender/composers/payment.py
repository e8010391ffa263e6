"""Payments: the parameters of WhatsApp's payment buttons, for a PIX key, an order, and the news of an order."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from string import ascii_uppercase, digits
from typing import Any

from common.errors import CannotCompose
from common.requests.messages.business import KnownProduct, OrderUpdate, PaymentSettings, Product, SendOrder, Totals

CUSTOM_ITEM = "custom-item-"

_LARGEST = 1_000_000_000_000
_OFFSET = 1_000  # WhatsApp counts money in whole parts of this many; a thousandth is its own finest
_PIX_KEYS = {"cpf": "CPF", "cnpj": "CNPJ", "phone": "PHONE", "email": "EMAIL", "randomKey": "EVP"}
_REFERENCE_LETTERS = digits + ascii_uppercase
_REFERENCE_LENGTH = 11

Parameters = dict[str, Any]
Random = Callable[[int], bytes]


def pix_parameters(key: str, key_type: str, merchant: str, random: Random) -> Parameters:
    """Of `payment_info`: a key to copy, for no sum in particular."""
    return {
        "currency": "BRL",
        "total_amount": _money(Decimal(0)),
        "reference_id": new_reference(random),
        "type": "physical-goods",
        "order": {
            "status": "pending",
            "subtotal": _money(Decimal(0)),
            "order_type": "ORDER_WITHOUT_AMOUNT",
            "items": [],
        },
        "payment_settings": [_pix(key, key_type, merchant)],
        "share_payment_status": False,
    }


def order_parameters(send: SendOrder, random: Random) -> Parameters:
    """Of `review_and_pay`. The references are made here and come back with every news of the order."""
    items = [
        _item(product, product.productId or f"{CUSTOM_ITEM}{new_reference(random)}", product.productId is None)
        for product in send.order.products
    ]
    return {
        "reference_id": new_reference(random),
        "order_request_id": new_reference(random),
        "type": "physical-goods",
        "payment_status": "pending",
        **_order(send.order, send.order.products, items, "pending"),
        "payment_settings": _settings(send.paymentSettings),
        "share_payment_status": False,
    }


def update_parameters(send: OrderUpdate) -> Parameters:
    """Of `review_order`."""
    items = [_item(product, product.productId, product.isCustomItem) for product in send.order.products]
    return {
        "reference_id": send.referenceId,
        "order_request_id": send.orderRequestId,
        "type": "physical-goods",
        "payment_status": send.paymentStatus,
        **_order(send.order, send.order.products, items, send.orderStatus),
    }


def new_reference(random: Random) -> str:
    """Eleven digits and capital letters, as WhatsApp makes them."""
    number = int.from_bytes(random(_REFERENCE_LENGTH))
    letters = []
    for _ in range(_REFERENCE_LENGTH):
        number, place = divmod(number, len(_REFERENCE_LETTERS))
        letters.append(_REFERENCE_LETTERS[place])
    return "".join(letters)


def _order(
    order: Totals, products: Sequence[Product | KnownProduct], items: list[Parameters], status: str
) -> Parameters:
    subtotal = sum((_decimal(product.value) * product.quantity for product in products), Decimal(0))
    discount, shipping, tax = (_decimal(part or 0) for part in (order.discount, order.shipping, order.tax))
    return {
        "currency": order.currency,
        "total_amount": _money(subtotal - discount + shipping + tax),
        "order": {
            "status": status,
            "order_type": "ORDER",
            "subtotal": _money(subtotal),
            "discount": _money(discount),
            "shipping": _money(shipping),
            "tax": _money(tax),
            "items": items,
        },
    }


def _item(product: Product | KnownProduct, product_id: str, is_custom: bool) -> Parameters:
    return {
        "retailer_id": product_id,
        "product_id": product_id,
        "name": product.name,
        "amount": _money(_decimal(product.value)),
        "quantity": product.quantity,
        "is_custom_item": is_custom,
    }


def _settings(settings: PaymentSettings | None) -> list[Parameters]:
    found: list[Parameters] = []
    if settings is not None and settings.pix is not None:
        found.append(_pix(settings.pix.key, _PIX_KEYS[settings.pix.keyType], settings.pix.name))
    if settings is not None and settings.card is not None:
        found.append({"type": "cards", "cards": {"enabled": settings.card.enabled}})
    return found


def _pix(key: str, key_type: str, merchant: str) -> Parameters:
    return {
        "type": "pix_static_code",
        "pix_static_code": {"merchant_name": merchant, "key": key, "key_type": key_type},
    }


def _decimal(value: float) -> Decimal:
    """As it was written: 3.1 is not a little more."""
    return Decimal(repr(value))


def _money(value: Decimal) -> Parameters:
    """Raises CannotCompose."""
    if abs(value) > _LARGEST:
        raise CannotCompose("the sum of the order is too large")
    return {"value": round(value * _OFFSET), "offset": _OFFSET}
