"""The contract of messages and status, in a form of our own: each route with its fields, and a body for each variant.

`fields` is a line of names. `!` is a required one, `?` one that a condition requires. `[]` goes into a list, a dot into
an object. Behind a colon stand its values (`A|B`), its range (`1..15`), `flag`, `some` (a list that must not be empty)
or `text` (which must not be).
"""

from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]

PERSON, OTHER, GROUP = "5511988887777", "5521977776666", "120363041234567890-group"
ID, SHOP = "3EB0A1B2C3D4E5F60718", "https://shop.example.com"
PICTURE, FILM, SOUND, PAPER = (f"https://files.example.com/it.{ending}" for ending in ("png", "mp4", "ogg", "pdf"))
PICTURE_DATA = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5Erk"
    "Jggg=="
)
FILM_DATA, SOUND_DATA = "data:video/mp4;base64,AAAAGGZ0eXBtcDQy", "data:audio/mpeg;base64,SUQzAwAAAAAAAA=="
PAPER_DATA = "data:application/pdf;base64,JVBERi0xLjQK"

PACE = " delayMessage:1..15 delayTyping:0..15"
TO = "phone!" + PACE
REPLY = TO + " messageId"
BUTTON = " {0}.id {0}.label!:text {0}.type!:CALL|URL|REPLY {0}.phone? {0}.url?"
EVENT = (
    " event! event.name!:text event.description event.dateTime! event.location event.location.name!:text"
    " event.callLinkType:voice|video event.canceled:flag event.timeZone"
)
UPDATE = (
    TO + " messageId! message referenceId! orderRequestId! orderStatus!:pending|processing|shipped|completed|canceled"
    " paymentStatus!:pending|paid order! order.currency! order.discount order.tax order.shipping"
    " order.products!:some order.products[].productId! order.products[].name!:text order.products[].value!"
    " order.products[].quantity! order.products[].isCustomItem!:flag"
)


@dataclass(frozen=True, slots=True)
class Route:
    """`told` is what an accepted call answers; `refused` are bodies beside those that the fields tell of."""

    path: str
    kind: str
    fields: str
    variants: dict[str, Body]
    told: tuple[str, ...] = ("zaapId", "messageId", "id")
    method: str = "POST"
    refused: dict[str, tuple[Body, str]] = field(default_factory=dict)


def paced(**body: Any) -> Body:
    return {"phone": PERSON, "delayMessage": 3, "delayTyping": 2, **body}


def plain(**body: Any) -> Body:
    return {"phone": PERSON, **body}


def to_group(**body: Any) -> Body:
    return {"phone": GROUP, "delayMessage": 1, "delayTyping": 15, **body}


_CALL = {"id": "c", "type": "CALL", "phone": "+551130001000", "label": "Ring us"}
_OPEN = {"id": "o", "type": "URL", "url": f"{SHOP}/mug", "label": "Look"}
_BARE_CALL = {"type": "CALL", "label": "Ring us"}
_BARE_OPEN = {"type": "URL", "label": "Look"}
_LINK = {"message": f"Now: {SHOP}", "image": PICTURE, "linkUrl": SHOP, "title": "Shop", "linkDescription": "Mugs"}
_KNOWN = [
    {"productId": "custom-item-Q", "name": "Wrap", "value": 3.5, "quantity": 2, "isCustomItem": True},
    {"productId": "7120", "name": "Mug", "value": 25, "quantity": 1, "isCustomItem": False},
]
_UPDATE = {
    "messageId": ID,
    "message": "On its way",
    "referenceId": "R1R1R1R1R1R",
    "orderRequestId": "Q2Q2Q2Q2Q2Q",
    "orderStatus": "shipped",
    "paymentStatus": "paid",
    "order": {"currency": "BRL", "discount": 1, "tax": 0.5, "shipping": 9.9, "products": _KNOWN},
}
_BARE_UPDATE = {
    **{name: value for name, value in _UPDATE.items() if name != "message"},
    "order": {"currency": "BRL", "products": _KNOWN},
}
_MEETING = {
    "name": "Stock day",
    "description": "Count it all",
    "dateTime": "2028-02-29T08:30:00.000Z",
    "location": {"name": "Depot"},
    "callLinkType": "voice",
    "canceled": True,
    "timeZone": "UTC-3",
}
_BARE_MEETING = {"name": "Stock day", "dateTime": "2028-02-29T08:30:00.000Z"}
_NOT_MEDIA = {
    "words": "the blue one",
    "bare base64": "iVBORw0KGgo=",
    "another scheme": "ftp://files.example.com/a.png",
    "a local file": "file:///etc/passwd",
    "broken base64": "data:image/png;base64,iVBOR*",
    "cut off base64": "data:image/png;base64,iVBOR",
    "no data": "data:image/png;base64,",
    "no mime": "data:;base64,iVBORw0KGgo=",
    "not base64": "data:image/png,abc",
    "somebody's kept file": "media:00000000-0000-0000-0000-000000000001",
    "a long URL": "https://files.example.com/" + "a" * 2_048,
}


