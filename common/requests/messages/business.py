"""Requests of business accounts: product, catalogue, orders; and the invitation to administer a channel."""

from typing import Annotated, Literal

from pydantic import Field

from common.requests.fields import Amount, Flag, MessageId, PhoneNumber, ShownText, Text, Whole
from common.requests.messages.outgoing import Part, ToChat

Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000), Whole]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["BRL"])]
Identifier = Annotated[str, Field(min_length=1, max_length=255)]


class SendProduct(ToChat):
    """The card of a product of `catalogPhone`'s catalogue."""

    kind = "product"

    catalogPhone: PhoneNumber
    productId: Identifier


class SendCatalog(ToChat):
    """A card that leads to `catalogPhone`'s catalogue."""

    kind = "catalog"

    catalogPhone: PhoneNumber
    translation: Literal["EN", "PT"] | None = Field(None, description="Language of the standard text; unset: PT.")
    message: ShownText | None = None
    title: ShownText | None = None
    catalogDescription: ShownText | None = None


class Product(Part):
    """Without `productId` it is an item of this order alone."""

    productId: Identifier | None = None
    name: Text
    value: Amount
    quantity: Quantity


class KnownProduct(Part):
    """As the order's webhook told it."""

    productId: Identifier
    name: Text
    value: Amount
    quantity: Quantity
    isCustomItem: Flag


class Totals(Part):
    currency: Currency
    discount: Amount | None = None
    tax: Amount | None = None
    shipping: Amount | None = None


class NewOrder(Totals):
    products: Annotated[list[Product], Field(min_length=1)]


class KnownOrder(Totals):
    products: Annotated[list[KnownProduct], Field(min_length=1)]


class Pix(Part):
    key: Text
    keyType: Literal["cpf", "cnpj", "phone", "email", "randomKey"]
    name: Text


class Card(Part):
    enabled: Flag


class PaymentSettings(Part):
    pix: Pix | None = None
    card: Card | None = None


class SendOrder(ToChat):
    """A charge. Its ids come with the webhook of the message and are needed to update it."""

    kind = "order"

    order: NewOrder
    paymentSettings: PaymentSettings | None = None


class OrderUpdate(ToChat):
    """The whole order again, with its new state."""

    messageId: MessageId
    message: ShownText | None = None
    referenceId: Identifier
    orderRequestId: Identifier
    orderStatus: Literal["pending", "processing", "shipped", "completed", "canceled"]
    paymentStatus: Literal["pending", "paid"]
    order: KnownOrder


class UpdateOrderStatus(OrderUpdate):
    """`orderStatus` is new, `paymentStatus` as it was."""

    kind = "order-status"


class UpdateOrderPayment(OrderUpdate):
    """`paymentStatus` is new, `orderStatus` as it was."""

    kind = "order-payment"


class AdminInvite(Part):
    newsletterId: Annotated[str, Field(pattern=r"^[0-9]{5,24}@newsletter$", examples=["120363012345678901@newsletter"])]
    caption: Text


class SendNewsletterAdminInvite(ToChat):
    """Invites a person to administer one of the account's channels."""

    kind = "newsletter-invite"

    adminInviteMessage: AdminInvite
