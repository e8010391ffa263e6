"""Status: post one, or answer somebody's in their chat."""

from common.requests.messages.status import (
    ReplyStatusGif,
    ReplyStatusSticker,
    ReplyStatusText,
    SendImageStatus,
    SendTextStatus,
    SendVideoStatus,
)
from frontend.operation import Operation, Send, Told
from frontend.replies.messages import Queued, QueuedStatus

OPERATIONS = (
    Operation(
        "POST",
        "send-text-status",
        Send(Told.WITHOUT_ID),
        "Post a text as status",
        QueuedStatus,
        body=SendTextStatus,
        tag="status",
        example={"message": "Open until 8 pm"},
    ),
    Operation(
        "POST",
        "send-image-status",
        Send(Told.WITHOUT_ID),
        "Post an image as status",
        QueuedStatus,
        body=SendImageStatus,
        tag="status",
        example={"image": "https://files.example.com/mug.png", "caption": "New"},
    ),
    Operation(
        "POST",
        "send-video-status",
        Send(Told.WITHOUT_ID),
        "Post a video as status",
        QueuedStatus,
        body=SendVideoStatus,
        tag="status",
        example={"video": "https://files.example.com/tour.mp4"},
    ),
    Operation(
        "POST",
        "reply-status-text",
        Send(),
        "Answer a status with a text",
        Queued,
        body=ReplyStatusText,
        tag="status",
        example={
            "phone": "5511988887777",
            "message": "Great picture",
            "statusMessageId": "3EB0C1D2E3F40516273849",
        },
    ),
    Operation(
        "POST",
        "reply-status-gif",
        Send(),
        "Answer a status with a GIF",
        Queued,
        body=ReplyStatusGif,
        tag="status",
        example={
            "phone": "5511988887777",
            "gif": "https://files.example.com/tour.mp4",
            "statusMessageId": "3EB0C1D2E3F40516273849",
        },
    ),
    Operation(
        "POST",
        "reply-status-sticker",
        Send(),
        "Answer a status with a sticker",
        Queued,
        body=ReplyStatusSticker,
        tag="status",
        example={
            "phone": "5511988887777",
            "sticker": "https://files.example.com/mug.png",
            "statusMessageId": "3EB0C1D2E3F40516273849",
        },
    ),
)
