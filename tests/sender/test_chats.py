"""The list of chats follows what is received, sent and read, in the transactions that store those."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from common.addresses import Jid, parse_phone
from common.errors import OutcomeUnknown
from common.tables import chat as table
from common.tables.chat import Chat, ChatNews
from sender.whatsapp.engine_events import EventCode, HistorySync
from sender.whatsapp.session import Raw, Receipts
from tests.builders import insert_instance, new_message
from tests.sender.station import Station
from tests.sender.translation.told import PHONE, message, text
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MARINA = parse_phone(PHONE)


async def hear(station: Station, instance: UUID, code: int, body: bytes) -> None:
    shard = await station.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
    await station.inbox.hear(shard, instance, Raw(code, body, NOW))
    await eventually(lambda: _is_translated(station))


async def _is_translated(station: Station) -> bool:
    return not await station.pool.fetchval("SELECT count(*) FROM event_inbox WHERE error IS NULL")


async def found(station: Station, instance: UUID, chat: Jid = MARINA) -> Chat:
    one = await table.find(station.pool, instance, chat)
    assert one is not None
    return one


async def test_received_messages_are_unread_until_they_are_marked(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        for number in range(2):
            row = message(text(str(number)), id=f"3EB0{number}")
            await hear(station, instance, row.code, row.body)
        chat = await found(station, instance)
        assert (chat.unread, chat.push_name, chat.last_received_id) == (2, "Marina Duarte", "3EB01")
        payload = json.dumps({"phone": PHONE, "messageId": "3EB01"})
        await station.send(new_message(instance, phone=PHONE, kind="read", payload=payload))
        await station.rest()
        assert (await found(station, instance)).unread == 0


async def test_what_is_sent_is_the_chat_s_last_message(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        await station.send(new_message(instance, phone=PHONE), new_message(instance, phone=PHONE))
        await station.rest()
        chat = await found(station, instance)
    assert chat.unread == 0
    assert chat.last_message_at is not None


async def test_what_a_receipt_shows_to_be_sent_is_the_chat_s_last_message_too(station: Station) -> None:
    station.behaviour.errors[MARINA] = [OutcomeUnknown]
    async with station.running():
        instance = await station.instance()
        message = new_message(instance, phone=PHONE)
        await station.send(message)
        await station.rest()
        assert await table.find(station.pool, instance, MARINA) is None
        await station.session(instance).tell(Receipts((message.message_id,), MARINA, MARINA, "delivered", NOW))
        assert (await found(station, instance)).last_message_at is not None


async def test_a_history_fills_the_list_and_leaves_nothing_else(station: Station) -> None:
    sync = HistorySync()
    sync.Data.syncType = 0
    sync.Data.conversations.add(ID=str(MARINA), name="Marina", unreadCount=4, conversationTimestamp=1_700_000_000)
    async with station.running():
        instance = await station.instance()
        await hear(station, instance, EventCode.HISTORY_SYNC, sync.SerializeToString())
        chat = await found(station, instance)
    assert (chat.name, chat.unread) == ("Marina", 4)
    assert await station.pool.fetchval("SELECT count(*) FROM event") == 0


async def test_another_account_does_not_get_the_chats_of_the_one_before(station: Station) -> None:
    async with station.running():
        instance = await insert_instance(station.pool, device=None, phone="5511900000009")
        await table.tell(station.pool, [ChatNews(instance, MARINA, unread=1)])
        await station.sessions.qr_code(instance)
        await eventually(lambda: instance.hex in station.engine.sessions)
        assert await table.find(station.pool, instance, MARINA) is None
        await table.tell(station.pool, [ChatNews(instance, MARINA, unread=1)])
        await station.sessions.unlink(instance)
        await station.sessions.qr_code(instance)
        await eventually(lambda: station.sessions.get(instance) is not None)
        assert (await found(station, instance)).unread == 1


async def test_a_history_that_nobody_can_read_is_not_missed(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        await hear(station, instance, EventCode.HISTORY_SYNC, b"\xff\xff")
    assert await station.pool.fetchval("SELECT count(*) FROM event_inbox") == 0
