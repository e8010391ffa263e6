"""Buttons on the wire: always native flow."""

import json
from typing import Any

import pytest

from sender.composers.media import File, Form
from sender.whatsapp.protobuf import DeviceListMetadata, InteractiveMessage, Message, MessageContextInfo
from tests.sender.composers.desk import Desk, uploaded

pytestmark = pytest.mark.anyio

SHOWN = MessageContextInfo(deviceListMetadata=DeviceListMetadata(), deviceListMetadataVersion=2)
PICTURE, FILM = "https://files.example.com/mug.png", "https://files.example.com/tour.mp4"
COPY_LINK = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=88%2041"


def flow_of(message: Message) -> list[tuple[str, dict[str, Any]]]:
    """The buttons, after checking what every native flow must have."""
    assert message.messageContextInfo == SHOWN
    flow = message.interactiveMessage.nativeFlowMessage
    assert flow.messageVersion == 1
    return [(button.name, json.loads(button.buttonParamsJSON)) for button in flow.buttons]


async def test_actions_call_open_reply_and_copy(desk: Desk) -> None:
    composed = await desk.compose(
        "button-actions",
        message="How can\rwe help?",
        title="Support",
        footer="Mon to Fri",
        buttonActions=[
            {"id": "c", "type": "CALL", "phone": "551130001000", "label": "Call"},
            {"id": "p", "type": "CALL", "phone": "+551130001000", "label": "Call too"},
            {"type": "URL", "url": "https://shop.example.com", "label": "Shop"},
            {"id": "r", "type": "REPLY", "label": "Later"},
            {"type": "URL", "url": COPY_LINK, "label": "Copy"},
        ],
    )
    assert flow_of(composed) == [
        ("cta_call", {"display_text": "Call", "id": "c", "phone_number": "+551130001000"}),
        ("cta_call", {"display_text": "Call too", "id": "p", "phone_number": "+551130001000"}),
        (
            "cta_url",
            {
                "display_text": "Shop",
                "id": "3",
                "url": "https://shop.example.com",
                "merchant_url": "https://shop.example.com",
            },
        ),
        ("quick_reply", {"display_text": "Later", "id": "r"}),
        ("cta_copy", {"display_text": "Copy", "id": "5", "copy_code": "88 41"}),
    ]
    message = composed.interactiveMessage
    assert (message.body.text, message.footer.text) == ("How can\nwe help?", "Mon to Fri")
    assert message.header == InteractiveMessage.Header(title="Support", hasMediaAttachment=False)


async def test_without_title_and_footer_there_is_neither(desk: Desk) -> None:
    composed = await desk.compose("button-actions", message="Go?", buttonActions=[{"type": "REPLY", "label": "Yes"}])
    assert not composed.interactiveMessage.HasField("header")
    assert not composed.interactiveMessage.HasField("footer")


async def test_reply_buttons_have_the_caller_s_ids_or_their_places(desk: Desk) -> None:
    composed = await desk.compose(
        "button-list",
        message="Friday?",
        buttonList={"buttons": [{"id": "yes", "label": "Yes"}, {"label": "No"}, {"id": 7, "label": "Maybe"}]},
    )
    assert flow_of(composed) == [
        ("quick_reply", {"display_text": "Yes", "id": "yes"}),
        ("quick_reply", {"display_text": "No", "id": "2"}),
        ("quick_reply", {"display_text": "Maybe", "id": "7"}),
    ]
    assert composed.interactiveMessage.body.text == "Friday?"
    assert not composed.interactiveMessage.HasField("header")


