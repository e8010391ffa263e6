"""Places, people and polls."""

from common.requests.messages.place import SendContact, SendContacts, SendLocation
from common.requests.messages.poll import SendPoll, SendPollVote
from frontend.operation import Operation, Send
from frontend.replies.messages import Queued

OPERATIONS = (
    Operation(
        "POST",
        "send-location",
        Send(),
        "Send a fixed location",
        Queued,
        body=SendLocation,
        tag="messages",
        example={
            "phone": "5511988887777",
            "title": "Warehouse",
            "address": "Rua B, 20, Curitiba, PR",
            "latitude": "-25.43",
            "longitude": "-49.27",
        },
    ),
    Operation(
        "POST",
        "send-contact",
        Send(),
        "Send one contact card",
        Queued,
        body=SendContact,
        tag="messages",
        example={"phone": "5511988887777", "contactName": "Rita", "contactPhone": "5521977776666"},
    ),
    Operation(
        "POST",
        "send-contacts",
        Send(),
        "Send several contact cards in one message",
        Queued,
        body=SendContacts,
        tag="messages",
        example={
            "phone": "5511988887777",
            "contacts": [
                {"name": "Rita", "phones": ["5521977776666"]},
                {"name": "Davi", "phones": ["5531966665555", "553133334444"]},
            ],
        },
    ),
    Operation(
        "POST",
        "send-poll",
        Send(),
        "Send a poll",
        Queued,
        body=SendPoll,
        tag="messages",
        example={
            "phone": "120363041234567890-group",
            "message": "Which day?",
            "poll": [{"name": "Thursday"}, {"name": "Friday"}],
            "pollMaxOptions": 1,
        },
    ),
    Operation(
        "POST",
        "send-poll-vote",
        Send(),
        "Vote in a poll",
        Queued,
        body=SendPollVote,
        tag="messages",
        example={
            "phone": "120363041234567890-group",
            "pollMessageId": "3EB0C1D2E3F40516273849",
            "pollVote": [{"name": "Friday"}],
        },
    ),
)
