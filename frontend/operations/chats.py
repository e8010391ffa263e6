"""Chats: what is open, its state, its lifetime of messages."""

from common.requests.chats import ChatMessages, ModifyChat, SendChatExpiration
from common.requests.pages import Page
from common.requests.places import OfChat
from frontend.operation import Ask, Operation, Unavailable
from frontend.replies.chats import ChatMetadata, Chats, StoredMessages
from frontend.replies.common import Done
from frontend.support import NOT_YET

OPERATIONS = (
    Operation(
        "GET",
        "chats",
        Unavailable(NOT_YET),
        "List chats, page by page",
        Chats,
        query=Page,
        tag="chats",
    ),
    Operation(
        "GET",
        "chats/{phone}",
        Unavailable(NOT_YET),
        "The state of one chat",
        ChatMetadata,
        place=OfChat,
        tag="chats",
        refusals=(404,),
    ),
    Operation(
        "GET",
        "chat/{phone}",
        Unavailable(NOT_YET),
        "The state of one chat",
        ChatMetadata,
        place=OfChat,
        tag="chats",
        refusals=(404,),
        deprecated=True,
    ),
    Operation(
        "GET",
        "chat-messages/{phone}",
        Unavailable(NOT_YET),
        "Stored messages of one chat",
        StoredMessages,
        query=ChatMessages,
        place=OfChat,
        tag="chats",
    ),
    Operation(
        "POST",
        "modify-chat",
        Unavailable(NOT_YET),
        "Read, archive, pin, mute, clear or delete a chat",
        Done,
        body=ModifyChat,
        tag="chats",
        example={"phone": "5511987654321", "action": "archive"},
    ),
    Operation(
        "POST",
        "send-chat-expiration",
        Ask("send-chat-expiration"),
        "How long new messages of a chat live",
        Done,
        body=SendChatExpiration,
        tag="chats",
        example={"phone": "5511987654321", "chatExpiration": "7_DAYS"},
    ),
)
