"""What the library says when a send fails, as errors that carry a decision."""

import re

from common.errors import (
    DeliveryError,
    NewChatLimit,
    NotConnected,
    NotOnWhatsApp,
    OutcomeUnknown,
    Refused,
    TemporaryFailure,
)
from sender.whatsapp.powers.refusals import QuestionRefused

_SERVER_ERROR = re.compile(r"server returned error (\d+)")
_QUERY_STATUS = re.compile(r"info query returned status (\d+)")

NOT_IMPLEMENTED = 501

_NOT_CONNECTED = (
    "websocket not connected",
    "websocket disconnected",
    "client is nil",
    "store doesn't contain a device",
)
_NOT_ON_WHATSAPP = ("no LID found for", "not on WhatsApp")
_REFUSED = (
    "unknown server",
    "must be a user JID",
    "can't send message type",
    "recipient server",
    "frame too large",
    "phone number",
    "that group does not exist",
    "not participating in that group",
)


def failure_of_send(text: str, *, is_on_wire: bool) -> DeliveryError:
    """`is_on_wire`: the library was about to write the bytes, or it is not known that it was not.

    From then on only the server's own refusal is certain. The library says "websocket not connected" also when a
    connection broke under a message that had already left.
    """
    if match := _SERVER_ERROR.search(text):
        return _refused_by_server(int(match[1]), f"WhatsApp's server answered {match[1]}")
    if is_on_wire:
        return OutcomeUnknown(without_addresses(text))
    if any(part in text for part in _NOT_ON_WHATSAPP):
        return NotOnWhatsApp()
    if match := _QUERY_STATUS.search(text):
        return _refused_by_server(int(match[1]), f"WhatsApp's server answered {match[1]} while the send was prepared")
    if any(part in text for part in _NOT_CONNECTED):
        return NotConnected()
    if any(part in text for part in _REFUSED):
        return Refused(without_addresses(text))
    return TemporaryFailure(without_addresses(text))


def failure_of_answer(code: int) -> DeliveryError:
    """WhatsApp answered a question of ours with an error. A refusal keeps its number, which says more to who asked."""
    if code == NOT_IMPLEMENTED:
        return QuestionRefused(code)
    failure = _refused_by_server(code, f"WhatsApp's server answered {code}")
    return QuestionRefused(code) if type(failure) is Refused else failure


def without_addresses(text: str) -> str:
    """What is stored with a message and shown to its sender is no place for somebody's number."""
    return re.sub(r"\d{5,}(:\d+)?@[\w.]+", "[address]", text)[:300]


def _refused_by_server(code: int, detail: str) -> DeliveryError:
    if code == 463:
        return NewChatLimit()
    if code == 429 or code >= 500:
        return TemporaryFailure(detail)
    return Refused(detail)
