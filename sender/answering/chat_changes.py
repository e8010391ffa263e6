"""Changes of chats: what all devices of the account share of one, written to WhatsApp and then to our own list."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from common.addresses import Jid, chat_address, is_group, without_device
from common.clock import Clock
from common.postgres import Pool
from common.tables import chat as table
from common.tables.chat import FOR_EVER, NOT_MUTED, Chat, ChatNews
from sender.answering.seats import Seats, doing
from sender.answers import Answerer
from sender.whatsapp.powers.chats import ChatList
from sender.whatsapp.session import ReadMarks, Session

Arguments = Mapping[str, Any]


class ChatChanges:
    """A session without the relay can mark as read, which takes a message to mark, and nothing else."""

    def __init__(self, seats: Seats, pool: Pool, clock: Clock) -> None:
        self._seats = seats
        self._pool = pool
        self._clock = clock

    def by_name(self) -> Mapping[str, Answerer]:
        return {"modify-chat": self.modify}

    async def modify(self, instance: UUID, arguments: Arguments) -> Any:
        action, chat = arguments["action"], chat_address(arguments["phone"])
        known = await table.find(self._pool, instance, chat)
        thread = chat if known is None else known.thread
        now = self._clock.now()
        with doing(instance, action) as done:
            if action == "read":
                await self._read(instance, thread, known, now)
            else:
                last = now if known is None or known.last_message_at is None else known.last_message_at
                await _change(self._seats.chat_list(instance), thread, action, last)
        if not done.is_done:
            return {"value": False}
        chat = chat if known is None else known.chat
        lid = None if known is None or known.lid == chat else known.lid
        if action == "delete":
            await self._pool.execute(table.FORGET, instance, chat, lid)
            return {"value": True}
        if lid is not None and action in ("read", "unread", "clear"):
            await self._pool.execute(table.READ_TWIN, instance, lid, now)
        await table.tell(self._pool, [_news(instance, chat, action, known, now)])
        return {"value": True}

    async def _read(self, instance: UUID, thread: Jid, known: Chat | None, now: datetime) -> None:
        """The senders are told by a mark on the newest message, the account's devices by the state of the chat. Where
        neither is possible the answer says so."""
        session = self._seats.held(instance).session
        is_marked = await _mark(session, thread, known)
        if not is_marked or isinstance(session, ChatList):
            last = now if known is None or known.last_message_at is None else known.last_message_at
            await self._seats.chat_list(instance).mark_chat_read(thread, True, last)


async def _mark(session: Session, thread: Jid, known: Chat | None) -> bool:
    if known is None or known.last_received_id is None or not isinstance(session, ReadMarks):
        return False
    by = known.last_received_by if is_group(thread) else None
    await session.mark_read(thread, by and without_device(by), [known.last_received_id])
    return True


async def _change(chats: ChatList, chat: Jid, action: str, last: datetime) -> None:
    match action:
        case "unread":
            await chats.mark_chat_read(chat, False, last)
        case "archive" | "unarchive":
            await chats.archive_chat(chat, action == "archive", last)
        case "pin" | "unpin":
            await chats.pin_chat(chat, action == "pin")
        case "mute" | "unmute":
            await chats.mute_chat(chat, action == "mute")
        case "clear":
            await chats.clear_chat(chat, last)
        case "delete":
            await chats.delete_chat(chat, last)


def _news(instance: UUID, chat: Jid, action: str, known: Chat | None, now: datetime) -> ChatNews:
    """What the list then shows. A chat that is archived is not pinned any more, as on a phone."""
    match action:
        case "read" | "clear":
            return ChatNews(instance, chat, read_at=now)
        case "unread":
            return ChatNews(instance, chat, read_at=now, unread=max(1, known.unread if known else 0))
        case "archive":
            return ChatNews(instance, chat, is_archived=True, is_pinned=False)
        case "unarchive":
            return ChatNews(instance, chat, is_archived=False)
        case "pin" | "unpin":
            return ChatNews(instance, chat, is_pinned=action == "pin")
        case _:
            return ChatNews(instance, chat, muted_until=FOR_EVER if action == "mute" else NOT_MUTED)
