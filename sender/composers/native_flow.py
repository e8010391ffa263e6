"""Native flow: the one form in which WhatsApp shows buttons today. Each button is a name and its parameters in JSON."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from common.requests.messages.button import ActionButton, ReplyButton
from sender.composers.text import with_line_breaks
from sender.whatsapp.protobuf import (
    Button,
    DeviceListMetadata,
    Header,
    InteractiveMessage,
    Message,
    MessageContextInfo,
)

_COPY_HOST, _COPY_PATH = "www.whatsapp.com", "/otp/code/"


def interactive(text: str | None, buttons: Sequence[Button], header: Header | None = None, footer: str = "") -> Message:
    """Never in an envelope: the engine looks for buttons at the top alone."""
    return Message(
        interactiveMessage=card(text, buttons, header, footer),
        messageContextInfo=shown_by_phones(),
    )


def shown_by_phones() -> MessageContextInfo:
    """Phones leave out the buttons of a message that does not say this."""
    return MessageContextInfo(deviceListMetadata=DeviceListMetadata(), deviceListMetadataVersion=2)


def card(
    text: str | None, buttons: Sequence[Button], header: Header | None = None, footer: str = ""
) -> InteractiveMessage:
    flow = InteractiveMessage.NativeFlowMessage(buttons=buttons, messageVersion=1)
    message = InteractiveMessage(nativeFlowMessage=flow)
    if text is not None:
        message.body.text = with_line_breaks(text)
    if header is not None:
        message.header.CopyFrom(header)
    if footer:
        message.footer.text = with_line_breaks(footer)
    return message


def reply(button: ReplyButton, place: int) -> Button:
    return _button("quick_reply", display_text=button.label, id=_id(button, place))


def action(button: ActionButton, place: int) -> Button:
    """A call, an address, a reply, or a code to copy where the address is WhatsApp's own for that."""
    if button.type == "CALL":
        phone = "+" + (button.phone or "").lstrip("+")
        return _button("cta_call", display_text=button.label, id=_id(button, place), phone_number=phone)
    if button.type == "URL":
        url = button.url or ""
        code = _code_to_copy(url)
        if code is not None:
            return copy(button.label, code, _id(button, place))
        return _button("cta_url", display_text=button.label, id=_id(button, place), url=url, merchant_url=url)
    return reply(button, place)


def copy(label: str, code: str, button_id: str) -> Button:
    return _button("cta_copy", display_text=label, id=button_id, copy_code=code)


def choice(label: str, title: str, rows: Sequence[tuple[str, str, str]]) -> Button:
    """One of a list; each row is id, title and description."""
    listed = [{"header": "", "title": name, "description": text, "id": row} for row, name, text in rows]
    return _button("single_select", title=label, sections=[{"title": title, "highlight_label": "", "rows": listed}])


def payment(name: str, parameters: Any) -> Button:
    return _button(name, **parameters)


def _button(name: str, **parameters: Any) -> Button:
    return Button(name=name, buttonParamsJSON=orjson.dumps(parameters).decode())


def _id(button: ReplyButton, place: int) -> str:
    return button.id if button.id is not None else str(place)


def _code_to_copy(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.hostname != _COPY_HOST or parts.path != _COPY_PATH:
        return None
    query = parse_qs(parts.query)
    return query["code"][0] if query.get("otp_type") == ["COPY_CODE"] and query.get("code") else None
