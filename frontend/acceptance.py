"""Acceptance: what the caller of a send is told once its message is stored. Prepared, because it is the hot path."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from frontend.enqueue import Ticket
from frontend.operation import Told

Message = MutableMapping[str, Any]
Acceptance = Callable[[Ticket], tuple[Message, bytes]]

_ZAAP_ID, _MESSAGE_ID = (
    b"0" * 32,
    b"0" * 22,
)  # all ids have one length, so all answers of a form have one and the same head


def _with_ids(template: bytes, message_ids: int) -> Acceptance:
    start = _start(200, len(template % (_ZAAP_ID, *[_MESSAGE_ID] * message_ids)))

    def accept(ticket: Ticket) -> tuple[Message, bytes]:
        message_id = ticket.message_id.encode()
        return start, template % (ticket.zaap_id.hex.upper().encode(), *(message_id,) * message_ids)

    return accept


def _with_nothing() -> Acceptance:
    start: Message = {"type": "http.response.start", "status": 204, "headers": []}
    return lambda ticket: (start, b"")


def _start(status: int, length: int) -> Message:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(length).encode())]
    return {"type": "http.response.start", "status": status, "headers": headers}


ACCEPTANCES: Mapping[Told, Acceptance] = {
    Told.IDS: _with_ids(b'{"zaapId":"%b","messageId":"%b","id":"%b"}', 2),
    Told.WITHOUT_ID: _with_ids(b'{"zaapId":"%b","messageId":"%b"}', 1),
    Told.ZAAP_ID: _with_ids(b'{"zaapId":"%b"}', 0),
    Told.NOTHING: _with_nothing(),
}
