"""Context: what a message says that it quotes, mentions or forwards. Every kind keeps it in its own place."""

from sender.whatsapp.protobuf import ContextInfo, Message

_ENVELOPES = ("documentWithCaptionMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension", "editedMessage")


def with_context(message: Message, context: ContextInfo | None) -> Message:
    """The same message with this context added. A plain text becomes an extended one, which can have a context."""
    if context is None or not context.ListFields():
        return message
    if message.HasField("conversation"):
        text = message.conversation
        message.ClearField("conversation")
        message.extendedTextMessage.text = text
    content = content_of(message)
    if content is not None:
        content.contextInfo.MergeFrom(context)
    return message


def without_context(message: Message) -> Message:
    """A copy as it is quoted or forwarded: alone, not with what it quoted itself, and without its secret."""
    copy = Message()
    copy.CopyFrom(message)
    copy.ClearField("messageContextInfo")
    content = content_of(copy)
    if content is not None:
        content.ClearField("contextInfo")
    return copy


def content_of(message: Message) -> Message | None:
    """The part that is the content, in whatever envelope; None where it cannot have a context."""
    for envelope in _ENVELOPES:
        if message.HasField(envelope):
            return content_of(getattr(message, envelope).message)
    for field, value in message.ListFields():
        if field.message_type is not None and "contextInfo" in field.message_type.fields_by_name:
            return value
    return None
