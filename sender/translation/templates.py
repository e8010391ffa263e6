"""Templates, buttons and carousels as they arrive, and what was tapped or picked."""

from collections.abc import Iterable
from typing import Any

import orjson

from sender.translation import commerce
from sender.translation.cards import place
from sender.translation.files import header_document, header_image, header_video
from sender.translation.scene import Scene

ONE_TIME_CODE = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp"


def template(part: Any, scene: Scene) -> dict[str, Any]:
    kind = part.WhichOneof("format")
    if kind == "interactiveMessageTemplate":
        return interactive(part.interactiveMessageTemplate, scene)
    rows = part.hydratedFourRowTemplate if kind == "hydratedFourRowTemplate" else part.hydratedTemplate
    return {
        "hydratedTemplate": {
            "header": _header(rows, scene),
            "message": rows.hydratedContentText,
            "footer": rows.hydratedFooterText,
            "title": rows.hydratedTitleText,
            "templateId": rows.templateID or part.templateID,
            "hydratedButtons": list(_hydrated(rows.hydratedButtons)),
        }
    }


def interactive(part: Any, scene: Scene) -> dict[str, Any]:
    """One message of WhatsApp for many things: the name of its first button tells which."""
    if part.WhichOneof("interactiveMessage") == "carouselMessage":
        cards = [_card(card, scene) for card in part.carouselMessage.cards]
        return {"carouselMessage": {"text": part.body.text, "cards": cards}}
    buttons = list(part.nativeFlowMessage.buttons)
    if buttons and (read := commerce.NATIVE.get(buttons[0].name)) and (body := read(_params(buttons[0]))):
        return body
    return {
        "hydratedTemplate": {
            "header": _header(part.header, scene),
            "message": part.body.text,
            "footer": part.footer.text,
            "title": part.header.title,
            "templateId": "",
            "hydratedButtons": list(_native(buttons)),
        }
    }


def buttons(part: Any, scene: Scene) -> dict[str, Any]:
    header = part.WhichOneof("header")
    picture = scene.link("image", part.imageMessage).url if header == "imageMessage" else None
    film = scene.link("video", part.videoMessage).url if header == "videoMessage" else None
    return {
        "buttonsMessage": {
            "imageUrl": picture,
            "videoUrl": film,
            "message": part.contentText,
            "buttons": [
                {
                    "buttonId": button.buttonID,
                    "type": button.type,
                    "buttonText": {"displayText": button.buttonText.displayText},
                }
                for button in part.buttons
            ],
        }
    }


def buttons_response(part: Any, scene: Scene) -> dict[str, Any]:
    return {"buttonsResponseMessage": {"buttonId": part.selectedButtonID, "message": part.selectedDisplayText}}


def template_response(part: Any, scene: Scene) -> dict[str, Any]:
    return {"buttonsResponseMessage": {"buttonId": part.selectedID, "message": part.selectedDisplayText}}


def list_response(part: Any, scene: Scene) -> dict[str, Any]:
    return {
        "listResponseMessage": {
            "message": f"{part.title} {part.description}".strip(),
            "title": part.title,
            "selectedRowId": part.singleSelectReply.selectedRowID,
        }
    }


def interactive_response(part: Any, scene: Scene) -> dict[str, Any]:
    flow = part.nativeFlowResponseMessage
    chosen = _json(flow.paramsJSON)
    identifier = str(chosen.get("id", ""))
    if flow.name == "menu_options" and "title" in chosen:
        row = {"message": part.body.text, "title": str(chosen["title"]), "selectedRowId": identifier}
        return {"listResponseMessage": row}
    return {"buttonsResponseMessage": {"buttonId": identifier, "message": part.body.text}}


def _card(card: Any, scene: Scene) -> dict[str, Any]:
    return {
        "header": _header(card.header, scene),
        "message": card.body.text,
        "footer": card.footer.text,
        "title": card.header.title,
        "hydratedButtons": list(_native(card.nativeFlowMessage.buttons)),
    }


def _header(part: Any, scene: Scene) -> dict[str, Any]:
    """At most one medium."""
    if part.HasField("imageMessage"):
        return {"image": header_image(part.imageMessage, scene)}
    if part.HasField("videoMessage"):
        return {"video": header_video(part.videoMessage, scene)}
    if part.HasField("documentMessage"):
        return {"document": header_document(part.documentMessage, scene)}
    if part.HasField("locationMessage"):
        return {"location": place(part.locationMessage)}
    return {}


def _hydrated(buttons: Iterable[Any]) -> Iterable[dict[str, Any]]:
    """Links and answers; a button that calls has no documented form."""
    for button in buttons:
        match button.WhichOneof("hydratedButton"):
            case "urlButton":
                shown = {"displayText": button.urlButton.displayText, "url": button.urlButton.URL}
                yield {"index": button.index, "urlButton": shown}
            case "quickReplyButton":
                shown = {"displayText": button.quickReplyButton.displayText, "id": button.quickReplyButton.ID}
                yield {"index": button.index, "quickReplyButton": shown}


def _native(buttons: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for index, button in enumerate(buttons):
        params = _params(button)
        text = str(params.get("display_text", ""))
        match button.name:
            case "cta_url":
                yield {"index": index, "urlButton": {"displayText": text, "url": str(params.get("url", ""))}}
            case "quick_reply":
                yield {"index": index, "quickReplyButton": {"displayText": text, "id": str(params.get("id", ""))}}
            case "cta_copy":
                yield {"index": index, "urlButton": {"displayText": text, "url": ONE_TIME_CODE + _code(params)}}


def _code(params: dict[str, Any]) -> str:
    return str(params.get("copy_code", ""))


def _params(button: Any) -> dict[str, Any]:
    return _json(button.buttonParamsJSON)


def _json(text: str) -> dict[str, Any]:
    """What others wrote: anything but an object counts as empty."""
    try:
        read = orjson.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


FAMILY = {
    "templateMessage": template,
    "interactiveMessage": interactive,
    "buttonsMessage": buttons,
    "buttonsResponseMessage": buttons_response,
    "templateButtonReplyMessage": template_response,
    "listResponseMessage": list_response,
    "interactiveResponseMessage": interactive_response,
}
