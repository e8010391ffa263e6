"""Messages with something to tap. The older forms are composed as native flow, the one that WhatsApp still shows."""

from common.requests.messages.button import (
    COPY_THIS_CODE,
    SendButtonActions,
    SendButtonList,
    SendButtonOtp,
    SendButtonPix,
    SendCarousel,
    SendOptionList,
)
from sender.composers import native_flow
from sender.composers.file import image_of, video_of
from sender.composers.native_flow import interactive
from sender.composers.occasion import Composed, Occasion
from sender.composers.payment import pix_parameters
from sender.composers.text import with_line_breaks
from sender.whatsapp.protobuf import Header, InteractiveMessage, Message


async def compose_actions(send: SendButtonActions, occasion: Occasion) -> Composed:
    buttons = [native_flow.action(button, place) for place, button in enumerate(send.buttonActions, 1)]
    header = Header(title=send.title, hasMediaAttachment=False) if send.title else None
    return interactive(send.message, buttons, header, send.footer or "")


async def compose_list(send: SendButtonList, occasion: Occasion) -> Composed:
    asked = send.buttonList
    buttons = [native_flow.reply(button, place) for place, button in enumerate(asked.buttons, 1)]
    header = None
    if asked.image is not None:
        header = await _with_image(asked.image, occasion)
    elif asked.video is not None:
        header = Header(videoMessage=await video_of(asked.video, occasion), hasMediaAttachment=True)
    return interactive(send.message, buttons, header)


async def compose_options(send: SendOptionList, occasion: Occasion) -> Composed:
    asked = send.optionList
    rows = [
        (option.id if option.id is not None else str(place), option.title, option.description)
        for place, option in enumerate(asked.options, 1)
    ]
    return interactive(send.message, [native_flow.choice(asked.buttonLabel, asked.title, rows)])


async def compose_otp(send: SendButtonOtp, occasion: Occasion) -> Composed:
    header = None if send.image is None else await _with_image(send.image, occasion)
    button = native_flow.copy(send.buttonText or COPY_THIS_CODE, send.code, "1")
    return interactive(send.message, [button], header)


async def compose_pix(send: SendButtonPix, occasion: Occasion) -> Composed:
    parameters = pix_parameters(send.pixKey, send.type, send.merchantName or "Pix", occasion.random)
    return interactive(None, [native_flow.payment("payment_info", parameters)])


async def compose_carousel(send: SendCarousel, occasion: Occasion) -> Composed:
    cards = []
    for each in send.carousel:
        buttons = [native_flow.action(button, place) for place, button in enumerate(each.buttons or (), 1)]
        cards.append(native_flow.card(each.text, buttons, await _with_image(each.image, occasion)))
    carousel = InteractiveMessage.CarouselMessage(cards=cards, messageVersion=1)
    message = InteractiveMessage(carouselMessage=carousel)
    message.body.text = with_line_breaks(send.message)
    return Message(interactiveMessage=message, messageContextInfo=native_flow.shown_by_phones())


async def _with_image(source: str, occasion: Occasion) -> Header:
    return Header(imageMessage=await image_of(source, occasion), hasMediaAttachment=True)
