"""Messages through a real sender on the real engine, with WhatsApp's servers played by the emulator."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from common.postgres import Pool
from tests.builders import insert_instance, new_message
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender, ask_on, enqueue_on, statuses
from tests.system.whatsapp import link, settings_of, state_of
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]

PHONE = "5511900000001"
CONTACTS = tuple(f"551198888000{number}" for number in range(5))


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (PHONE, *CONTACTS):
            await emulator.post("accounts", phone=phone, name=phone[-1], script="silent")
        yield emulator


@pytest.fixture
async def sender(emulator: EmulatorProgram, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Sender]:
    sender = Sender(database, redis_url, tmp_path, **await settings_of(emulator), REDIS_LOCK_TTL="8s")
    sender.start()
    yield sender
    sender.kill()


async def until(pool: Pool, expected: dict[str, int]) -> None:
    with anyio.move_on_after(PATIENCE):
        while await statuses(pool) != expected:
            await anyio.sleep(0.05)
    assert await statuses(pool) == expected


async def test_texts_arrive_as_given_in_the_order_of_their_chats(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str
) -> None:
    instance = await insert_instance(pool, device=None)
    text = "Olá 👋🏽\nline two\n\n  — fim 🕊️"
    async with enqueue_on(pool, redis_url) as enqueue, ask_on(pool, redis_url) as ask:
        await link(emulator, ask, pool, instance, PHONE)
        ticket = await enqueue.put(new_message(instance, text, phone=CONTACTS[0]))
        (received,) = await emulator.messages(CONTACTS[0])
        assert (received["text"], received["sender"], received["kind"]) == (text, PHONE, "text")
        await until(pool, {"delivered": 1})
        (wire,) = await pool.fetchrow(
            "SELECT whatsapp_id FROM message_history WHERE message_id = $1", ticket.message_id
        )
        assert wire == received["id"]
        for number in range(50):
            await enqueue.put(new_message(instance, str(number), phone=CONTACTS[number % 5]))
        for place, contact in enumerate(CONTACTS):
            texts = [one["text"] for one in await emulator.messages(contact, 10, after=received["sequence"])]
            assert texts == [str(number) for number in range(50) if number % 5 == place]
        await until(pool, {"delivered": 51})
        await emulator.post(f"contacts/{CONTACTS[0]}/mark", id=received["id"], kind="read")
        await until(pool, {"delivered": 50, "read": 1})
        assert sender.terminate() == 0


async def test_a_restarted_sender_takes_its_sessions_up_without_a_code(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str
) -> None:
    instance = await insert_instance(pool, device=None)
    async with enqueue_on(pool, redis_url) as enqueue, ask_on(pool, redis_url) as ask:
        await link(emulator, ask, pool, instance, PHONE)
        await enqueue.put(new_message(instance, "before", phone=CONTACTS[0]))
        await until(pool, {"delivered": 1})
        sender.kill()
        await enqueue.put(new_message(instance, "after", phone=CONTACTS[0]))
        sender.start()
        received = await emulator.messages(CONTACTS[0], 2)
    assert [one["text"] for one in received] == ["before", "after"]
    await until(pool, {"delivered": 2})


async def test_a_lost_ack_is_settled_by_the_receipt_and_nothing_is_sent_twice(
    emulator: EmulatorProgram, database: str, redis_url: str, tmp_path: Path, pool: Pool
) -> None:
    impatient = Sender(database, redis_url, tmp_path, **await settings_of(emulator), SEND_TIMEOUT="2s")
    impatient.start()
    try:
        instance = await insert_instance(pool, device=None)
        async with enqueue_on(pool, redis_url) as enqueue, ask_on(pool, redis_url) as ask:
            await link(emulator, ask, pool, instance, PHONE)
            await emulator.post("faults", kind="drop-ack", to=CONTACTS[0])
            for text in ("unacknowledged", "next"):
                await enqueue.put(new_message(instance, text, phone=CONTACTS[0]))
            received = await emulator.messages(CONTACTS[0], 2)
            await until(pool, {"delivered": 2})
        assert [one["text"] for one in received] == ["unacknowledged", "next"]
        traffic = [one["id"] for one in (await emulator.get("traffic"))["messages"]]
        assert len(traffic) == len(set(traffic)) == 2
    finally:
        impatient.kill()


async def test_a_connection_cut_before_the_ack_shows_one_message(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str
) -> None:
    instance = await insert_instance(pool, device=None)
    async with enqueue_on(pool, redis_url) as enqueue, ask_on(pool, redis_url) as ask:
        await link(emulator, ask, pool, instance, PHONE)
        await emulator.post("faults", kind="cut-before-ack", to=CONTACTS[0])
        for text in ("cut", "next"):
            await enqueue.put(new_message(instance, text, phone=CONTACTS[0]))
        received = await emulator.messages(CONTACTS[0], 2)
        await until(pool, {"delivered": 2})
    assert [one["text"] for one in received] == ["cut", "next"]


async def test_after_an_outage_of_everything_sessions_return_without_a_code_and_queues_drain_in_order(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str
) -> None:
    instance = await insert_instance(pool, device=None)
    async with enqueue_on(pool, redis_url) as enqueue, ask_on(pool, redis_url) as ask:
        await link(emulator, ask, pool, instance, PHONE)
        await emulator.post("outage", is_out=True)
        with anyio.fail_after(PATIENCE):
            while await state_of(pool, instance) == "connected":
                await anyio.sleep(0.05)
        for number in range(10):
            await enqueue.put(new_message(instance, str(number), phone=CONTACTS[0]))
        await emulator.end(signal.SIGKILL)
        sender.kill()
        sender.start()
        await emulator.start()
        received = await emulator.messages(CONTACTS[0], 10)
        assert [one["text"] for one in received] == [str(number) for number in range(10)]
        await until(pool, {"delivered": 10})
