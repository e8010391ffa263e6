"""Products, carts, orders, payments and PIX keys."""

from collections.abc import Callable
from typing import Any

from common.addresses import Jid, user_of
from sender.translation.scene import Scene

THOUSAND = 1000
CUSTOM = "custom-item-"


def product(part: Any, scene: Scene) -> dict[str, Any]:
    shown = part.product
    picture = scene.link("image", shown.productImage).url if shown.HasField("productImage") else ""
    return {
        "product": {
            "productImage": picture,
            "businessOwnerJid": user_of(Jid(part.businessOwnerJID)),
            "currencyCode": shown.currencyCode,
            "productId": shown.productID,
            "description": shown.description,
            "productImageCount": shown.productImageCount,
            "price": shown.priceAmount1000,
            "url": shown.URL,
            "retailerId": shown.retailerID,
            "firstImageId": shown.firstImageID,
            "title": shown.title,
        }
    }


def order(part: Any, scene: Scene) -> dict[str, Any]:
    """The message names the cart and its sum; its lines have to be asked for, which the library cannot."""
    return {
        "order": {
            "itemCount": part.itemCount,
            "orderId": part.orderID,
            "message": part.message,
            "orderTitle": part.orderTitle,
            "sellerJid": user_of(Jid(part.sellerJID)),
            "thumbnailUrl": "",
            "token": part.token,
            "currency": part.totalCurrencyCode,
            "total": part.totalAmount1000,
            "subTotal": part.totalAmount1000,
            "products": [],
        }
    }


def payment_request(part: Any, scene: Scene) -> dict[str, Any]:
    """`transactionStatus` is known to the payment's own service only."""
    value = number(part.amount1000, THOUSAND)
    return {
        "requestPayment": {
            "value": value,
            "currencyCode": part.currencyCodeIso4217,
            "expiration": part.expiryTimestamp * 1000,
            "requestPhone": scene.phone_of(part.requestFrom) or "",
            "paymentInfo": {
                "receiverPhone": scene.source.writer_phone or "",
                "value": value,
                "currencyCode": part.currencyCodeIso4217,
                "status": "WAITING",
                "transactionStatus": "",
            },
        }
    }


def declined_payment(part: Any, scene: Scene) -> dict[str, Any]:
    """The message names the request alone: what it was about is not told."""
    return {
        "status": "MESSAGE_RECEIVED",
        "notification": "PAYMENT_ACTION_REQUEST_DECLINED",
        "notificationParameters": [scene.source.writer_phone or ""],
    }


def pix_key(params: dict[str, Any]) -> dict[str, Any]:
    for setting in params.get("payment_settings", ()):
        code = setting.get("pix_static_code") or setting.get("pix_dynamic_code")
        if code:
            return {
                "pixKeyMessage": {
                    "currency": str(params.get("currency", "")),
                    "referenceId": str(params.get("reference_id", "")),
                    "key": str(code.get("key") or code.get("code") or ""),
                    "keyType": str(code.get("key_type", "")),
                    "merchantName": str(code.get("merchant_name", "")),
                }
            }
    return {}


def review_and_pay(params: dict[str, Any]) -> dict[str, Any]:
    return {"reviewAndPay": {"type": str(params.get("type", "")), **_order_of(params)}}


def review_order(params: dict[str, Any]) -> dict[str, Any]:
    return {"reviewOrder": _order_of(params)}


def number(value: Any, offset: Any) -> int | float:
    """An amount in whole units; an integer where it is one."""
    amount = (value or 0) / (offset or 1)
    return int(amount) if amount == int(amount) else amount


def _order_of(params: dict[str, Any]) -> dict[str, Any]:
    lines = params.get("order") or {}
    return {
        "currency": str(params.get("currency", "")),
        "referenceId": str(params.get("reference_id", "")),
        "orderRequestId": str(params.get("order_request_id") or lines.get("order_request_id") or ""),
        "orderStatus": str(lines.get("status", "pending")),
        "paymentStatus": str(params.get("payment_status") or "pending"),
        "total": _amount(params.get("total_amount")),
        "subTotal": _amount(lines.get("subtotal")),
        "discount": _amount(lines.get("discount")),
        "shipping": _amount(lines.get("shipping")),
        "tax": _amount(lines.get("tax")),
        "products": [_line(line) for line in lines.get("items", ())],
    }


def _line(line: dict[str, Any]) -> dict[str, Any]:
    identifier = str(line.get("product_id") or line.get("retailer_id") or "")
    return {
        "name": str(line.get("name", "")),
        "quantity": line.get("quantity", 0),
        "isCustomItem": bool(line.get("isCustomItem", identifier.startswith(CUSTOM))),
        "productId": identifier,
        "value": _amount(line.get("amount")),
    }


def _amount(amount: Any) -> int | float:
    return number(amount.get("value"), amount.get("offset")) if isinstance(amount, dict) else 0


FAMILY = {
    "productMessage": product,
    "orderMessage": order,
    "requestPaymentMessage": payment_request,
    "declinePaymentRequestMessage": declined_payment,
}

NATIVE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "payment_info": pix_key,
    "review_and_pay": review_and_pay,
    "payment_status": review_order,
    "review_order": review_order,
}
