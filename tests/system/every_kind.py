"""What the receiver of each kind of message must find in it, read off the body that was asked for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from common.addresses import Jid
from sender.composers.secrets import Purpose, Sealed, open_sealed
from sender.whatsapp.protobuf import EventResponseMessage, Message, PinInChatMessage, PollVoteMessage, ProtocolMessage
from sender.whatsapp.session import Secret

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What is needed beside the body: who says it, the chat's address, and the secrets of what was answered."""

    own_lid: Jid
    chat: Jid
    poll: Secret
    event: Secret
    own_event: Secret


def text(message: Message, body: Body, told: Told) -> None:
    content = message
    if "editMessageId" in body:
        edit = message.editedMessage.message.protocolMessage
        assert edit.type == ProtocolMessage.MESSAGE_EDIT
        assert (edit.key.fromMe, edit.key.ID) == (True, body["editMessageId"])
        content = edit.editedMessage
    extended = content.extendedTextMessage
    expected = body["message"]
    for group in body.get("groupMentioned", ()):
        address = group["phone"].replace("-group", "@g.us")
        expected = expected.replace(group["phone"], address)
        (mention,) = extended.contextInfo.groupMentions
        assert (mention.groupJID, mention.groupSubject) == (address, group["subject"])
    assert (content.conversation or extended.text) == expected
    users = [each.partition("@")[0] for each in extended.contextInfo.mentionedJID]
    assert users == [str(each).partition("@")[0] for each in body.get("mentioned", ())]
    if "messageId" in body and "editMessageId" not in body:
        assert extended.contextInfo.stanzaID == body["messageId"]
        assert extended.contextInfo.HasField("quotedMessage")
    if body.get("privateAnswer"):
        assert extended.contextInfo.remoteJID == told.chat


def document(message: Message, body: Body, told: Told) -> None:
    edit = message.editedMessage.message.protocolMessage
    assert (edit.type, edit.key.ID) == (ProtocolMessage.MESSAGE_EDIT, body["editDocumentMessageId"])
    edited = edit.editedMessage.documentWithCaptionMessage.message.documentMessage
    assert edited.caption == body["caption"]


def forward(message: Message, body: Body, told: Told) -> None:
    context = message.extendedTextMessage.contextInfo
    assert (context.isForwarded, context.forwardingScore) == (True, 1)


def reaction(message: Message, body: Body, told: Told) -> None:
    assert message.reactionMessage.text == body.get("reaction", "")
    assert body["messageId"] == message.reactionMessage.key.ID
    assert message.reactionMessage.senderTimestampMS > 0


def delete(message: Message, body: Body, told: Told) -> None:
    revoke = message.protocolMessage
    assert revoke.type == ProtocolMessage.REVOKE
    assert (revoke.key.ID, revoke.key.fromMe) == (body["messageId"], body["owner"] == "true")
    assert bool(revoke.key.participant) is (body["owner"] == "false")


def pin(message: Message, body: Body, told: Told) -> None:
    pinned = message.pinInChatMessage
    is_pin = body["messageAction"] == "pin"
    assert pinned.type == (PinInChatMessage.PIN_FOR_ALL if is_pin else PinInChatMessage.UNPIN_FOR_ALL)
    assert body["messageId"] == pinned.key.ID
    assert message.messageContextInfo.messageAddOnDurationInSecs == (2_592_000 if is_pin else 0)


def location(message: Message, body: Body, told: Told) -> None:
    place = message.locationMessage
    assert (place.name, place.address) == (body["title"], body["address"])
    assert (place.degreesLatitude, place.degreesLongitude) == (float(body["latitude"]), float(body["longitude"]))


def contact(message: Message, body: Body, told: Told) -> None:
    card = message.contactMessage
    digits = "".join(each for each in body["contactPhone"] if each.isdigit())
    assert card.displayName == body["contactName"]
    assert f"waid={digits}:+{digits}" in card.vcard
    assert ("X-WA-BIZ-DESCRIPTION" in card.vcard) is ("contactBusinessDescription" in body)


