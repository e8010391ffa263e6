"""Texts: plain, as a reply or an edit, with mentions, with the card of a link."""

import re

from common.addresses import Jid, is_group, parse_phone
from common.errors import NotRemembered
from common.requests.messages.text import SendLink, SendText
from sender.composers.context import with_context
from sender.composers.earlier import author_of, key_of, quote
from sender.composers.media import File, Form
from sender.composers.occasion import Composed, Elsewhere, Occasion
from sender.whatsapp.protobuf import (
    ContextInfo,
    ExtendedTextMessage,
    FutureProofMessage,
    GroupMention,
    Message,
    ProtocolMessage,
)

_BREAKS = re.compile(r"\r\n|\r|%0a", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


async def compose_text(send: SendText, occasion: Occasion) -> Composed:
    """Raises NotRemembered for a private answer to somebody whom nobody remembers."""
    text = with_line_breaks(send.message)
    context = ContextInfo()
    if send.mentioned:
        context.mentionedJID.extend(parse_phone(phone) for phone in send.mentioned)
    for group in send.groupMentioned or ():
        jid = parse_phone(group.phone)
        text = text.replace(f"@{group.phone}", f"@{jid}")
        context.groupMentions.append(GroupMention(groupJID=jid, groupSubject=group.subject))
    if send.editMessageId is not None:
        return await edit(occasion, send.editMessageId, with_context(Message(conversation=text), context))
    message = await _with_card(text, occasion) if send.linkPreview else Message(conversation=text)
    if send.messageId is None:
        return with_context(message, context)
    author = await _private_author(send, send.messageId, occasion) if send.privateAnswer else None
    context.MergeFrom(await quote(occasion, send.messageId, elsewhere=author is not None))
    message = with_context(message, context)
    return message if author is None else Elsewhere(author, message)


async def compose_link(send: SendLink, occasion: Occasion) -> Composed:
    text = with_line_breaks(send.message)
    if send.linkUrl not in text:
        text = f"{text}\n{send.linkUrl}"
    card = ExtendedTextMessage(text=text, matchedText=send.linkUrl, title=send.title, description=send.linkDescription)
    image = await occasion.media.upload(File(send.image, Form.LINK_IMAGE))
    card.JPEGThumbnail = image.thumbnail
    if send.linkType in ("MEDIUM", "LARGE"):
        # A card is large when its picture is there to fetch; without it there is only the small one inside.
        card.thumbnailDirectPath = image.direct_path
        card.thumbnailSHA256 = image.sha256
        card.thumbnailEncSHA256 = image.encrypted_sha256
        card.mediaKey = image.media_key
        card.mediaKeyTimestamp = image.uploaded_at
        card.thumbnailWidth, card.thumbnailHeight = _card_size(send.linkType, image.width, image.height)
    context = None if send.messageId is None else await quote(occasion, send.messageId)
    return with_context(Message(extendedTextMessage=card), context)


async def edit(occasion: Occasion, message_id: str, content: Message) -> Message:
    """The message that gives an earlier one of ours a new content."""
    change = ProtocolMessage(
        key=await key_of(occasion, message_id, is_own=True),
        type=ProtocolMessage.MESSAGE_EDIT,
        editedMessage=content,
        timestampMS=occasion.milliseconds,
    )
    return Message(editedMessage=FutureProofMessage(message=Message(protocolMessage=change)))


def with_line_breaks(text: str) -> str:
    r"""The four spellings of a line break (`\n`, `\r`, `\r\n`, `%0a`) as one."""
    return _BREAKS.sub("\n", text)


async def _private_author(send: SendText, message_id: str, occasion: Occasion) -> Jid | None:
    """Whose own chat the answer goes to; None where the flag means nothing: outside groups, and of our own messages."""
    if not is_group(occasion.chat):
        return None
    remembered = await occasion.memory.recall(message_id)
    if remembered is not None and remembered.is_own:
        return None
    author = await author_of(occasion, remembered, message_id)
    if author is None:
        raise NotRemembered("nobody remembers who wrote the message that is to be answered privately")
    return author


async def _with_card(text: str, occasion: Occasion) -> Message:
    link = _LINK.search(text)
    card = None if link is None else await occasion.media.look_up(link[0])
    if link is None or card is None:
        return Message(conversation=text)
    return Message(
        extendedTextMessage=ExtendedTextMessage(
            text=text,
            matchedText=link[0],
            title=card.title,
            description=card.description,
            JPEGThumbnail=card.thumbnail or None,
        )
    )


def _card_size(size: str, width: int, height: int) -> tuple[int, int]:
    """WhatsApp shows the picture over the whole width only when it is said to be wide."""
    return (width, height) if size == "LARGE" else (width // 2, height // 2)
