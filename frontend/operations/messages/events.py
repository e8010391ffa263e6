"""Events of a group."""

from common.requests.messages.event import SendEditEvent, SendEvent, SendEventResponse
from frontend.operation import Operation, Send
from frontend.replies.messages import Queued

OPERATIONS = (
    Operation(
        "POST",
        "send-event",
        Send(),
        "Announce an event in a group",
        Queued,
        body=SendEvent,
        tag="messages",
        example={
            "phone": "120363041234567890-group",
            "event": {
                "name": "Planning",
                "dateTime": "2027-05-03T14:00:00.000Z",
                "timeZone": "UTC-3",
                "location": {"name": "Room 2"},
                "canceled": False,
            },
        },
    ),
    Operation(
        "POST",
        "send-edit-event",
        Send(),
        "Change or cancel an event",
        Queued,
        body=SendEditEvent,
        tag="messages",
        example={
            "phone": "120363041234567890-group",
            "eventMessageId": "3EB0C1D2E3F40516273849",
            "event": {
                "name": "Planning",
                "dateTime": "2027-05-03T14:00:00.000Z",
                "timeZone": "UTC-3",
                "location": {"name": "Room 2"},
                "canceled": True,
            },
        },
    ),
    Operation(
        "POST",
        "send-event-response",
        Send(),
        "Answer an event",
        Queued,
        body=SendEventResponse,
        tag="messages",
        example={
            "phone": "120363041234567890-group",
            "eventMessageId": "3EB0C1D2E3F40516273849",
            "eventResponse": "GOING",
        },
    ),
)
