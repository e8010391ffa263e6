"""Every kind of message: its body has exactly the documented keys and types."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from sender.whatsapp.engine_events import e2e
from tests.sender.translation.contract import FULL, problems
from tests.sender.translation.told import EMPTY, GROUP, LID, MY_PHONE, PHONE, events, message, received, source, text

M = e2e.Message
EARLIER = "3EB0C4A19F7E2B6D5081"
PICTURE = e2e.ImageMessage(mimetype="image/jpeg", width=1024, height=768, caption="", mediaKey=b"k", fileLength=9)
FILM = e2e.VideoMessage(mimetype="video/mp4", seconds=27, width=640, height=480, caption="tour")
PAPER = e2e.DocumentMessage(mimetype="application/pdf", title="invoice", fileName="invoice.pdf", pageCount=2)
PLACE = e2e.LocationMessage(degreesLatitude=-23.55, degreesLongitude=-46.63, name="Town hall", address="Praca 1")
AD = e2e.ContextInfo.ExternalAdReplyInfo(
    title="Summer sale", body="Half price", mediaType=e2e.ContextInfo.ExternalAdReplyInfo.IMAGE,
    thumbnailURL="https://files.example.com/ad/1.jpg", sourceType="ad", sourceID="2384", ctwaClid="Afd",
    sourceURL="https://fb.me/9", renderLargerThumbnail=True, showAdAttribution=True,
)  # fmt: skip
VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Paulo Lima\nTEL;type=CELL;waid=5511976543210:+55 11 97654-3210\nEND:VCARD"
BUTTONS = [
    e2e.HydratedTemplateButton(
        index=0, urlButton=e2e.HydratedTemplateButton.HydratedURLButton(displayText="More", URL="https://e.com")
    ),
    e2e.HydratedTemplateButton(
        index=1, quickReplyButton=e2e.HydratedTemplateButton.HydratedQuickReplyButton(displayText="Book", ID="2")
    ),
]
FLOW = e2e.InteractiveMessage.NativeFlowMessage


def key(*, mine: bool = False, author: str | None = None) -> Any:
    """From the writer's side: `fromMe` is the writer's own."""
    return M().protocolMessage.key.__class__(ID=EARLIER, remoteJID=LID, fromMe=mine, participant=author)


def context(**fields: Any) -> Any:
    return e2e.ContextInfo(**fields)


def template(**header: Any) -> Any:
    rows = e2e.TemplateMessage.HydratedFourRowTemplate(
        hydratedContentText="Your parcel",
        hydratedFooterText="Bye",
        hydratedButtons=BUTTONS,
        templateID="8123",
        **header,
    )
    return M(templateMessage=e2e.TemplateMessage(hydratedTemplate=rows))


def flow(name: str, **params: Any) -> Any:
    button = FLOW.NativeFlowButton(name=name, buttonParamsJSON=orjson.dumps(params).decode())
    return M(
        interactiveMessage=e2e.InteractiveMessage(
            body=e2e.InteractiveMessage.Body(text="Your code"), nativeFlowMessage=FLOW(buttons=[button])
        )
    )


def carousel() -> Any:
    card = e2e.InteractiveMessage(
        header=e2e.InteractiveMessage.Header(imageMessage=PICTURE, hasMediaAttachment=True),
        body=e2e.InteractiveMessage.Body(text="House 1"),
        nativeFlowMessage=FLOW(
            buttons=[
                FLOW.NativeFlowButton(name="cta_url", buttonParamsJSON='{"display_text":"See","url":"https://e.com"}'),
                FLOW.NativeFlowButton(name="quick_reply", buttonParamsJSON='{"display_text":"Book","id":"2"}'),
            ]
        ),
    )
    cards = e2e.InteractiveMessage.CarouselMessage(cards=[card, card])
    return M(
        interactiveMessage=e2e.InteractiveMessage(
            body=e2e.InteractiveMessage.Body(text="Our houses"), carouselMessage=cards
        )
    )


def buttons(**header: Any) -> Any:
    button = e2e.ButtonsMessage.Button(
        buttonID="s", type=e2e.ButtonsMessage.Button.RESPONSE,
        buttonText=e2e.ButtonsMessage.Button.ButtonText(displayText="Small"),
    )  # fmt: skip
    return M(buttonsMessage=e2e.ButtonsMessage(contentText="Choose", buttons=[button], **header))


def order(**more: Any) -> dict[str, Any]:
    amount = {"value": 12800, "offset": 100}
    item = {"product_id": "custom-item-1", "name": "Wrap", "quantity": 2, "amount": {"value": 2050, "offset": 100}}
    lines = {"status": "pending", "subtotal": amount, "tax": amount, "discount": amount, "shipping": amount}
    return {"currency": "BRL", "reference_id": "4N9", "order_request_id": "4NZ", "total_amount": amount,
            "order": {**lines, "items": [item]}, **more}  # fmt: skip


def edit() -> Any:
    protocol = e2e.ProtocolMessage(
        type=e2e.ProtocolMessage.MESSAGE_EDIT, key=key(mine=True), editedMessage=M(conversation="At nine")
    )
    return M(protocolMessage=protocol)


CASES: dict[str, Callable[[], Any]] = {
    "received-text": lambda: M(
        extendedTextMessage=e2e.ExtendedTextMessage(
            text="Here is our list", description="Products", title="Shop", matchedText="https://wa.me/c/55"
        )
    ),
    "received-text-ad": lambda: M(
        extendedTextMessage=e2e.ExtendedTextMessage(text="More?", contextInfo=context(externalAdReply=AD))
    ),
    "received-reply": lambda: M(
        extendedTextMessage=e2e.ExtendedTextMessage(text="Yes", contextInfo=context(stanzaID=EARLIER))
    ),
    "received-edit": edit,
    "received-template-text": lambda: template(hydratedTitleText="Delivery"),
    "received-template-image": lambda: template(imageMessage=PICTURE),
    "received-template-video": lambda: template(videoMessage=FILM),
    "received-template-document": lambda: template(documentMessage=PAPER),
    "received-template-location": lambda: template(locationMessage=PLACE),
    "received-template-otp-button": lambda: flow("cta_copy", display_text="Copy code", copy_code="771204"),
    "received-pix-key": lambda: flow(
        "payment_info",
        currency="BRL",
        reference_id="4PX",
        payment_settings=[
            {"type": "pix_static_code", "pix_static_code": {"key": "3f0f", "key_type": "EVP", "merchant_name": "Shop"}}
        ],
    ),
    "received-reaction": lambda: M(
        reactionMessage=e2e.ReactionMessage(key=key(), text="❤️", senderTimestampMS=1767277861150)
    ),
    "received-buttons-response": lambda: M(
        buttonsResponseMessage=e2e.ButtonsResponseMessage(
            selectedButtonID="2", selectedDisplayText="Great", contextInfo=context(stanzaID=EARLIER)
        )
    ),
    "received-list-response": lambda: M(
        listResponseMessage=e2e.ListResponseMessage(
            title="Express",
            description="Delivery in one day",
            contextInfo=context(stanzaID=EARLIER),
            singleSelectReply=e2e.ListResponseMessage.SingleSelectReply(selectedRowID="2"),
        )
    ),
    "received-buttons-image": lambda: buttons(imageMessage=PICTURE),
    "received-buttons-video": lambda: buttons(videoMessage=FILM),
    "received-carousel": carousel,
    "received-image": lambda: M(imageMessage=PICTURE),
    "received-audio": lambda: M(audioMessage=e2e.AudioMessage(mimetype="audio/ogg; codecs=opus", seconds=14, PTT=True)),
    "received-video": lambda: M(videoMessage=FILM),
    "received-ptv": lambda: M(ptvMessage=FILM),
    "received-gif": lambda: M(videoMessage=e2e.VideoMessage(mimetype="video/mp4", gifPlayback=True, seconds=2)),
    "received-contact": lambda: M(contactMessage=e2e.ContactMessage(displayName="Paulo Lima", vcard=VCARD)),
    "received-document": lambda: M(documentMessage=PAPER),
    "received-location": lambda: M(locationMessage=PLACE),
    "received-sticker": lambda: M(stickerMessage=e2e.StickerMessage(mimetype="image/webp")),
    "received-payment-made": lambda: M(
        requestPaymentMessage=e2e.RequestPaymentMessage(
            currencyCodeIso4217="BRL",
            amount1000=25000,
            requestFrom=f"{PHONE}@s.whatsapp.net",
            expiryTimestamp=1767882600,
        )
    ),
    "received-product": lambda: M(
        productMessage=e2e.ProductMessage(
            businessOwnerJID=f"{MY_PHONE}@s.whatsapp.net",
            product=e2e.ProductMessage.ProductSnapshot(
                productImage=PICTURE,
                productID="7719",
                title="Mug",
                currencyCode="BRL",
                priceAmount1000=1990,
                retailerID="SKU-7",
                productImageCount=1,
            ),
        )
    ),
    "received-order": lambda: M(
        orderMessage=e2e.OrderMessage(
            orderID="4225",
            itemCount=1,
            orderTitle="Shop",
            sellerJID=f"{MY_PHONE}@s.whatsapp.net",
            token="AR5",
            totalAmount1000=3980,
            totalCurrencyCode="BRL",
        )
    ),
    "received-poll": lambda: M(
        pollCreationMessageV3=e2e.PollCreationMessage(
            name="Which day?",
            selectableOptionsCount=0,
            options=[e2e.PollCreationMessage.Option(optionName="Monday")],
        )
    ),
    "received-review-and-pay": lambda: flow("review_and_pay", **order(type="physical-goods")),
    "received-review-order": lambda: flow("payment_status", **order()),
    "received-newsletter-admin-invite": lambda: M(
        newsletterAdminInviteMessage=e2e.NewsletterAdminInviteMessage(
            newsletterJID="120363205518840077@newsletter",
            newsletterName="News",
            caption="Join",
            inviteExpiration=1767882600,
        )
    ),
    "received-pin-message": lambda: M(
        pinInChatMessage=e2e.PinInChatMessage(key=key(), type=e2e.PinInChatMessage.PIN_FOR_ALL),
        messageContextInfo=e2e.MessageContextInfo(messageAddOnDurationInSecs=86400),
    ),
    "received-event": lambda: M(
        eventMessage=e2e.EventMessage(
            name="Stock count", description="Scanner", joinLink="https://call.whatsapp.com/a", startTime=1767618000
        )
    ),
    "received-status-reply": lambda: M(
        extendedTextMessage=e2e.ExtendedTextMessage(
            text="Lovely",
            contextInfo=context(stanzaID=EARLIER, remoteJID="status@broadcast", quotedMessage=M(imageMessage=PICTURE)),
        )
    ),
}


@pytest.mark.parametrize("variant", CASES)
def test_a_message_has_the_documented_form(variant: str) -> None:
    assert problems(variant, received(CASES[variant]()), extra=FULL) == []


def test_a_group_message_names_the_group_and_its_writer() -> None:
    shown = received(text(), source(chat=GROUP, sender=LID))
    assert problems("received-group-text", shown, extra=FULL) == []
    assert (shown["phone"], shown["participantPhone"], shown["participantLid"], shown["isGroup"]) == (
        "120363041234567890-group", PHONE, LID, True,
    )  # fmt: skip


def test_a_chat_of_two_is_told_by_its_number_and_its_lid_whichever_way_it_was_addressed() -> None:
    by_lid = received(text())
    by_number = received(text(), source(chat=f"{PHONE}@s.whatsapp.net", sender=f"{PHONE}@s.whatsapp.net", other=LID))
    assert {(one["phone"], one["chatLid"], one["senderLid"]) for one in (by_lid, by_number)} == {(PHONE, LID, LID)}
    hidden = received(text(), source(other=None))
    assert (hidden["phone"], hidden["chatLid"]) == (LID, LID)


def test_an_own_message_is_told_as_own_to_the_other_side_of_the_chat() -> None:
    shown = received(text(), source(own=True))
    assert (shown["fromMe"], shown["phone"], shown["chatLid"], shown["senderName"]) == (True, PHONE, LID, "Front desk")


def test_times_are_in_milliseconds_but_for_the_documented_exceptions() -> None:
    assert received(text())["momment"] == 1767277861000
    assert received(CASES["received-event"]())["event"]["scheduleTime"] == 1767618000
    assert received(CASES["received-newsletter-admin-invite"]())["newsletterAdminInvite"]["inviteExpiration"] == (
        1767882600
    )
    assert received(CASES["received-payment-made"]())["requestPayment"]["expiration"] == 1767882600000


def test_a_broadcast_list_names_its_receivers() -> None:
    where = source(chat="1767274895@broadcast", own=True, other=None)
    receiver = where.BroadcastRecipients.add()
    receiver.LID.CopyFrom(source().Chat)
    receiver.PN.CopyFrom(EMPTY)
    shown = received(text(), where)
    assert problems("received-broadcast-list", shown, extra=FULL) == []
    assert (shown["phone"], shown["broadcastRecipients"], shown["chatName"]) == (
        "1767274895-broadcast", ["204518739260417"], "",
    )  # fmt: skip


def test_an_edit_is_told_under_the_id_of_what_it_edits() -> None:
    shown = received(edit())
    assert (shown["messageId"], shown["isEdit"], shown["text"]) == (EARLIER, True, {"message": "At nine"})


def test_a_revocation_is_a_notice_about_the_message_that_went() -> None:
    protocol = e2e.ProtocolMessage(type=e2e.ProtocolMessage.REVOKE, key=key(mine=True))
    shown = received(M(protocolMessage=protocol))
    assert problems("received-revoke", shown) == []
    assert shown["messageId"] == EARLIER


def test_a_declined_payment_request_is_a_notice_without_a_photo() -> None:
    shown = received(M(declinePaymentRequestMessage=e2e.DeclinePaymentRequestMessage(key=key())))
    assert problems("received-payment-request-declined", shown, extra=FULL - {"senderPhoto"}) == []
    assert shown["status"] == "MESSAGE_RECEIVED"


def test_a_product_has_no_chat_name() -> None:
    assert "chatName" not in received(CASES["received-product"]())


@pytest.mark.parametrize("wrapper", ["ephemeralMessage", "viewOnceMessageV2", "documentWithCaptionMessage"])
def test_wrappers_are_looked_through(wrapper: str) -> None:
    inner = M(imageMessage=PICTURE)
    shown = received(M(**{wrapper: e2e.FutureProofMessage(message=inner)}))
    assert shown["image"]["viewOnce"] is (wrapper == "viewOnceMessageV2")
    assert problems("received-image", shown, extra=FULL) == []


@pytest.mark.parametrize(("mine", "told"), [(True, False), (False, True)])
def test_what_a_reaction_refers_to_is_told_from_our_side(mine: bool, told: bool) -> None:
    reaction = M(reactionMessage=e2e.ReactionMessage(key=key(mine=mine), text=""))
    shown = received(reaction)["reaction"]
    assert (shown["referencedMessage"]["fromMe"], shown["value"]) == (told, "")
    assert shown["reactionBy"] == PHONE


def test_a_reaction_in_a_group_names_the_author_of_what_it_refers_to() -> None:
    reaction = M(reactionMessage=e2e.ReactionMessage(key=key(author="118273645509821@lid"), text="x"))
    shown = received(reaction, source(chat=GROUP, sender=LID))["reaction"]["referencedMessage"]
    assert (shown["participant"], shown["fromMe"], shown["phone"]) == (MY_PHONE, True, "120363041234567890-group")


def test_what_devices_say_to_each_other_and_status_posts_are_told_to_nobody() -> None:
    shared = M(protocolMessage=e2e.ProtocolMessage(type=e2e.ProtocolMessage.APP_STATE_SYNC_KEY_SHARE))
    assert events(message(shared), message(text(), source(chat="status@broadcast")), message(M())) == []
