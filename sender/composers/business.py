"""Products, catalogues, orders, and invitations to administer a channel."""

from contextlib import suppress
from datetime import timedelta

from common.addresses import Jid, parse_phone, user_of
from common.requests.messages.business import (
    OrderUpdate,
    SendCatalog,
    SendNewsletterAdminInvite,
    SendOrder,
    SendProduct,
)
from sender.composers import native_flow
from sender.composers.context import with_context
from sender.composers.earlier import quote
from sender.composers.native_flow import interactive
from sender.composers.occasion import Composed, Occasion
from sender.composers.payment import order_parameters, update_parameters
from sender.composers.text import with_line_breaks
from sender.whatsapp.powers.newsletters import HasNewsletters, NewsletterUnknown
from sender.whatsapp.protobuf import ExtendedTextMessage, Message, NewsletterAdminInviteMessage, ProductMessage

INVITE_LIFE = timedelta(days=7)  # WhatsApp's own

_CATALOG_TEXTS = {"PT": "Veja nosso catálogo no WhatsApp", "EN": "View our catalog on WhatsApp"}


async def compose_product(send: SendProduct, occasion: Occasion) -> Composed:
    """The product's name, price and picture are in a catalogue that the engine cannot ask for: phones look it up."""
    return Message(
        productMessage=ProductMessage(
            product=ProductMessage.ProductSnapshot(productID=send.productId),
            businessOwnerJID=parse_phone(send.catalogPhone),
        )
    )


async def compose_catalog(send: SendCatalog, occasion: Occasion) -> Composed:
    """WhatsApp's own link to the catalogue, with a card."""
    link = f"https://wa.me/c/{user_of(parse_phone(send.catalogPhone))}"
    standard = _CATALOG_TEXTS[send.translation or "PT"]
    text = f"{with_line_breaks(send.message)}\n{link}" if send.message else link
    card = ExtendedTextMessage(
        text=text, matchedText=link, title=send.title or standard, description=send.catalogDescription or standard
    )
    return Message(extendedTextMessage=card)


async def compose_order(send: SendOrder, occasion: Occasion) -> Composed:
    parameters = order_parameters(send, occasion.random)
    return interactive(None, [native_flow.payment("review_and_pay", parameters)])


async def compose_order_update(send: OrderUpdate, occasion: Occasion) -> Composed:
    """A reply to the order."""
    message = interactive(send.message, [native_flow.payment("review_order", update_parameters(send))])
    return with_context(message, await quote(occasion, send.messageId))


async def compose_admin_invite(send: SendNewsletterAdminInvite, occasion: Occasion) -> Composed:
    """The name is for the eye: it is left out where there is no telling it."""
    newsletter = Jid(send.adminInviteMessage.newsletterId)
    name = None
    if isinstance(occasion.session, HasNewsletters):
        with suppress(NewsletterUnknown):
            name = (await occasion.session.newsletters.look(newsletter)).name
    return Message(
        newsletterAdminInviteMessage=NewsletterAdminInviteMessage(
            newsletterJID=newsletter,
            newsletterName=name,
            caption=with_line_breaks(send.adminInviteMessage.caption),
            inviteExpiration=int((occasion.now + INVITE_LIFE).timestamp()),
        )
    )
