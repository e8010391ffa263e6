"""Texts, and texts with the card of a link."""

from common.requests.messages.text import SendLink, SendText
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
    Operation(
        "POST",
        "send-link",
        Send(),
        "Send a text with the card of a link",
        Queued,
        body=SendLink,
        tag="messages",
        example={
            "phone": "5511988887777",
            "message": "Spring is here: https://shop.example.com",
            "image": "https://files.example.com/mug.png",
            "linkUrl": "https://shop.example.com",
            "title": "Shop",
            "linkDescription": "Mugs and cups",
            "linkType": "LARGE",
        },
    ),
)
