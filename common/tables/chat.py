"""chat: the chats of each instance, as history, messages, read marks and our own changes tell of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from common.addresses import Jid, is_group, without_device
from common.postgres import Connection, Executor

FOR_EVER, NOT_MUTED = -1, 0

# One row a chat, in the order of their keys: two transactions that tell of the same chats cannot deadlock. What counts
# anew (`read_at`) replaces the count unless that is older than what the count began with; the rest adds to it.
TELL = """
    INSERT INTO chat (instance_id, chat, lid, name, push_name, last_message_at, unread, read_at, is_archived, is_pinned,
                      muted_until, last_received_id, last_received_by)
    SELECT *
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::integer[],
                $8::timestamptz[], $9::boolean[], $10::boolean[], $11::bigint[], $12::text[], $13::text[]) AS told
    ORDER BY 1, 2
    ON CONFLICT (instance_id, chat) DO UPDATE
    SET lid = coalesce(excluded.lid, chat.lid),
        name = coalesce(excluded.name, chat.name),
        push_name = coalesce(excluded.push_name, chat.push_name),
        last_message_at = greatest(chat.last_message_at, excluded.last_message_at),
        unread = CASE
            WHEN excluded.read_at IS NULL THEN chat.unread + excluded.unread
            WHEN excluded.read_at < chat.read_at THEN chat.unread
            ELSE excluded.unread END,
        read_at = greatest(chat.read_at, excluded.read_at),
        is_archived = coalesce(excluded.is_archived, chat.is_archived),
        is_pinned = coalesce(excluded.is_pinned, chat.is_pinned),
        muted_until = coalesce(excluded.muted_until, chat.muted_until),
        last_received_id = coalesce(excluded.last_received_id, chat.last_received_id),
        last_received_by = CASE WHEN excluded.last_received_id IS NULL THEN chat.last_received_by
            ELSE excluded.last_received_by END"""

# All that most sends tell, at two thirds of the price.
TOUCH = """
    INSERT INTO chat (instance_id, chat, last_message_at)
    SELECT instance_id, chat, max(last_message_at)
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS told (instance_id, chat, last_message_at)
    GROUP BY instance_id, chat
    ORDER BY instance_id, chat
    ON CONFLICT (instance_id, chat) DO UPDATE
    SET last_message_at = greatest(chat.last_message_at, excluded.last_message_at)"""

# What the phone has set for chats that are known here; nothing is written where it is known already. A chat that the
# phone has moved from its number to its LID may be told of under both: what stands under the LID is the newer.
SETTLE = """
    UPDATE chat
    SET is_archived = phone.is_archived, is_pinned = phone.is_pinned, muted_until = phone.muted_until
    FROM unnest($2::text[], $3::boolean[], $4::boolean[], $5::bigint[])
        AS phone (address, is_archived, is_pinned, muted_until)
    WHERE instance_id = $1 AND phone.address = CASE WHEN chat.lid = ANY($2) THEN chat.lid ELSE chat.chat END
      AND (chat.is_archived, chat.is_pinned, chat.muted_until)
          IS DISTINCT FROM (phone.is_archived, phone.is_pinned, phone.muted_until)"""

FIND_NAMES = """
    SELECT instance_id, chat, name
    FROM chat
    JOIN unnest($1::uuid[], $2::text[]) AS wanted (instance_id, chat) USING (instance_id, chat)
    WHERE name IS NOT NULL"""

NAME = """
    UPDATE chat
    SET name = learned.name
    FROM unnest($2::text[], $3::text[]) AS learned (chat, name)
    WHERE instance_id = $1 AND chat.chat = learned.chat AND chat.name IS NULL"""

# A chat may have a twin: a row under its LID, from the time before its number was known, or from who sends to the LID.
_SELECT = """
    SELECT chat.chat, chat.lid, coalesce(chat.name, twin.name), coalesce(chat.push_name, twin.push_name),
           greatest(chat.last_message_at, twin.last_message_at) AS last, chat.unread + coalesce(twin.unread, 0),
           coalesce(chat.is_archived, false), coalesce(chat.is_pinned, false) AS pinned, coalesce(chat.muted_until, 0),
           coalesce(chat.last_received_id, twin.last_received_id),
           coalesce(chat.last_received_by, twin.last_received_by), chat_note.id, content, chat_note.created_at,
           changed_at
    FROM chat
    LEFT JOIN chat AS twin
      ON twin.instance_id = chat.instance_id AND twin.chat = chat.lid AND chat.lid <> chat.chat
    LEFT JOIN chat_note ON chat_note.instance_id = chat.instance_id AND chat_note.chat = chat.chat"""

LIST = f"""
    {_SELECT}
    WHERE chat.instance_id = $1 AND NOT EXISTS (
        SELECT FROM chat AS elder
        WHERE elder.instance_id = $1 AND elder.lid = chat.chat AND elder.chat <> chat.chat)
    ORDER BY pinned DESC, last DESC NULLS LAST, chat.chat
    LIMIT $2 OFFSET $3"""

FIND = f"""
    {_SELECT}
    WHERE chat.instance_id = $1 AND (chat.chat = $2 OR chat.lid = $2)
    ORDER BY chat.chat LIKE '%@lid'
    LIMIT 1"""

FIND_ALL = f"""
    {_SELECT}
    WHERE chat.instance_id = $1 AND chat.chat = ANY($2::text[])"""

READ_TWIN = """
    UPDATE chat
    SET unread = 0, read_at = greatest(read_at, $3)
    WHERE instance_id = $1 AND chat = $2 AND unread > 0"""

FORGET = """
    DELETE FROM chat
    WHERE instance_id = $1 AND (chat = $2 OR lid = $2 OR chat = $3)"""


@dataclass(frozen=True, slots=True)
class ChatNews:
    """What became known of a chat; None is nothing new. `unread` is added to what is known, or with `read_at` the count
    from then on."""

    instance_id: UUID
    chat: Jid
    lid: Jid | None = None
    name: str | None = None
    push_name: str | None = None
    last_message_at: datetime | None = None
    unread: int = 0
    read_at: datetime | None = None
    is_archived: bool | None = None
    is_pinned: bool | None = None
    muted_until: int | None = None
    last_received_id: str | None = None
    last_received_by: Jid | None = None

    def then(self, later: "ChatNews") -> "ChatNews":
        """Both, of the same chat, in one."""
        is_counted_anew = later.read_at is not None and (self.read_at is None or later.read_at >= self.read_at)
        is_outdated = later.read_at is not None and not is_counted_anew
        times = [each for each in (self.last_message_at, later.last_message_at) if each is not None]
        received = later if later.last_received_id is not None else self
        return replace(
            later,
            lid=later.lid or self.lid,
            name=later.name or self.name,
            push_name=later.push_name or self.push_name,
            last_message_at=max(times, default=None),
            unread=later.unread if is_counted_anew else self.unread if is_outdated else self.unread + later.unread,
            read_at=later.read_at if is_counted_anew else self.read_at,
            is_archived=self.is_archived if later.is_archived is None else later.is_archived,
            is_pinned=self.is_pinned if later.is_pinned is None else later.is_pinned,
            muted_until=self.muted_until if later.muted_until is None else later.muted_until,
            last_received_id=received.last_received_id,
            last_received_by=received.last_received_by,
        )


@dataclass(frozen=True, slots=True)
class Note:
    id: UUID
    content: str
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Chat:
    """`chat` is the number's address where the number is known. `muted_until` in milliseconds, or one of FOR_EVER and
    NOT_MUTED."""

    chat: Jid
    lid: Jid | None
    name: str | None
    push_name: str | None
    last_message_at: datetime | None
    unread: int
    is_archived: bool
    is_pinned: bool
    muted_until: int
    last_received_id: str | None
    last_received_by: Jid | None
    note: Note | None

    @property
    def thread(self) -> Jid:
        """Where the account's devices have it: under the address that its messages come from, a number or a LID."""
        if self.last_received_by is not None and not is_group(self.chat):
            return without_device(self.last_received_by)
        return self.lid or self.chat

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Chat":
        *fields, note_id, content, created_at, changed_at = row
        note = None if note_id is None else Note(note_id, content, created_at, changed_at)
        return cls(*[*fields, note])