def not_media(name: str, body: Body) -> dict[str, tuple[Body, str]]:
    return {f"{name}: {why}": ({**body, name: source}, f"{name}: ") for why, source in _NOT_MEDIA.items()}


MESSAGES = (
    Route(
        "send-text",
        "text",
        REPLY + " message!:text editMessageId privateAnswer:flag mentioned groupMentioned groupMentioned[].phone!"
        " groupMentioned[].subject! linkPreview:flag",
        {
            "plain": plain(message="hi"),
            "paced": paced(message="line\nline *bold* 🕊️"),
            "reply": plain(message="yes", messageId=ID),
            "private answer": to_group(message="just you", messageId=ID, privateAnswer=True),
            "edit": plain(message="better", editMessageId=ID),
            "people": to_group(message=f"hey @{PERSON}", mentioned=[PERSON, 5521977776666, "81234567890123@lid"]),
            "everybody": to_group(message="all", mentioned=[5521977776666, 5511988887777]),
            "nobody": to_group(message="none", mentioned=[]),
            "groups": to_group(message="see @12036304-group", groupMentioned=[{"phone": GROUP, "subject": "Shop"}]),
            "lid": {"phone": "81234567890123@lid", "message": "hi"},
            "old group": {"phone": "5511999999999-1623281429", "message": "hi"},
            "preview": plain(message=f"see {SHOP}", linkPreview=True),
            "meta ai": {"phone": "13135550002", "message": "who are you?"},
        },
        refused={
            "mentioned person": (plain(message="x", mentioned=["Ana"]), "mentioned.0: "),
            "mentioned group": (
                plain(message="x", groupMentioned=[{"phone": PERSON, "subject": "S"}]),
                "groupMentioned.0.phone: ",
            ),
        },
    ),
    Route(
        "forward-message",
        "forward",
        TO + " messageId!:text messagePhone!",
        {
            "to a person": paced(messageId=ID, messagePhone=OTHER),
            "from a group": plain(messageId=ID, messagePhone=GROUP),
        },
        told=("zaapId",),
        refused={"no chat": (plain(messageId=ID, messagePhone="somewhere"), "messagePhone: ")},
    ),
    Route(
        "send-reaction",
        "reaction",
        TO + " messageId!:text reaction!:text",
        {"thumb": paced(messageId=ID, reaction="👍"), "heart": plain(messageId=ID, reaction="❤️")},
        refused={"a novel": (plain(messageId=ID, reaction="👍" * 65), "reaction: ")},
    ),
    Route("send-remove-reaction", "reaction-removal", TO + " messageId!:text", {"removal": paced(messageId=ID)}),
    Route(
        "send-image",
        "image",
        REPLY + " image! caption viewOnce:flag",
        {
            "url": paced(image=PICTURE, caption="blue", messageId=ID, viewOnce=True),
            "data": plain(image=PICTURE_DATA, caption=""),
        },
        refused=not_media("image", plain()),
    ),
    Route(
        "send-sticker",
        "sticker",
        REPLY + " sticker! stickerAuthor",
        {"url": paced(sticker=PICTURE, stickerAuthor="Rita", messageId=ID), "data": plain(sticker=PICTURE_DATA)},
        refused=not_media("sticker", plain()),
    ),
    Route(
        "send-gif",
        "gif",
        REPLY + " gif! caption",
        {"url": paced(gif=FILM, caption="again", messageId=ID), "data": plain(gif=FILM_DATA, caption="")},
        refused={
            **not_media("gif", plain()),
            "gif: of image/gif": (
                plain(gif="data:image/gif;base64,R0lGODlh"),
                "gif: the data URI must be of video/mp4",
            ),
        },
    ),
    Route(
        "send-audio",
        "audio",
        REPLY + " audio! waveform:flag viewOnce:flag async:flag",
        {
            "url": paced(audio=SOUND, waveform=True, viewOnce=False, **{"async": True}),
            "data": plain(audio=SOUND_DATA, waveform=False, messageId=ID),
        },
        refused=not_media("audio", plain()),
    ),
    Route(
        "send-video",
        "video",
        REPLY + " video! caption viewOnce:flag async:flag",
        {
            "url": paced(video=FILM, caption="tour", messageId=ID, viewOnce=True, **{"async": False}),
            "data": plain(video=FILM_DATA),
        },
        refused=not_media("video", plain()),
    ),
    Route(
        "send-ptv",
        "ptv",
        REPLY + " ptv!",
        {"url": paced(ptv=FILM, messageId=ID), "data": plain(ptv=FILM_DATA)},
        refused={**not_media("ptv", plain()), "the other name": (plain(video=FILM), "ptv: field required")},
    ),
    Route(
        "send-document/{extension}",
        "document",
        REPLY + " document? fileName caption editDocumentMessageId",
        {
            "url": paced(document=PAPER, fileName="Bill", caption="due", messageId=ID),
            "data": plain(document=PAPER_DATA),
            "edit": plain(document=PAPER, caption="paid", editDocumentMessageId=ID),
            "edit without the file": plain(caption="paid", editDocumentMessageId=ID),
        },
        refused={**not_media("document", plain()), "no file": (plain(fileName="Bill"), "document: field required")},
    ),
    Route(
        "send-link",
        "link",
        REPLY + " message!:text image! linkUrl! title! linkDescription! linkType:SMALL|MEDIUM|LARGE",
        {
            "paced": paced(**_LINK, linkType="LARGE"),
            "reply": plain(**_LINK, messageId=ID),
            "link not in the text": plain(**{**_LINK, "message": "Now"}, linkType="MEDIUM"),
        },
        refused={
            **not_media("image", plain(**_LINK)),
            "no link": (plain(**{**_LINK, "linkUrl": "shop.example.com"}), "linkUrl: "),
        },
    ),
    Route(
        "send-location",
        "location",
        REPLY + " title!:text address! latitude!:-90..90 longitude!:-180..180",
        {
            "as text": paced(
                title="Depot", address="Rua C, 3", latitude="-25.4284", longitude="-49.2733", messageId=ID
            ),
            "as numbers": plain(title="Depot", address="Rua C, 3", latitude=-25.4284, longitude=0),
        },
        refused={
            "words": (plain(title="D", address="", latitude="north", longitude="1"), "latitude: "),
            "outside as text": (plain(title="D", address="", latitude="1", longitude="180.1"), "longitude: "),
            "not a number": (plain(title="D", address="", latitude="nan", longitude="1"), "latitude: "),
        },
    ),
    Route(
        "send-product",
        "product",
        TO + " catalogPhone! productId!:text",
        {"product": paced(catalogPhone="5511966665555", productId="7120")},
        refused={"no number": (plain(catalogPhone="shop", productId="7120"), "catalogPhone: ")},
    ),
    Route(
        "send-catalog",
        "catalog",
        TO + " catalogPhone! translation:EN|PT message title catalogDescription",
        {
            "everything": paced(
                catalogPhone="5511966665555", translation="EN", message="Look", title="Mugs", catalogDescription="New"
            ),
            "bare": plain(catalogPhone=5511966665555),
        },
    ),
    Route(
        "send-contact",
        "contact",
        REPLY + " contactName!:text contactPhone! contactBusinessDescription",
        {
            "everything": paced(
                contactName="Rita", contactPhone=OTHER, contactBusinessDescription="Sales", messageId=ID
            ),
            "bare": plain(contactName="Rita", contactPhone="+55 21 97777-6666"),
        },
        refused={"no number": (plain(contactName="Rita", contactPhone="her own"), "contactPhone: ")},
    ),
    Route(
        "send-contacts",
        "contacts",
        REPLY + " contacts!:some contacts[].name!:text contacts[].phones!:some contacts[].businessDescription",
        {
            "two": paced(
                contacts=[
                    {"name": "Rita", "phones": [OTHER, "552133334444"], "businessDescription": "Sales"},
                    {"name": "Davi", "phones": ["5531966665555"]},
                ],
                messageId=ID,
            )
        },
    ),
    Route(
        "send-button-actions",
        "button-actions",
        TO + " message!:text buttonActions!:some title footer" + BUTTON.format("buttonActions[]"),
        {
            "all sorts": paced(
                message="How?",
                title="Help",
                footer="daily",
                buttonActions=[_CALL, _OPEN, {"id": 3, "type": "REPLY", "label": "Later"}],
            ),
            "reply": plain(message="Go?", buttonActions=[{"type": "REPLY", "label": "Yes"}]),
            "copy": plain(
                message="Code",
                buttonActions=[
                    {
                        "type": "URL",
                        "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=91",
                        "label": "Copy",
                    }
                ],
            ),
        },
        refused={
            "call without phone": (plain(message="x", buttonActions=[_BARE_CALL]), "buttonActions.0.phone: "),
            "open without url": (plain(message="x", buttonActions=[_CALL, _BARE_OPEN]), "buttonActions.1.url: "),
            "lower case": (plain(message="x", buttonActions=[{"type": "url", "label": "x"}]), "buttonActions.0.type: "),
            "not a web address": (
                plain(message="x", buttonActions=[{**_BARE_OPEN, "url": "shop.example.com"}]),
                "buttonActions.0.url: ",
            ),
        },
    ),
    Route(
        "send-button-list",
        "button-list",
        TO + " message!:text buttonList! buttonList.buttons!:some buttonList.buttons[].id"
        " buttonList.buttons[].label!:text buttonList.image buttonList.video",
        {
            "text": paced(message="Ok?", buttonList={"buttons": [{"id": "y", "label": "Yes"}, {"label": "No"}]}),
            "image": plain(message="Which?", buttonList={"image": PICTURE, "buttons": [{"label": "Red"}]}),
            "video": to_group(message="Which?", buttonList={"video": FILM, "buttons": [{"label": "Red"}]}),
        },
        refused={
            "both": (
                plain(message="x", buttonList={"image": PICTURE, "video": FILM, "buttons": [{"label": "Red"}]}),
                "buttonList.video: ",
            ),
        },
    ),
    Route(
        "send-option-list",
        "option-list",
        TO + " message!:text optionList! optionList.title!:text optionList.buttonLabel!:text optionList.options!:some"
        " optionList.options[].id optionList.options[].title!:text optionList.options[].description!",
        {
            "options": paced(
                message="Who?",
                optionList={
                    "title": "Teams",
                    "buttonLabel": "Choose",
                    "options": [
                        {"id": "s", "title": "Sales", "description": "Prices"},
                        {"title": "Help", "description": ""},
                    ],
                },
            )
        },
    ),
    Route(
        "send-button-otp",
        "button-otp",
        TO + " message!:text code!:text image buttonText",
        {
            "everything": paced(message="Yours", code="774-120", image=PICTURE, buttonText="Take it"),
            "bare number": plain(message="Yours", code=774120),
        },
        refused=not_media("image", plain(message="x", code="1")),
    ),
    Route(
        "send-button-pix",
        "button-pix",
        TO + " pixKey!:text type!:CPF|CNPJ|PHONE|EMAIL|EVP merchantName",
        {
            "everything": paced(pixKey="pay@example.com", type="EMAIL", merchantName="Corner"),
            "bare": plain(pixKey="free words", type="EVP", merchantName=""),
        },
    ),
    Route(
        "send-carousel",
        "carousel",
        TO
        + " message!:text carousel!:some carousel[].text!:text carousel[].image! carousel[].buttons"
        + BUTTON.format("carousel[].buttons[]"),
        {
            "buttons": paced(message="New", carousel=[{"text": "Mug", "image": PICTURE, "buttons": [_CALL, _OPEN]}]),
            "no buttons": plain(
                message="New", carousel=[{"text": "Mug", "image": PICTURE}, {"text": "Cup", "image": PICTURE_DATA}]
            ),
        },
        refused={
            "call without phone": (
                plain(message="x", carousel=[{"text": "x", "image": PICTURE, "buttons": [_BARE_CALL]}]),
                "carousel.0.buttons.0.phone: ",
            ),
            "open without url": (
                plain(message="x", carousel=[{"text": "x", "image": PICTURE, "buttons": [_BARE_OPEN]}]),
                "carousel.0.buttons.0.url: ",
            ),
        },
    ),
    Route(
        "messages",
        "delete",
        "phone! messageId!:text owner!:flag",
        {
            "own": {"phone": PERSON, "messageId": ID, "owner": "true"},
            "theirs": {"phone": GROUP, "messageId": ID, "owner": "false"},
        },
        told=(),
        method="DELETE",
    ),
    Route("read-message", "read", TO + " messageId!:text", {"read": paced(messageId=ID)}, told=()),
    Route(
        "send-poll",
        "poll",
        TO + " message!:text poll!:some poll[].name!:text pollMaxOptions",
        {
            "one choice": to_group(message="Day?", poll=[{"name": "Mon"}, {"name": "Tue"}], pollMaxOptions=1),
            "any choice": plain(message="Days?", poll=[{"name": "Mon"}, {"name": "Tue"}, {"name": "Wed"}]),
            "more than there are": plain(message="Day?", poll=[{"name": "Mon"}], pollMaxOptions=5),
        },
        refused={"negative": (plain(message="x", poll=[{"name": "x"}], pollMaxOptions=-1), "pollMaxOptions: ")},
    ),
    Route(
        "send-poll-vote",
        "poll-vote",
        TO + " pollMessageId!:text pollVote! pollVote[].name!:text",
        {
            "two": to_group(pollMessageId=ID, pollVote=[{"name": "Mon"}, {"name": "Tue"}]),
            "none": plain(pollMessageId=ID, pollVote=[]),
        },
    ),
    Route(
        "send-order",
        "order",
        TO + " order! order.currency! order.discount order.tax order.shipping order.products!:some"
        " order.products[].productId order.products[].name!:text order.products[].value! order.products[].quantity!"
        " paymentSettings paymentSettings.pix paymentSettings.pix.key!:text"
        " paymentSettings.pix.keyType!:cpf|cnpj|phone|email|randomKey paymentSettings.pix.name!:text"
        " paymentSettings.card paymentSettings.card.enabled!:flag",
        {
            "everything": paced(
                order={
                    "currency": "BRL",
                    "discount": 4,
                    "tax": 2.5,
                    "shipping": 12,
                    "products": [
                        {"productId": "7120", "name": "Mug", "value": 25, "quantity": 2},
                        {"name": "Wrap", "value": 3.5, "quantity": 1},
                    ],
                },
                paymentSettings={
                    "pix": {"key": "pay@example.com", "keyType": "email", "name": "Corner"},
                    "card": {"enabled": True},
                },
            ),
            "bare": plain(order={"currency": "BRL", "products": [{"name": "Mug", "value": 25, "quantity": 1}]}),
        },
        refused={
            "negative price": (
                plain(order={"currency": "BRL", "products": [{"name": "x", "value": -1, "quantity": 1}]}),
                "order.products.0.value: ",
            ),
            "half a mug": (
                plain(order={"currency": "BRL", "products": [{"name": "x", "value": 1, "quantity": 0.5}]}),
                "order.products.0.quantity: ",
            ),
            "no currency": (
                plain(order={"currency": "reais", "products": [{"name": "x", "value": 1, "quantity": 1}]}),
                "order.currency: ",
            ),
        },
    ),
    Route("order-status-update", "order-status", UPDATE, {"news": paced(**_UPDATE), "bare": plain(**_BARE_UPDATE)}),
    Route("order-payment-update", "order-payment", UPDATE, {"news": paced(**_UPDATE), "bare": plain(**_BARE_UPDATE)}),
    Route(
        "pin-message",
        "pin",
        TO + " messageId!:text messageAction!:pin|unpin pinMessageDuration?:24_hours|7_days|30_days",
        {
            "pin": to_group(messageId=ID, messageAction="pin", pinMessageDuration="30_days"),
            "unpin": plain(messageId=ID, messageAction="unpin"),
            "unpin for a time": plain(messageId=ID, messageAction="unpin", pinMessageDuration="24_hours"),
        },
        refused={"for ever": (plain(messageId=ID, messageAction="pin"), "pinMessageDuration: ")},
    ),
    Route(
        "send-newsletter-admin-invite",
        "newsletter-invite",
        TO + " adminInviteMessage! adminInviteMessage.newsletterId! adminInviteMessage.caption!:text",
        {"invite": paced(adminInviteMessage={"newsletterId": "120363012345678901@newsletter", "caption": "You?"})},
        refused={
            "no suffix": (
                plain(adminInviteMessage={"newsletterId": "120363012345678901", "caption": "You?"}),
                "adminInviteMessage.newsletterId: ",
            ),
        },
    ),
    Route(
        "send-event",
        "event",
        TO + EVENT,
        {"everything": to_group(event=_MEETING), "bare": {"phone": GROUP, "event": _BARE_MEETING}},
        refused={
            "to a person": (plain(event=_BARE_MEETING), "phone: "),
            "no date": (to_group(event={"name": "x", "dateTime": "soon"}), "event.dateTime: "),
            "no clock": (to_group(event={"name": "x", "dateTime": "2028-02-29"}), "event.dateTime: "),
            "no such day": (to_group(event={"name": "x", "dateTime": "2027-02-29T08:30:00Z"}), "event.dateTime: "),
            "no zone": (to_group(event={**_BARE_MEETING, "timeZone": "America/Bahia"}), "event.timeZone: "),
        },
    ),
    Route(
        "send-edit-event",
        "event-edit",
        TO + " eventMessageId!:text" + EVENT,
        {
            "everything": to_group(eventMessageId=ID, event=_MEETING),
            "bare": {"phone": GROUP, "eventMessageId": ID, "event": _BARE_MEETING},
        },
        refused={"to a person": (plain(eventMessageId=ID, event=_BARE_MEETING), "phone: ")},
    ),
    Route(
        "send-event-response",
        "event-response",
        TO + " eventMessageId!:text eventResponse!:GOING|NOT_GOING",
        {
            "in a group": to_group(eventMessageId=ID, eventResponse="NOT_GOING"),
            "with a person": plain(eventMessageId=ID, eventResponse="GOING"),
        },
    ),
)

