"""What contacts write to a real session while its sender is stopped in order: every message is told once."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import anyio
import orjson
import pytest

from common.postgres import Pool
from tests.builders import insert_instance
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender, ask_on
from tests.system.whatsapp import link, settings_of
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]

PHONE, FRIEND = "5511900000001", "5511988880000"
MESSAGES, STOPS = 120, 1


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (PHONE, FRIEND):
            await emulator.post("accounts", phone=phone, name=phone[-1], script="silent")
        yield emulator


@pytest.fixture
async def sender(emulator: EmulatorProgram, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Sender]:
    sender = Sender(database, redis_url, tmp_path, **await settings_of(emulator), REDIS_LOCK_TTL="8s")
    sender.start()
    yield sender
    sender.kill()


async def told(pool: Pool, instance: UUID) -> Counter[str]:
    rows = await pool.fetch(
        "SELECT body FROM event WHERE instance_id = $1 AND type = 'ReceivedCallback' ORDER BY seq", instance
    )
    bodies = [orjson.loads(row[0]) for row in rows]
    return Counter(body["text"]["message"] for body in bodies if "text" in body)


async def test_a_sender_that_is_killed_loses_nothing_that_its_hosts_had_heard(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str, wire: str
) -> None:
    instance = await insert_instance(pool, device=None, received_callback_url="http://127.0.0.1:9/hook")
    async with ask_on(pool, redis_url) as ask:
        await link(emulator, ask, pool, instance, PHONE)
    async with anyio.create_task_group() as tasks:
        for each in range(4):

            async def write(each: int = each) -> None:
                for number in range(each, 4 * MESSAGES, 4):
                    await emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text=str(number))

            tasks.start_soon(write)
        with anyio.fail_after(PATIENCE):
            while len(await told(pool, instance)) < MESSAGES:
                await anyio.sleep(0.01)
        sender.kill()
        sender.start()
    with anyio.move_on_after(PATIENCE):
        while len(await told(pool, instance)) < 4 * MESSAGES:
            await anyio.sleep(0.1)
    found = await told(pool, instance)
    assert {str(number) for number in range(4 * MESSAGES)} == found.keys()
    # What was committed in the very moment of the kill is told again, but not through the relay.
    assert sum(found.values()) <= 4 * MESSAGES + (wire == "direct")


async def test_what_comes_in_around_planned_stops_is_told_once_and_in_order(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str
) -> None:
    # Nobody answers at that address; what matters here are the events that wait for it.
    instance = await insert_instance(pool, device=None, received_callback_url="http://127.0.0.1:9/hook")
    async with ask_on(pool, redis_url) as ask:
        await link(emulator, ask, pool, instance, PHONE)

    async def write() -> None:
        for number in range(MESSAGES):
            await emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text=str(number))
            await anyio.sleep(0.02)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        known = 0
        for _ in range(STOPS):
            # What is new was told by the sender that runs now.
            with anyio.fail_after(PATIENCE):
                while len(await told(pool, instance)) < known + 10:
                    await anyio.sleep(0.01)
            assert await anyio.to_thread.run_sync(sender.terminate) == 0
            known = len(await told(pool, instance))
            sender.start()
    with anyio.move_on_after(PATIENCE):
        while len(await told(pool, instance)) < MESSAGES:
            await anyio.sleep(0.1)
    found = await told(pool, instance)
    assert list(found) == [str(number) for number in range(MESSAGES)]
    assert set(found.values()) == {1}
