"""Sending. Every route here only enqueues, so a new kind of message is a model and a line."""

from common.requests.messages import SendText
from frontend.operation import Operation, Send
from frontend.replies.messages import Queued

OPERATIONS = (
    Operation(
        "POST",
        "send-text",
        Send(),
        "Send a text; edit one, reply, mention members or groups",
        Queued,
        body=SendText,
        tag="messages",
        example={"phone": "5511988887777", "message": "Order *1042* left the warehouse", "delayTyping": 2},
    ),
)
