"""What is done to an earlier message: reactions, pins, deletion, read marks, forwarding."""

from common.addresses import Jid, is_group
from common.errors import NotRemembered, NotSupported
from common.requests.messages.reference import (
    DeleteMessage,
    ForwardMessage,
    PinMessage,
    ReadMessage,
    SendReaction,
    SendRemoveReaction,
)
from sender.composers.context import content_of as part_of
from sender.composers.context import with_context, without_context
from sender.composers.earlier import author_of, content_of, key_of
from sender.composers.occasion import Composed, Deed, Occasion
from sender.composers.secrets import SECRET_BYTES
from sender.whatsapp.protobuf import (
    ContextInfo,
    Message,
    MessageContextInfo,
    PinInChatMessage,
    ProtocolMessage,
    ReactionMessage,
)
from sender.whatsapp.session import LocalDeletions, ReadMarks, Session

PINNED_SECONDS = {"24_hours": 86_400, "7_days": 604_800, "30_days": 2_592_000}


async def compose_reaction(send: SendReaction, occasion: Occasion) -> Composed:
    return await _react(send.messageId, send.reaction, occasion)


async def compose_reaction_removal(send: SendRemoveReaction, occasion: Occasion) -> Composed:
    return await _react(send.messageId, "", occasion)


async def compose_pin(send: PinMessage, occasion: Occasion) -> Composed:
    is_pin = send.messageAction == "pin"
    pin = PinInChatMessage(
        key=await key_of(occasion, send.messageId),
        type=PinInChatMessage.PIN_FOR_ALL if is_pin else PinInChatMessage.UNPIN_FOR_ALL,
        senderTimestampMS=occasion.milliseconds,
    )
    seconds = PINNED_SECONDS[send.pinMessageDuration] if is_pin and send.pinMessageDuration else 0
    return Message(pinInChatMessage=pin, messageContextInfo=MessageContextInfo(messageAddOnDurationInSecs=seconds))


async def compose_deletion(send: DeleteMessage, occasion: Occasion) -> Composed:
    """An own message is taken back for everybody, and so is somebody's in a group (its admins may). What somebody wrote
    in a chat of two can only be removed for oneself."""
    if not send.owner and not is_group(occasion.chat):
        return await _delete_for_me(send.messageId, occasion)
    key = await key_of(occasion, send.messageId, is_own=send.owner)
    if not send.owner and not key.participant:
        raise NotRemembered("nobody remembers who wrote the message that is to be deleted")
    return Message(protocolMessage=ProtocolMessage(key=key, type=ProtocolMessage.REVOKE))


async def compose_read(send: ReadMessage, occasion: Occasion) -> Composed:
    """Raises NotRemembered in a group where nobody knows who wrote it: the mark goes to its author."""
    remembered = await occasion.memory.recall(send.messageId)
    whatsapp_id = send.messageId if remembered is None else remembered.id
    author: Jid | None = None
    if is_group(occasion.chat):
        author = await author_of(occasion, remembered, whatsapp_id)
        if author is None:
            raise NotRemembered("nobody remembers who wrote the message that is to be marked as read")

    async def mark(session: Session) -> None:
        if not isinstance(session, ReadMarks):
            raise NotSupported
        await session.mark_read(occasion.chat, author, [whatsapp_id])

    return Deed(mark)


async def compose_forward(send: ForwardMessage, occasion: Occasion) -> Composed:
    """The content once more, marked as forwarded. A file is not uploaded again where its keys are remembered."""
    remembered = await occasion.memory.recall(send.messageId)
    content = None if remembered is None else await content_of(occasion, remembered)
    if content is None:
        raise NotRemembered("nobody remembers the message that is to be forwarded")
    part = part_of(content)
    score = 1 if part is None else part.contextInfo.forwardingScore + 1
    copy = without_context(content)
    if content.messageContextInfo.messageSecret:
        # Votes and answers are encrypted with it: each copy of a poll has its own.
        copy.messageContextInfo.messageSecret = occasion.random(SECRET_BYTES)
    return with_context(copy, ContextInfo(isForwarded=True, forwardingScore=score))


async def _react(message_id: str, emoji: str, occasion: Occasion) -> Message:
    """WhatsApp takes an empty emoji for the removal."""
    key = await key_of(occasion, message_id)
    return Message(reactionMessage=ReactionMessage(key=key, text=emoji, senderTimestampMS=occasion.milliseconds))


async def _delete_for_me(message_id: str, occasion: Occasion) -> Deed:
    remembered = await occasion.memory.recall(message_id)
    whatsapp_id = message_id if remembered is None else remembered.id

    async def delete(session: Session) -> None:
        if not isinstance(session, LocalDeletions):
            raise NotSupported("this engine cannot remove a received message for this account alone")
        await session.delete_for_me(occasion.chat, whatsapp_id)

    return Deed(delete)
