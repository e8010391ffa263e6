"""Earlier messages: the key of the one that is meant, its content, and a quote of it.

Ids that this gateway has never seen are as good as others: what they need and nobody remembers is left out or guessed
as WhatsApp would, and only what cannot be done without raises NotRemembered.
"""

from dataclasses import replace

from common.addresses import Jid, is_group
from common.errors import NotRemembered
from sender.composers.context import without_context
from sender.composers.media import File, LinkCard, Uploaded
from sender.composers.occasion import Memory, Occasion, Own, Remembered
from sender.whatsapp.protobuf import ContextInfo, Message, MessageKey
from sender.whatsapp.session import Secret


async def key_of(occasion: Occasion, message_id: str, *, is_own: bool | None = None) -> MessageKey:
    """The key of a message of the occasion's chat. `is_own` is what the request says; unsaid, an unknown id is taken
    for a received one."""
    remembered = await occasion.memory.recall(message_id)
    whatsapp_id = message_id if remembered is None else remembered.id
    if is_own is None:
        is_own = remembered is not None and remembered.is_own
    key = MessageKey(remoteJID=occasion.chat, fromMe=is_own, ID=whatsapp_id)
    if is_group(occasion.chat) and not is_own:
        author = await author_of(occasion, remembered, whatsapp_id)
        if author is not None:
            key.participant = author
    return key


async def author_of(occasion: Occasion, remembered: Remembered | None, whatsapp_id: str) -> Jid | None:
    """Who wrote a message that is not the account's own."""
    if remembered is not None and remembered.author is not None:
        return remembered.author
    if not is_group(occasion.chat):
        return occasion.chat
    secret = await occasion.memory.secret(occasion.chat, whatsapp_id)
    return None if secret is None else secret.sender


async def quote(occasion: Occasion, message_id: str, *, elsewhere: bool = False) -> ContextInfo:
    """A reply's context. `elsewhere`: the reply goes to another chat than the message that it quotes."""
    remembered = await occasion.memory.recall(message_id)
    context = ContextInfo(stanzaID=message_id if remembered is None else remembered.id)
    if remembered is not None and remembered.is_own:
        context.participant = (await occasion.memory.own()).beside(occasion.chat)
    else:
        author = await author_of(occasion, remembered, context.stanzaID)
        if author is not None:
            context.participant = author
    if elsewhere:
        context.remoteJID = occasion.chat
    # A client that has the message shows its own copy; without this field it would show no quote at all.
    context.quotedMessage.CopyFrom(Message(conversation=""))
    if remembered is not None and (content := await content_of(occasion, remembered, OUTLINES)) is not None:
        context.quotedMessage.CopyFrom(without_context(content))
    return context


async def content_of(occasion: Occasion, remembered: Remembered, media: "Outlines | None" = None) -> Message | None:
    """What an earlier message says: as it was received, or composed once more. None where nobody knows."""
    if remembered.message is not None:
        return remembered.message
    if remembered.request is None:
        return None
    again = replace(occasion, chat=remembered.chat, memory=FORGETFUL, media=occasion.media if media is None else media)
    composed = await occasion.compose(remembered.request, again)
    return composed if isinstance(composed, Message) else None


class Outlines:
    """Media for a quote: what a file says of itself matters, the file does not."""

    async def upload(self, file: File) -> Uploaded:
        return Uploaded("", "", b"", b"", b"", 0, "", 0)

    async def look_up(self, url: str) -> LinkCard | None:
        return None


class Forgetful:
    """Memory for a message composed once more: what it was about itself is not wanted again."""

    async def own(self) -> Own:
        raise NotRemembered

    async def recall(self, message_id: str) -> Remembered | None:
        return None

    async def secret(self, chat: Jid, whatsapp_id: str) -> Secret | None:
        return None


OUTLINES = Outlines()
FORGETFUL: Memory = Forgetful()