async def tell(executor: Connection | Executor, news: Iterable[ChatNews]) -> None:
    """Many at once, in the order in which they happened: one statement, and none where there is no news."""
    folded: dict[tuple[UUID, Jid], ChatNews] = {}
    for each in news:
        key = each.instance_id, each.chat
        folded[key] = folded[key].then(each) if key in folded else each
    if folded:
        await executor.execute(TELL, *([getattr(each, name) for each in folded.values()] for name in _NAMES))


async def touch(connection: Connection, sent: Sequence[tuple[UUID, Jid, datetime]]) -> None:
    """Messages that were sent: the moments of the last."""
    if sent:
        await connection.execute(TOUCH, *(list(column) for column in zip(*sent, strict=True)))


async def settle(executor: Executor, instance: UUID, settings: Sequence[tuple[Jid, bool, bool, int]]) -> None:
    """What the phone has set, as (address, archived, pinned, muted until)."""
    if settings:
        await executor.execute(SETTLE, instance, *(list(column) for column in zip(*settings, strict=True)))


async def list_page(executor: Executor, instance: UUID, limit: int, offset: int) -> list[Chat]:
    """Pinned ones first, then those with the newest messages."""
    return [Chat.of(tuple(row)) for row in await executor.fetch(LIST, instance, limit, offset)]


async def find(executor: Executor, instance: UUID, chat: Jid) -> Chat | None:
    row = await executor.fetchrow(FIND, instance, chat)
    return None if row is None else Chat.of(tuple(row))


async def find_all(executor: Executor, instance: UUID, chats: Sequence[Jid]) -> dict[Jid, Chat]:
    """Those of these that are known."""
    found = [Chat.of(tuple(row)) for row in await executor.fetch(FIND_ALL, instance, chats)]
    return {one.chat: one for one in found}


_NAMES = tuple(ChatNews.__dataclass_fields__)


async def names_of(executor: Executor, chats: Collection[tuple[UUID, Jid]]) -> dict[UUID, dict[Jid, str]]:
    """By instance; of those whose names are known."""
    found: dict[UUID, dict[Jid, str]] = {}
    if chats:
        rows = await executor.fetch(FIND_NAMES, [instance for instance, _ in chats], [chat for _, chat in chats])
        for instance, chat, name in rows:
            found.setdefault(instance, {})[Jid(chat)] = name
    return found