def contacts(message: Message, body: Body, told: Told) -> None:
    cards = message.contactsArrayMessage.contacts
    assert [card.displayName for card in cards] == [each["name"] for each in body["contacts"]]
    assert [card.vcard.count("TEL;") for card in cards] == [len(each["phones"]) for each in body["contacts"]]


def poll(message: Message, body: Body, told: Told) -> None:
    asked = message.pollCreationMessage
    assert asked.name == body["message"]
    assert [option.optionName for option in asked.options] == [option["name"] for option in body["poll"]]
    limit = body.get("pollMaxOptions", 0)
    assert asked.selectableOptionsCount == (limit if limit <= len(body["poll"]) else 0)
    assert len(message.messageContextInfo.messageSecret) == 32


def poll_vote(message: Message, body: Body, told: Told) -> None:
    update = message.pollUpdateMessage
    assert body["pollMessageId"] == update.pollCreationMessageKey.ID
    sealed = Sealed(update.vote.encIV, update.vote.encPayload)
    plain = open_sealed(sealed, Purpose.POLL_VOTE, body["pollMessageId"], told.poll, told.own_lid)
    chosen = [sha256(option["name"].encode()).digest() for option in body["pollVote"]]
    assert list(PollVoteMessage.FromString(plain).selectedOptions) == chosen


def event(message: Message, body: Body, told: Told) -> None:
    asked, found = body["event"], message.eventMessage
    assert found.name == asked["name"]
    assert found.startTime == int(datetime.fromisoformat(asked["dateTime"]).timestamp())
    assert len(message.messageContextInfo.messageSecret) == 32


def event_edit(message: Message, body: Body, told: Told) -> None:
    edit = message.secretEncryptedMessage
    assert (edit.targetMessageKey.ID, edit.targetMessageKey.fromMe) == (body["eventMessageId"], True)
    sealed = Sealed(edit.encIV, edit.encPayload)
    plain = open_sealed(sealed, Purpose.EVENT_EDIT, body["eventMessageId"], told.own_event, told.own_lid)
    edited = Message.FromString(plain).protocolMessage
    assert (edited.type, edited.key.ID) == (ProtocolMessage.MESSAGE_EDIT, body["eventMessageId"])
    assert edited.editedMessage.eventMessage.name == body["event"]["name"]


def event_response(message: Message, body: Body, told: Told) -> None:
    response = message.encEventResponseMessage
    assert body["eventMessageId"] == response.eventCreationMessageKey.ID
    sealed = Sealed(response.encIV, response.encPayload)
    plain = open_sealed(sealed, Purpose.EVENT_RESPONSE, body["eventMessageId"], told.event, told.own_lid)
    answer = EventResponseMessage.FromString(plain).response
    assert answer == EventResponseMessage.EventResponseType.Value(body["eventResponse"])


def buttons(message: Message, body: Body, told: Told) -> None:
    asked = body.get("buttonActions") or body.get("buttonList", {}).get("buttons")
    found = flow(message)
    assert message.interactiveMessage.body.text == body["message"]
    assert [parameters["display_text"] for _, parameters in found] == [button["label"] for button in asked]
    ids = [str(button.get("id", place)) for place, button in enumerate(asked, 1)]
    assert [parameters["id"] for _, parameters in found] == ids
    for (name, parameters), button in zip(found, asked, strict=True):
        if button.get("type") == "CALL":
            assert (name, parameters["phone_number"]) == ("cta_call", button["phone"])
        elif "COPY_CODE" in button.get("url", ""):
            assert (name, parameters["copy_code"]) == ("cta_copy", button["url"].rpartition("=")[2])
        elif button.get("type") == "URL":
            assert (name, parameters["url"]) == ("cta_url", button["url"])
        else:
            assert name == "quick_reply"


def options(message: Message, body: Body, told: Told) -> None:
    ((name, parameters),) = flow(message)
    asked = body["optionList"]
    (section,) = parameters["sections"]
    assert (name, parameters["title"], section["title"]) == ("single_select", asked["buttonLabel"], asked["title"])
    assert [(row["title"], row["description"]) for row in section["rows"]] == [
        (option["title"], option["description"]) for option in asked["options"]
    ]


