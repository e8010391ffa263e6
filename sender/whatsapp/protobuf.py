"""The waE2E message types, loaded without neonize's package code."""

from typing import TYPE_CHECKING, Any, TypeAlias

from sender.whatsapp.bare_package import load_bare

load_bare("neonize")

from neonize.proto.waCommon.WACommon_pb2 import MessageKey  # noqa: E402
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (  # noqa: E402
    AudioMessage,
    ContactMessage,
    ContactsArrayMessage,
    ContextInfo,
    DeviceListMetadata,
    DocumentMessage,
    EncEventResponseMessage,
    EventMessage,
    EventResponseMessage,
    ExtendedTextMessage,
    FutureProofMessage,
    GroupMention,
    ImageMessage,
    InteractiveMessage,
    LocationMessage,
    Message,
    MessageContextInfo,
    NewsletterAdminInviteMessage,
    PinInChatMessage,
    PollCreationMessage,
    PollEncValue,
    PollUpdateMessage,
    PollVoteMessage,
    ProductMessage,
    ProtocolMessage,
    ReactionMessage,
    SecretEncryptedMessage,
    StickerMessage,
    VideoMessage,
)

if TYPE_CHECKING:
    Button: TypeAlias = Any
    Header: TypeAlias = Any
else:
    Button = InteractiveMessage.NativeFlowMessage.NativeFlowButton
    Header = InteractiveMessage.Header

__all__ = [
    "AudioMessage",
    "Button",
    "ContactMessage",
    "ContactsArrayMessage",
    "ContextInfo",
    "DeviceListMetadata",
    "DocumentMessage",
    "EncEventResponseMessage",
    "EventMessage",
    "EventResponseMessage",
    "ExtendedTextMessage",
    "FutureProofMessage",
    "GroupMention",
    "Header",
    "ImageMessage",
    "InteractiveMessage",
    "LocationMessage",
    "Message",
    "MessageContextInfo",
    "MessageKey",
    "NewsletterAdminInviteMessage",
    "PinInChatMessage",
    "PollCreationMessage",
    "PollEncValue",
    "PollUpdateMessage",
    "PollVoteMessage",
    "ProductMessage",
    "ProtocolMessage",
    "ReactionMessage",
    "SecretEncryptedMessage",
    "StickerMessage",
    "VideoMessage",
]
