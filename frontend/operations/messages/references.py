"""What is done to an earlier message."""

from common.requests.messages.reference import (
    DeleteMessage,
    ForwardMessage,
    PinMessage,
    ReadMessage,
    SendReaction,
    SendRemoveReaction,
)
from frontend.operation import Operation, Send, Told
from frontend.replies.messages import Queued, QueuedForward

OPERATIONS = (
    Operation(
        "POST",
        "forward-message",
        Send(Told.ZAAP_ID),
        "Forward a message to another chat",
        QueuedForward,
        body=ForwardMessage,
        tag="messages",
        example={"phone": "5511988887777", "messageId": "3EB0C1D2E3F40516273849", "messagePhone": "5521977776666"},
    ),
    Operation(
        "POST",
        "send-reaction",
        Send(),
        "React to a message",
        Queued,
        body=SendReaction,
        tag="messages",
        example={"phone": "5511988887777", "messageId": "3EB0C1D2E3F40516273849", "reaction": "👍"},
    ),
    Operation(
        "POST",
        "send-remove-reaction",
        Send(),
        "Take a reaction back",
        Queued,
        body=SendRemoveReaction,
        tag="messages",
        example={"phone": "5511988887777", "messageId": "3EB0C1D2E3F40516273849"},
    ),
    Operation(
        "POST",
        "pin-message",
        Send(),
        "Pin or unpin a message in its chat",
        Queued,
        body=PinMessage,
        tag="messages",
        example={
            "phone": "120363041234567890-group",
            "messageId": "3EB0C1D2E3F40516273849",
            "messageAction": "pin",
            "pinMessageDuration": "7_days",
        },
    ),
    Operation(
        "POST",
        "read-message",
        Send(Told.NOTHING),
        "Mark a message as read",
        None,
        body=ReadMessage,
        status=204,
        tag="messages",
        example={"phone": "5511988887777", "messageId": "3EB0C1D2E3F40516273849"},
    ),
    Operation(
        "DELETE",
        "messages",
        Send(Told.NOTHING),
        "Delete a message, sent or received",
        None,
        query=DeleteMessage,
        status=204,
        tag="messages",
    ),
)
