"""Products, catalogues, orders and invitations of channels on the wire."""

import json
from typing import Any

import pytest

from sender.composers.payment import new_reference
from sender.whatsapp.protobuf import (
    ExtendedTextMessage,
    Message,
    NewsletterAdminInviteMessage,
    ProductMessage,
)
from tests.sender.composers.desk import MESSAGE, NOW, OWN, PERSON_JID, Desk, PlainSession

pytestmark = pytest.mark.anyio

SHOP = "5511966665555"


def money(thousandths: int) -> dict[str, int]:
    return {"value": thousandths, "offset": 1000}


async def test_a_product_is_named_by_its_owner_and_id(desk: Desk) -> None:
    assert await desk.compose("product", catalogPhone=SHOP, productId="7120") == Message(
        productMessage=ProductMessage(
            product=ProductMessage.ProductSnapshot(productID="7120"), businessOwnerJID=f"{SHOP}@s.whatsapp.net"
        )
    )


@pytest.mark.parametrize(
    ("language", "standard"),
    [
        (None, "Veja nosso catálogo no WhatsApp"),
        ("PT", "Veja nosso catálogo no WhatsApp"),
        ("EN", "View our catalog on WhatsApp"),
    ],
)
async def test_a_catalogue_is_a_link_with_a_standard_card(desk: Desk, language: str | None, standard: str) -> None:
    body = {} if language is None else {"translation": language}
    assert await desk.compose("catalog", catalogPhone=SHOP, **body) == Message(
        extendedTextMessage=ExtendedTextMessage(
            text=f"https://wa.me/c/{SHOP}",
            matchedText=f"https://wa.me/c/{SHOP}",
            title=standard,
            description=standard,
        )
    )


async def test_a_catalogue_takes_the_caller_s_words(desk: Desk) -> None:
    composed = await desk.compose(
        "catalog", catalogPhone=SHOP, message="Look", title="Spring", catalogDescription="Mugs"
    )
    card = composed.extendedTextMessage
    assert (card.text, card.title, card.description) == (f"Look\nhttps://wa.me/c/{SHOP}", "Spring", "Mugs")


def order_of(message: Message) -> tuple[str, dict[str, Any]]:
    (button,) = message.interactiveMessage.nativeFlowMessage.buttons
    return button.name, json.loads(button.buttonParamsJSON)


async def test_an_order_sums_up_and_makes_its_own_references(desk: Desk) -> None:
    composed = await desk.compose(
        "order",
        order={
            "currency": "BRL",
            "discount": 4,
            "tax": 2.5,
            "shipping": 12,
            "products": [
                {"productId": "7120", "name": "Mug", "value": 25, "quantity": 2},
                {"name": "Wrap", "value": 3.1, "quantity": 3},
            ],
        },
        paymentSettings={
            "pix": {"key": "k", "keyType": "randomKey", "name": "Shop"},
            "card": {"enabled": True},
        },
    )
    name, parameters = order_of(composed)
    assert name == "review_and_pay"
    references = parameters.pop("reference_id"), parameters.pop("order_request_id")
    custom = parameters["order"]["items"][1]["product_id"]
    assert all(len(reference) == 11 and reference.isalnum() for reference in references)
    assert custom.startswith("custom-item-")
    assert len(custom) == len("custom-item-") + 11
    assert parameters == {
        "type": "physical-goods",
        "payment_status": "pending",
        "currency": "BRL",
        "total_amount": money(59_300 - 4_000 + 12_000 + 2_500),
        "order": {
            "status": "pending",
            "order_type": "ORDER",
            "subtotal": money(59_300),
            "discount": money(4_000),
            "shipping": money(12_000),
            "tax": money(2_500),
            "items": [
                {
                    "retailer_id": "7120",
                    "product_id": "7120",
                    "name": "Mug",
                    "amount": money(25_000),
                    "quantity": 2,
                    "is_custom_item": False,
                },
                {
                    "retailer_id": custom,
                    "product_id": custom,
                    "name": "Wrap",
                    "amount": money(3_100),
                    "quantity": 3,
                    "is_custom_item": True,
                },
            ],
        },
        "payment_settings": [
            {
                "type": "pix_static_code",
                "pix_static_code": {"merchant_name": "Shop", "key": "k", "key_type": "EVP"},
            },
            {"type": "cards", "cards": {"enabled": True}},
        ],
        "share_payment_status": False,
    }


