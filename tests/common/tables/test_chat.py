"""The chats of an instance: what is told of them in one batch or in many comes to the same."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from common.addresses import Jid
from common.postgres import Connection, Pool
from common.tables import chat as table
from common.tables.chat import Chat, ChatNews

pytestmark = pytest.mark.anyio

INSTANCE = UUID("3e1f0a6b-c2d9-4857-a0b1-c2d3e4f50617")
MARINA, TEAM = Jid("5511987654321@s.whatsapp.net"), Jid("120363041234567890@g.us")
LID = Jid("204518739260417@lid")
AT = datetime(2026, 1, 1, 14, 30, tzinfo=UTC)


def news(minute: int = 0, *, unread: int = 1, chat: Jid = MARINA, **fields: object) -> ChatNews:
    return ChatNews(INSTANCE, chat, last_message_at=AT + timedelta(minutes=minute), unread=unread, **fields)  # type: ignore[arg-type]


def read(minute: int, unread: int = 0) -> ChatNews:
    return ChatNews(INSTANCE, MARINA, read_at=AT + timedelta(minutes=minute), unread=unread)


async def found(pool: Pool, chat: Jid = MARINA) -> Chat:
    one = await table.find(pool, INSTANCE, chat)
    assert one is not None
    return one


async def updates(connection: Connection) -> tuple[int, int]:
    """Of all rows so far, and those that no index noticed."""
    await connection.execute("SELECT pg_stat_force_next_flush()")
    await connection.execute("SELECT pg_stat_clear_snapshot()")
    row = await connection.fetchrow("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'chat'")
    assert row is not None
    return row[0], row[1]


STORIES: dict[str, tuple[Sequence[ChatNews], int]] = {
    "messages are counted": ([news(0), news(1), news(2, unread=0)], 2),
    "what was read is not": ([news(0), news(1), read(1), news(2)], 1),
    "an older mark than the last says nothing": ([news(0), read(2), news(3), read(1)], 1),
    "the phone's own count holds, and is counted on": ([news(0), read(1, unread=7), news(2)], 8),
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("at_once", [True, False])
async def test_unread_messages_are_counted(pool: Pool, story: str, at_once: bool) -> None:
    told, unread = STORIES[story]
    for batch in [told] if at_once else [[each] for each in told]:
        await table.tell(pool, batch)
    assert (await found(pool)).unread == unread


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_is_not_told_stays(pool: Pool, at_once: bool) -> None:
    told = [
        news(5, lid=LID, name="Marina", is_archived=True, is_pinned=True, muted_until=-1, last_received_id="A",
             last_received_by=LID),
        news(2, push_name="Mari", is_archived=False),
    ]  # fmt: skip
    for batch in [told] if at_once else [[each] for each in told]:
        await table.tell(pool, batch)
    one = await found(pool, LID)
    assert (one.chat, one.lid, one.name, one.push_name) == (MARINA, LID, "Marina", "Mari")
    assert one.last_message_at == AT + timedelta(minutes=5)
    assert (one.is_archived, one.is_pinned, one.muted_until) == (False, True, -1)
    assert (one.last_received_id, one.last_received_by) == ("A", LID)


async def test_chats_are_listed_with_the_pinned_and_the_newest_first(pool: Pool) -> None:
    told = [news(minute, chat=Jid(f"55119000000{minute:02}@s.whatsapp.net")) for minute in range(4)]
    await table.tell(pool, [*told, news(-1, chat=TEAM, is_pinned=True)])
    everything = [one.chat for one in await table.list_page(pool, INSTANCE, 10, 0)]
    assert everything == [TEAM, *(one.chat for one in reversed(told))]
    assert [one.chat for one in await table.list_page(pool, INSTANCE, 2, 2)] == everything[2:4]
    assert await table.list_page(pool, uuid4(), 10, 0) == []


async def test_what_is_told_under_a_lid_alone_is_of_the_same_chat(pool: Pool) -> None:
    """Its number was not known yet, or somebody sends to the LID."""
    await table.tell(pool, [news(1, chat=LID, lid=LID, push_name="Mari", last_received_id="A", last_received_by=LID)])
    assert (await found(pool, LID)).chat == LID
    await table.tell(pool, [news(0, lid=LID)])
    (one,) = await table.list_page(pool, INSTANCE, 10, 0)
    assert one == await found(pool, LID) == await found(pool, MARINA)
    assert (one.chat, one.unread, one.push_name, one.last_received_id) == (MARINA, 2, "Mari", "A")
    assert one.last_message_at == AT + timedelta(minutes=1)
    await pool.execute(table.READ_TWIN, INSTANCE, LID, AT + timedelta(minutes=1))
    assert (await found(pool)).unread == 1
    await pool.execute(table.FORGET, INSTANCE, MARINA, LID)
    assert await table.list_page(pool, INSTANCE, 10, 0) == []


async def test_what_the_phone_has_set_is_taken_over_once(pool: Pool) -> None:
    await table.tell(pool, [news(lid=LID)])
    for _ in range(2):
        await table.settle(pool, INSTANCE, [(LID, True, False, 0), (TEAM, True, True, -1)])
    one = await found(pool)
    assert (one.is_archived, one.is_pinned, one.muted_until) == (True, False, 0)
    assert await table.find(pool, INSTANCE, TEAM) is None
    await table.settle(pool, INSTANCE, [(MARINA, False, True, 0)])
    assert (await found(pool)).is_pinned
    await table.settle(pool, INSTANCE, [(MARINA, False, True, 0), (LID, False, False, -1)])
    one = await found(pool)
    assert (one.is_pinned, one.muted_until) == (False, -1)  # what was set under the LID is newer


async def test_transactions_that_tell_of_the_same_chats_do_not_wait_for_each_other_in_a_circle(pool: Pool) -> None:
    chats = [Jid(f"5511900000{number:03}@s.whatsapp.net") for number in range(30)]

    async def work(seed: int) -> None:
        chance = Random(seed)
        for _ in range(10):
            async with pool.acquire() as connection, connection.transaction():
                some = chance.sample(chats, len(chats))
                if seed % 2:
                    await table.tell(connection, [news(chat=chat) for chat in some])
                else:
                    await table.touch(connection, [(INSTANCE, chat, AT) for chat in some])

    async with asyncio.TaskGroup() as tasks:
        for seed in range(8):
            tasks.create_task(work(seed))
    assert {one.unread for one in await table.list_page(pool, INSTANCE, 50, 0)} == {40}


async def test_a_chat_that_changes_with_every_message_stays_on_its_page(pool: Pool) -> None:
    """Else its index would grow with the messages."""
    async with pool.acquire() as connection:
        before = await updates(connection)
        for minute in range(50):
            await table.tell(connection, [news(minute)])
        after = await updates(connection)
    assert (after[0] - before[0], after[1] - before[1]) == (49, 49)