@pytest.mark.parametrize(("field", "source", "form"), [("image", PICTURE, Form.IMAGE), ("video", FILM, Form.VIDEO)])
async def test_reply_buttons_may_stand_under_a_picture_or_a_film(
    desk: Desk, field: str, source: str, form: Form
) -> None:
    composed = await desk.compose(
        "button-list", message="Pick", buttonList={field: source, "buttons": [{"label": "Red"}]}
    )
    header = composed.interactiveMessage.header
    media = getattr(header, f"{field}Message")
    assert header.hasMediaAttachment
    assert (media.directPath, media.mediaKey) == (uploaded(form).direct_path, uploaded(form).media_key)
    assert media.JPEGThumbnail == b"small " + form.value.encode()
    assert desk.media.files == [File(source, form)]
    assert len(flow_of(composed)) == 1


async def test_options_are_one_list_behind_one_button(desk: Desk) -> None:
    composed = await desk.compose(
        "option-list",
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
    rows = [
        {"header": "", "title": "Sales", "description": "Prices", "id": "s"},
        {"header": "", "title": "Help", "description": "", "id": "2"},
    ]
    section = {"title": "Teams", "highlight_label": "", "rows": rows}
    assert flow_of(composed) == [("single_select", {"title": "Choose", "sections": [section]})]


@pytest.mark.parametrize(("code", "label"), [("774-120", None), (774120, "Copy")])
async def test_a_code_is_copied(desk: Desk, code: object, label: str | None) -> None:
    body = {} if label is None else {"buttonText": label}
    composed = await desk.compose("button-otp", message="Your code", code=code, **body)
    expected = {"display_text": label or "Copiar código", "id": "1", "copy_code": str(code)}
    assert flow_of(composed) == [("cta_copy", expected)]
    assert not composed.interactiveMessage.HasField("header")


async def test_a_code_may_stand_under_a_picture(desk: Desk) -> None:
    composed = await desk.compose("button-otp", message="Your code", code="1", image=PICTURE)
    assert composed.interactiveMessage.header.imageMessage.directPath == uploaded(Form.IMAGE).direct_path


@pytest.mark.parametrize(("merchant", "shown"), [("Corner shop", "Corner shop"), ("", "Pix"), (None, "Pix")])
async def test_a_pix_key_is_payment_info_without_a_text(desk: Desk, merchant: str | None, shown: str) -> None:
    body = {} if merchant is None else {"merchantName": merchant}
    composed = await desk.compose("button-pix", pixKey="any words", type="EVP", **body)
    ((name, parameters),) = flow_of(composed)
    assert name == "payment_info"
    assert parameters["currency"] == "BRL"
    assert len(parameters["reference_id"]) == 11
    assert parameters["payment_settings"] == [
        {
            "type": "pix_static_code",
            "pix_static_code": {"merchant_name": shown, "key": "any words", "key_type": "EVP"},
        }
    ]
    assert not composed.interactiveMessage.HasField("body")


async def test_a_carousel_has_a_card_for_each_picture(desk: Desk) -> None:
    composed = await desk.compose(
        "carousel",
        message="New",
        carousel=[
            {
                "text": "Mug",
                "image": PICTURE,
                "buttons": [
                    {"id": "1", "type": "URL", "url": "https://shop.example.com/mug", "label": "Buy"},
                    {"type": "REPLY", "label": "Ask"},
                ],
            },
            {"text": "Cup", "image": PICTURE},
        ],
    )
    message = composed.interactiveMessage
    assert composed.messageContextInfo == SHOWN
    assert (message.body.text, message.carouselMessage.messageVersion) == ("New", 1)
    mug, cup = message.carouselMessage.cards
    assert (mug.body.text, cup.body.text) == ("Mug", "Cup")
    assert [button.name for button in mug.nativeFlowMessage.buttons] == ["cta_url", "quick_reply"]
    assert json.loads(mug.nativeFlowMessage.buttons[1].buttonParamsJSON) == {"display_text": "Ask", "id": "2"}
    assert len(cup.nativeFlowMessage.buttons) == 0
    for card in (mug, cup):
        assert card.header.hasMediaAttachment
        assert card.header.imageMessage.mediaKey == uploaded(Form.IMAGE).media_key
    assert desk.media.files == [File(PICTURE, Form.IMAGE)] * 2
