"""Chats: what is open, its state, its lifetime of messages."""

import orjson

from common.capabilities import LACKS, Capability
from common.requests.chats import ChatMessages, ModifyChat, SendChatExpiration
from common.requests.pages import Page
from common.requests.places import OfChat
from common.tables import chat_message
from frontend.operation import Ask, Call, Operation, Read
from frontend.replies.chats import ChatMetadata, Chats, StoredMessages
from frontend.replies.common import Done
from frontend.services import Services
from frontend.support import State, Support, everywhere

STORED = "what webhooks were told, for as long as events are kept; WhatsApp keeps no messages for linked devices"
ONLY_READ = f"without the relay `read` alone is possible: {LACKS[Capability.CHAT_LIST]}"
NOT_TOLD = "isMarkedSpam and isGroupAnnouncement are never true: the library does not tell them"

NEWER = ("type", "chatLid", "senderLid", "connectedPhone", "waitingMessage", "isStatusReply", "isEdit", "isNewsletter",
         "isGroup", "messageExpirationSeconds", "forwarded", "fromApi", "referenceMessageId")  # fmt: skip
"""Members of a callback that are not among those of a stored message."""


async def list_messages(services: Services, call: Call[ChatMessages, None]) -> StoredMessages:
    """The oldest first within a page; pages go back in time."""
    since = services.clock.now() - 2 * services.events_kept
    asked = call.query
    found = await chat_message.list_before(
        services.pool, call.access.id, since, call.place.phone, asked.lastMessageId, asked.amount
    )
    told = [orjson.loads(each) for each in reversed(found)]
    return StoredMessages([{key: value for key, value in one.items() if key not in NEWER} for one in told])


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
        Read(list_messages),
        "Stored messages of one chat",
        StoredMessages,
        query=ChatMessages,
        place=OfChat,
        tag="chats",
        stands=everywhere(State.LOCAL, STORED),
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
