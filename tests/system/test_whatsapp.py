"""Messages through a real sender on the real engine, with WhatsApp's servers played by the emulator."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import anyio
import pytest

from common.postgres import Pool
from frontend.problems import Problem
from tests.builders import insert_instance, new_message
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Asking, Sender, ask_on, enqueue_on, statuses

pytestmark = pytest.mark.anyio

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
    told = await emulator.get("environment")
    sender = Sender(
        database,
        redis_url,
        tmp_path,
        WHATSAPP_ENGINE="neonize",
        WHATSAPP_PROXY=told["proxy"],
        WHATSAPP_CA_FILE=told["ca_file"],
        WHATSAPP_NOISE_ROOT=told["noise_root"],
    )
    sender.start()
    yield sender
    sender.kill()


async def link(emulator: EmulatorProgram, ask: Asking, pool: Pool, instance: UUID, phone: str = PHONE) -> None:
    """Scan the instance's QR code as soon as somebody owns it, and wait until it is connected."""
    with anyio.fail_after(30):
        while True:
            with suppress(Problem):
                answer = await ask(instance, "qr-code")
                break
            await anyio.sleep(0.1)
    await emulator.post("scan", phone=phone, qr=answer["value"])
    await until_connected(pool, instance)


async def until_connected(pool: Pool, instance: UUID) -> None:
    with anyio.fail_after(30):
        while await state_of(pool, instance) != "connected":
            await anyio.sleep(0.05)


async def state_of(pool: Pool, instance: UUID) -> str:
    state: str = await pool.fetchval("SELECT session_state FROM instance WHERE id = $1", instance)
    return state


async def until_sent(pool: Pool, count: int) -> None:
    """So many messages left, whatever became of them afterwards, and there are no others."""
    with anyio.move_on_after(40):
        while (found := await statuses(pool)).keys() & {"queued", "sending"}:
            await anyio.sleep(0.05)
    assert found.keys() <= {"sent", "delivered", "read"}
    assert sum(found.values()) == count


async def test_texts_arrive_as_given_in_the_order_of_their_chats(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str
) -> None:
    instance = await insert_instance(pool, device=None)
    text = "Olá 👋🏽\nline two\n\n  — fim 🕊️"
    async with enqueue_on(pool, redis_url) as enqueue, ask_on(pool, redis_url) as ask:
        await link(emulator, ask, pool, instance)
        ticket = await enqueue.put(new_message(instance, text, phone=CONTACTS[0]))
        (received,) = await emulator.messages(CONTACTS[0])
        assert (received["text"], received["sender"], received["kind"]) == (text, PHONE, "text")
        await until_sent(pool, 1)
        (wire,) = await pool.fetchrow(
            "SELECT whatsapp_id FROM message_history WHERE message_id = $1", ticket.message_id
        )
        assert wire == received["id"]
        for number in range(50):
            await enqueue.put(new_message(instance, str(number), phone=CONTACTS[number % 5]))
        for place, contact in enumerate(CONTACTS):
            texts = [one["text"] for one in await emulator.messages(contact, 10, after=received["sequence"])]
            assert texts == [str(number) for number in range(50) if number % 5 == place]
        await until_sent(pool, 51)
        await emulator.post(f"contacts/{CONTACTS[0]}/mark", id=received["id"], kind="read")
        with anyio.fail_after(20):
            while "read" not in await statuses(pool):
                await anyio.sleep(0.05)
        assert sender.terminate() == 0


async def test_a_restarted_sender_takes_its_sessions_up_without_a_code(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str
) -> None:
    instance = await insert_instance(pool, device=None)
    async with enqueue_on(pool, redis_url) as enqueue, ask_on(pool, redis_url) as ask:
        await link(emulator, ask, pool, instance)
        await enqueue.put(new_message(instance, "before", phone=CONTACTS[0]))
        await until_sent(pool, 1)
        sender.kill()
        await enqueue.put(new_message(instance, "after", phone=CONTACTS[0]))
        sender.start()
        received = await emulator.messages(CONTACTS[0], 2)
    assert [one["text"] for one in received] == ["before", "after"]
    await until_sent(pool, 2)
