"""Products, catalogues, orders and invitations of channels."""

from common.requests.messages.business import (
    SendCatalog,
    SendNewsletterAdminInvite,
    SendOrder,
    SendProduct,
    UpdateOrderPayment,
    UpdateOrderStatus,
)
from frontend.operation import Operation, Send
from frontend.replies.messages import Queued

OPERATIONS = (
    Operation(
        "POST",
        "send-product",
        Send(),
        "Send the card of a product",
        Queued,
        body=SendProduct,
        tag="messages",
        example={"phone": "5511988887777", "catalogPhone": "5511966665555", "productId": "7120000000000001"},
    ),
    Operation(
        "POST",
        "send-catalog",
        Send(),
        "Send a card that leads to a catalogue",
        Queued,
        body=SendCatalog,
        tag="messages",
        example={
            "phone": "5511988887777",
            "catalogPhone": "5511966665555",
            "translation": "EN",
            "message": "Have a look",
        },
    ),
    Operation(
        "POST",
        "send-order",
        Send(),
        "Send an order to be paid",
        Queued,
        body=SendOrder,
        tag="messages",
        example={
            "phone": "5511988887777",
            "order": {
                "currency": "BRL",
                "shipping": 12,
                "products": [{"name": "Blue mug", "value": 25, "quantity": 2}],
            },
            "paymentSettings": {"pix": {"key": "pay@example.com", "keyType": "email", "name": "Corner shop"}},
        },
    ),
    Operation(
        "POST",
        "order-status-update",
        Send(),
        "Tell the new state of an order",
        Queued,
        body=UpdateOrderStatus,
        tag="messages",
        example={
            "phone": "5511988887777",
            "messageId": "3EB0C1D2E3F40516273849",
            "referenceId": "5A1BCDE2FG3",
            "orderRequestId": "5A1BCDE2HI4",
            "orderStatus": "processing",
            "paymentStatus": "pending",
            "order": {
                "currency": "BRL",
                "products": [
                    {
                        "productId": "7120000000000001",
                        "name": "Blue mug",
                        "value": 25,
                        "quantity": 2,
                        "isCustomItem": False,
                    }
                ],
            },
        },
    ),
    Operation(
        "POST",
        "order-payment-update",
        Send(),
        "Tell the new state of an order's payment",
        Queued,
        body=UpdateOrderPayment,
        tag="messages",
        example={
            "phone": "5511988887777",
            "messageId": "3EB0C1D2E3F40516273849",
            "referenceId": "5A1BCDE2FG3",
            "orderRequestId": "5A1BCDE2HI4",
            "orderStatus": "processing",
            "paymentStatus": "paid",
            "order": {
                "currency": "BRL",
                "products": [
                    {
                        "productId": "7120000000000001",
                        "name": "Blue mug",
                        "value": 25,
                        "quantity": 2,
                        "isCustomItem": False,
                    }
                ],
            },
        },
    ),
    Operation(
        "POST",
        "send-newsletter-admin-invite",
        Send(),
        "Invite a person to administer a channel",
        Queued,
        body=SendNewsletterAdminInvite,
        tag="messages",
        example={
            "phone": "5511988887777",
            "adminInviteMessage": {"newsletterId": "120363012345678901@newsletter", "caption": "Will you join us?"},
        },
    ),
)
