"""Messages with something to tap."""

from common.requests.messages.button import (
    SendButtonActions,
    SendButtonList,
    SendButtonOtp,
    SendButtonPix,
    SendCarousel,
    SendOptionList,
)
from frontend.operation import Operation, Send
from frontend.replies.messages import Queued

OPERATIONS = (
    Operation(
        "POST",
        "send-button-actions",
        Send(),
        "Send buttons that call, open an address or reply",
        Queued,
        body=SendButtonActions,
        tag="messages",
        example={
            "phone": "5511988887777",
            "message": "How can we help?",
            "footer": "Mon to Fri",
            "buttonActions": [
                {"id": "call", "type": "CALL", "phone": "551130001000", "label": "Call us"},
                {"id": "site", "type": "URL", "url": "https://shop.example.com", "label": "Shop"},
            ],
        },
    ),
    Operation(
        "POST",
        "send-button-list",
        Send(),
        "Send reply buttons under a text, an image or a video",
        Queued,
        body=SendButtonList,
        tag="messages",
        example={
            "phone": "5511988887777",
            "message": "Is Friday fine?",
            "buttonList": {"buttons": [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]},
        },
    ),
    Operation(
        "POST",
        "send-option-list",
        Send(),
        "Send a button that opens a list",
        Queued,
        body=SendOptionList,
        tag="messages",
        example={
            "phone": "5511988887777",
            "message": "Who should answer?",
            "optionList": {
                "title": "Teams",
                "buttonLabel": "Choose",
                "options": [{"id": "sales", "title": "Sales", "description": "Prices and orders"}],
            },
        },
    ),
    Operation(
        "POST",
        "send-button-otp",
        Send(),
        "Send a button that copies a code",
        Queued,
        body=SendButtonOtp,
        tag="messages",
        example={"phone": "5511988887777", "message": "Your code", "code": "774-120", "buttonText": "Copy"},
    ),
    Operation(
        "POST",
        "send-button-pix",
        Send(),
        "Send a PIX key with a button that copies it",
        Queued,
        body=SendButtonPix,
        tag="messages",
        example={"phone": "5511988887777", "pixKey": "pay@example.com", "type": "EMAIL", "merchantName": "Corner shop"},
    ),
    Operation(
        "POST",
        "send-carousel",
        Send(),
        "Send cards to swipe through",
        Queued,
        body=SendCarousel,
        tag="messages",
        example={
            "phone": "5511988887777",
            "message": "New this week",
            "carousel": [
                {
                    "text": "Blue mug",
                    "image": "https://files.example.com/mug.png",
                    "buttons": [{"id": "buy", "type": "URL", "url": "https://shop.example.com/mug", "label": "Buy"}],
                }
            ],
        },
    ),
)
