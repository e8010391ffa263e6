"""Which composer makes which kind of message: stored request -> waE2E.Message, or what else is to be done."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError

from common.errors import CannotCompose
from common.requests.media_source import STORED
from common.requests.messages import MODELS
from sender.composers import business, button, event, file, place, poll, reference, status, text
from sender.composers.occasion import Composed, Occasion, Request

COMPOSERS: Mapping[str, Callable[[Any, Occasion], Awaitable[Composed]]] = {
    "text": text.compose_text,
    "link": text.compose_link,
    "location": place.compose_location,
    "contact": place.compose_contact,
    "contacts": place.compose_contacts,
    "reaction": reference.compose_reaction,
    "reaction-removal": reference.compose_reaction_removal,
    "delete": reference.compose_deletion,
    "read": reference.compose_read,
    "forward": reference.compose_forward,
    "pin": reference.compose_pin,
    "poll": poll.compose_poll,
    "poll-vote": poll.compose_vote,
    "button-actions": button.compose_actions,
    "button-list": button.compose_list,
    "option-list": button.compose_options,
    "button-otp": button.compose_otp,
    "button-pix": button.compose_pix,
    "carousel": button.compose_carousel,
    "product": business.compose_product,
    "catalog": business.compose_catalog,
    "order": business.compose_order,
    "order-status": business.compose_order_update,
    "order-payment": business.compose_order_update,
    "newsletter-invite": business.compose_admin_invite,
    "event": event.compose_event,
    "event-edit": event.compose_edit,
    "event-response": event.compose_response,
    "image": file.compose_image,
    "sticker": file.compose_sticker,
    "gif": file.compose_gif,
    "audio": file.compose_audio,
    "video": file.compose_video,
    "ptv": file.compose_ptv,
    "document": file.compose_document,
    "status-text": status.compose_text,
    "status-image": status.compose_image,
    "status-video": status.compose_video,
    "status-reply-text": status.compose_text_reply,
    "status-reply-gif": status.compose_gif_reply,
    "status-reply-sticker": status.compose_sticker_reply,
}


async def compose(request: Request, occasion: Occasion) -> Composed:
    """Raises CannotCompose for a kind or a payload that this version cannot read, and what the composer raises."""
    composer, model = COMPOSERS.get(request.kind), MODELS.get(request.kind)
    if composer is None or model is None:
        raise CannotCompose(f"messages of kind {request.kind} cannot be sent by this version")
    try:
        send = model.model_validate_json(request.payload, context=STORED)
    except ValidationError as error:
        raise CannotCompose(f"the stored request is not valid: {error.error_count()} errors") from error
    return await composer(send, occasion)