def otp(message: Message, body: Body, told: Told) -> None:
    ((name, parameters),) = flow(message)
    assert (name, parameters["copy_code"]) == ("cta_copy", str(body["code"]))
    assert parameters["display_text"] == body.get("buttonText", "Copiar código")


def pix(message: Message, body: Body, told: Told) -> None:
    ((name, parameters),) = flow(message)
    (setting,) = parameters["payment_settings"]
    assert name == "payment_info"
    assert setting["pix_static_code"] == {
        "merchant_name": body["merchantName"] or "Pix",
        "key": body["pixKey"],
        "key_type": body["type"],
    }


def order(message: Message, body: Body, told: Told) -> None:
    ((name, parameters),) = flow(message)
    asked = body["order"]
    total = sum(product["value"] * product["quantity"] for product in asked["products"])
    total += asked.get("tax", 0) + asked.get("shipping", 0) - asked.get("discount", 0)
    assert parameters["total_amount"]["value"] / parameters["total_amount"]["offset"] == total
    assert parameters["currency"] == asked["currency"]
    assert [item["name"] for item in parameters["order"]["items"]] == [each["name"] for each in asked["products"]]
    if "referenceId" in body:
        assert (name, parameters["reference_id"]) == ("review_order", body["referenceId"])
        assert (parameters["order"]["status"], parameters["payment_status"]) == (
            body["orderStatus"],
            body["paymentStatus"],
        )
        assert message.interactiveMessage.contextInfo.stanzaID == body["messageId"]
    else:
        assert name == "review_and_pay"


def product(message: Message, body: Body, told: Told) -> None:
    assert message.productMessage.product.productID == body["productId"]
    assert message.productMessage.businessOwnerJID == f"{body['catalogPhone']}@s.whatsapp.net"


def catalog(message: Message, body: Body, told: Told) -> None:
    card = message.extendedTextMessage
    assert card.matchedText == f"https://wa.me/c/{body['catalogPhone']}"
    assert card.title == body.get("title", "Veja nosso catálogo no WhatsApp")


def invite(message: Message, body: Body, told: Told) -> None:
    asked, found = body["adminInviteMessage"], message.newsletterAdminInviteMessage
    assert (found.newsletterJID, found.caption) == (asked["newsletterId"], asked["caption"])
    assert found.inviteExpiration > 1_700_000_000


def status_text(message: Message, body: Body, told: Told) -> None:
    post = message.extendedTextMessage
    assert post.text == body["message"]
    assert (post.HasField("backgroundArgb"), post.HasField("textArgb"), post.HasField("font")) == (True, True, True)


def status_reply(message: Message, body: Body, told: Told) -> None:
    context = message.extendedTextMessage.contextInfo
    assert message.extendedTextMessage.text == body["message"]
    assert (context.stanzaID, context.remoteJID) == (body["statusMessageId"], "status@broadcast")


def flow(message: Message) -> list[tuple[str, dict[str, Any]]]:
    found = message.interactiveMessage.nativeFlowMessage.buttons
    return [(button.name, json.loads(button.buttonParamsJSON)) for button in found]


CHECKS: Mapping[str, Callable[[Message, Body, Told], None]] = {
    "text": text,
    "document": document,
    "forward": forward,
    "reaction": reaction,
    "reaction-removal": reaction,
    "delete": delete,
    "pin": pin,
    "location": location,
    "contact": contact,
    "contacts": contacts,
    "poll": poll,
    "poll-vote": poll_vote,
    "event": event,
    "event-edit": event_edit,
    "event-response": event_response,
    "button-actions": buttons,
    "button-list": buttons,
    "option-list": options,
    "button-otp": otp,
    "button-pix": pix,
    "order": order,
    "order-status": order,
    "order-payment": order,
    "product": product,
    "catalog": catalog,
    "newsletter-invite": invite,
    "status-reply-text": status_reply,
    "status-text": status_text,
}