ANSWER = TO + " statusMessageId!:text"
POSTED = ("zaapId", "messageId")
SLOW = {"delayMessage": 2, "delayTyping": 1}

STATUS = (
    Route(
        "send-text-status", "status-text", PACE + " message!:text", {"text": {"message": "Open", **SLOW}}, told=POSTED
    ),
    Route(
        "send-image-status",
        "status-image",
        PACE + " image! caption",
        {
            "url": {"image": PICTURE, "caption": "New", **SLOW},
            "no caption": {"image": PICTURE},
            "data": {"image": PICTURE_DATA},
        },
        told=POSTED,
        refused=not_media("image", {}),
    ),
    Route(
        "send-video-status",
        "status-video",
        PACE + " video! caption",
        {"url": {"video": FILM, "caption": "Tour", **SLOW}, "data": {"video": FILM_DATA}},
        told=POSTED,
        refused=not_media("video", {}),
    ),
    Route(
        "reply-status-text",
        "status-reply-text",
        ANSWER + " message!:text",
        {
            "text": paced(message="Great", statusMessageId=ID),
            "lid": {"phone": "81234567890123@lid", "message": "x", "statusMessageId": ID},
        },
        refused={"to a group": ({"phone": GROUP, "message": "x", "statusMessageId": ID}, "phone: ")},
    ),
    Route(
        "reply-status-gif",
        "status-reply-gif",
        ANSWER + " gif!",
        {"url": paced(gif=FILM, statusMessageId=ID), "data": plain(gif=FILM_DATA, statusMessageId=ID)},
        refused=not_media("gif", plain(statusMessageId=ID)),
    ),
    Route(
        "reply-status-sticker",
        "status-reply-sticker",
        ANSWER + " sticker!",
        {"url": paced(sticker=PICTURE, statusMessageId=ID), "data": plain(sticker=PICTURE_DATA, statusMessageId=ID)},
        refused=not_media("sticker", plain(statusMessageId=ID)),
    ),
)

ROUTES = (*MESSAGES, *STATUS)
