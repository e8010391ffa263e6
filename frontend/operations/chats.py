"""Chats: what is open, its state, its lifetime of messages."""

from common.capabilities import LACKS, Capability
from common.requests.chats import ChatMessages, ModifyChat, SendChatExpiration
from common.requests.pages import Page
from common.requests.places import OfChat
from frontend.operation import Ask, Operation, Unavailable
from frontend.replies.chats import ChatMetadata, Chats, StoredMessages
from frontend.replies.common import Done
from frontend.support import State, Support, everywhere

STORED = "the gateway keeps what it received for the sake of answers, not by chat"
ONLY_READ = f"without the relay `read` alone is possible: {LACKS[Capability.CHAT_LIST]}"
NOT_TOLD = "isMarkedSpam and isGroupAnnouncement are never true: the library does not tell them"

OPERATIONS = (
    Operation(
        "GET",
        "chats",
        Ask("chats"),
        "List chats, page by page",
        Chats,
        query=Page,
        tag="chats",
        stands=everywhere(State.LOCAL, NOT_TOLD),
    ),
    Operation(
        "GET",
        "chats/{phone}",
        Ask("chat-metadata"),
        "The state of one chat",
        ChatMetadata,
        place=OfChat,
        tag="chats",
        refusals=(404,),
        stands=everywhere(State.LOCAL, NOT_TOLD),
    ),
    Operation(
        "GET",
        "chat/{phone}",
        Ask("chat-metadata"),
        "The state of one chat",
        ChatMetadata,
        place=OfChat,
        tag="chats",
        refusals=(404,),
        deprecated=True,
        stands=everywhere(State.LOCAL, NOT_TOLD),
    ),
    Operation(
        "GET",
        "chat-messages/{phone}",
        Unavailable(STORED),
        "Stored messages of one chat",
        StoredMessages,
        query=ChatMessages,
        place=OfChat,
        tag="chats",
    ),
    Operation(
        "POST",
        "modify-chat",
        Ask("modify-chat"),
        "Read, archive, pin, mute, clear or delete a chat",
        Done,
        body=ModifyChat,
        tag="chats",
        example={"phone": "5511987654321", "action": "archive"},
        stands=Support(State.SERVED, State.COMPOSED, ONLY_READ),
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
