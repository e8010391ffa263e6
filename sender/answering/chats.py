"""Questions about chats: what the gateway's own list knows, with what the phone has set and what it calls people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from common.addresses import GROUP, LID, USER, Jid, chat_address, server_of, to_phone
from common.clock import Clock
from common.errors import DeliveryError
from common.metrics import SenderMetrics
from common.postgres import Pool
from common.tables import chat as table
from common.tables.chat import FOR_EVER, NOT_MUTED, Chat, Note
from sender.answering.appearances import Appearances, CacheRules
from sender.answering.cache import Cache
from sender.answering.seats import Seats
from sender.answers import Answerer, NoAnswer
from sender.whatsapp.powers.people import FOREVER, ChatSettings, People

Arguments = Mapping[str, Any]

FEW = 100
"""Instances whose groups' names are kept at a time: each may have many."""


class ChatQuestions:
    """Answered also while nothing is connected: then with what is known here alone."""

    def __init__(
        self,
        seats: Seats,
        pool: Pool,
        appearances: Appearances,
        clock: Clock,
        metrics: SenderMetrics,
        rules: CacheRules,
    ) -> None:
        self._seats = seats
        self._pool = pool
        self._appearances = appearances
        self._clock = clock
        self._names: Cache[UUID, Mapping[Jid, str]] = Cache("group-names", rules.kept, FEW, clock, metrics)

    def by_name(self) -> Mapping[str, Answerer]:
        return {"chats": self.list_page, "chat-metadata": self.show}

    async def list_page(self, instance: UUID, arguments: Arguments) -> Any:
        people = self._seats.people_if_connected(instance)
        if people is not None:
            await self._settle(instance, people)
        size = arguments["pageSize"]
        chats = await table.list_page(self._pool, instance, size, (arguments["page"] - 1) * size)
        names = await _names(people) if people is not None and chats else {}
        if any(server_of(each.chat) == GROUP and each.name is None for each in chats):
            names = {**names, **await self._group_names(instance)}
        now = self._clock.now()
        return [_listed(each, names, now) for each in chats]

    async def show(self, instance: UUID, arguments: Arguments) -> Any:
        people = self._seats.people_if_connected(instance)
        if people is not None:
            await self._settle(instance, people)
        chat = await table.find(self._pool, instance, chat_address(arguments["phone"]))
        if chat is None:
            raise NoAnswer(404, "no such chat is known")
        picture, about = (None, None) if people is None else await self._appearance(instance, people, chat.chat)
        shown = _state(chat, self._clock.now())
        shown.pop("muteEndTime", None)
        return {**shown, "profileThumbnail": picture, "about": about}

    async def _settle(self, instance: UUID, people: People) -> None:
        """What was changed on the phone, which tells the library's store of it and nobody else."""
        settings = await people.chat_settings()
        found = [(chat, one.is_archived, one.is_pinned, _milliseconds(one)) for chat, one in settings.items()]
        await table.settle(self._pool, instance, found)

    async def _group_names(self, instance: UUID) -> Mapping[Jid, str]:
        """Of groups that came without one: asked for all at once, and not again for a while."""
        try:
            return await self._names.get(instance, lambda: self._learn_group_names(instance))
        except (NoAnswer, DeliveryError):
            return {}

    async def _learn_group_names(self, instance: UUID) -> Mapping[Jid, str]:
        joined = await self._seats.groups(instance).joined()
        names = {each.address: name for each in joined if (name := each.subject.replace("\0", ""))}
        await self._pool.execute(table.NAME, instance, list(names), list(names.values()))
        return names

    async def _appearance(self, instance: UUID, people: People, chat: Jid) -> tuple[str | None, str | None]:
        """What is not shown, or not told now, is null: the rest of the answer is known here."""
        if server_of(chat) not in (USER, LID, GROUP):
            return None, None
        try:
            picture = await self._appearances.picture(people, instance, chat)
            about = await self._appearances.about(people, instance, chat) if server_of(chat) != GROUP else None
        except DeliveryError:
            return None, None
        return picture, about


async def _names(people: People) -> dict[Jid, str]:
    """Of those whom the phone's address book names."""
    return {each.address: each.full_name for each in await people.contacts() if each.full_name}


def _listed(chat: Chat, names: Mapping[Jid, str], now: datetime) -> dict[str, Any]:
    given = names.get(chat.chat) or (names.get(chat.lid) if chat.lid else None)
    return {
        "archived": _word(chat.is_archived),
        "pinned": _word(chat.is_pinned),
        "name": given or chat.name or chat.push_name or to_phone(chat.chat),
        **_state(chat, now),
        "profileThumbnail": None,
    }


def _state(chat: Chat, now: datetime) -> dict[str, Any]:
    is_muted = chat.muted_until == FOR_EVER or chat.muted_until > now.timestamp() * 1000
    last = chat.last_message_at
    return {
        "phone": to_phone(chat.chat),
        "unread": str(chat.unread),
        "lastMessageTime": "0" if last is None else str(int(last.timestamp())),
        "isMuted": "1" if is_muted else "0",
        **({"muteEndTime": chat.muted_until} if is_muted else {}),
        "isMarkedSpam": "false",
        "isGroupAnnouncement": False,
        "isGroup": server_of(chat.chat) == GROUP,
        **({} if chat.note is None else {"notes": _note(chat.note)}),
        "messagesUnread": 0,
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "id": str(note.id),
        "content": note.content,
        "createdAt": int(note.created_at.timestamp() * 1000),
        "lastUpdateAt": int(note.changed_at.timestamp() * 1000),
    }


def _milliseconds(settings: ChatSettings) -> int:
    until = settings.muted_until
    if until is None:
        return NOT_MUTED
    return FOR_EVER if until == FOREVER else int(until.timestamp() * 1000)


def _word(value: bool) -> str:
    return "true" if value else "false"