async def test_an_order_without_extras_is_its_products_alone(desk: Desk) -> None:
    products = [{"name": "Mug", "value": 25, "quantity": 1}]
    _, parameters = order_of(await desk.compose("order", order={"currency": "USD", "products": products}))
    assert parameters["total_amount"] == parameters["order"]["subtotal"] == money(25_000)
    assert parameters["order"]["discount"] == money(0)
    assert parameters["payment_settings"] == []


@pytest.mark.parametrize("kind", ["order-status", "order-payment"])
async def test_news_of_an_order_quote_it_and_carry_its_references(desk: Desk, kind: str) -> None:
    desk.remember_own("order", '{"phone":"5511988887777","order":{"currency":"BRL","products":[]}}')
    desk.memory.remembered[MESSAGE] = desk.memory.remembered[MESSAGE].__class__("3EB0FF", PERSON_JID, is_own=True)
    composed = await desk.compose(
        kind,
        messageId=MESSAGE,
        message="Packed",
        referenceId="REF",
        orderRequestId="REQ",
        orderStatus="shipped",
        paymentStatus="paid",
        order={
            "currency": "BRL",
            "products": [
                {"productId": "custom-item-X", "name": "Wrap", "value": 2, "quantity": 2, "isCustomItem": True}
            ],
        },
    )
    name, parameters = order_of(composed)
    assert name == "review_order"
    assert (parameters["reference_id"], parameters["order_request_id"]) == ("REF", "REQ")
    assert (parameters["order"]["status"], parameters["payment_status"]) == ("shipped", "paid")
    assert parameters["total_amount"] == money(4_000)
    assert parameters["order"]["items"][0]["is_custom_item"] is True
    assert composed.interactiveMessage.body.text == "Packed"
    context = composed.interactiveMessage.contextInfo
    assert (context.stanzaID, context.participant) == ("3EB0FF", OWN.phone)


async def test_references_use_all_their_randomness() -> None:
    made = {new_reference(lambda count, seed=seed: bytes([seed]) * count) for seed in range(256)}
    assert len(made) == 256


async def test_an_invitation_names_the_channel_and_ends_after_a_week(desk: Desk) -> None:
    invite = {"newsletterId": "120363012345678901@newsletter", "caption": "Join us?"}
    assert await desk.compose("newsletter-invite", adminInviteMessage=invite) == Message(
        newsletterAdminInviteMessage=NewsletterAdminInviteMessage(
            newsletterJID="120363012345678901@newsletter",
            newsletterName="Spring news",
            caption="Join us?",
            inviteExpiration=int(NOW.timestamp()) + 7 * 86_400,
        )
    )


async def test_the_name_of_a_channel_that_is_not_found_is_left_out(desk: Desk) -> None:
    invite = {"newsletterId": "40436301234567890@newsletter", "caption": "Join us?"}
    composed = await desk.compose("newsletter-invite", adminInviteMessage=invite)
    assert not composed.newsletterAdminInviteMessage.HasField("newsletterName")


async def test_without_the_power_to_ask_an_invitation_leaves_the_name_out() -> None:
    invite = {"newsletterId": "120363012345678901@newsletter", "caption": "Join us?"}
    composed = await Desk(PlainSession()).compose("newsletter-invite", adminInviteMessage=invite)
    assert not composed.newsletterAdminInviteMessage.HasField("newsletterName")
