"""Session hosts aborted in the middle of sends: nothing is lost, nothing is doubled, and only their sessions notice."""

import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import anyio
import psutil
import pytest

from common.postgres import Pool
from tests.builders import insert_instance, new_message
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender, ask_on, enqueue_on, statuses
from tests.system.whatsapp import link, settings_of

pytestmark = pytest.mark.anyio

SESSIONS, TEXTS, ABORTS = 6, 12, 4  # texts are those of each session
PHONES = tuple(f"551190000{number:04d}" for number in range(SESSIONS))
CONTACTS = tuple(f"551198888{number:04d}" for number in range(3))


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (*PHONES, *CONTACTS):
            await emulator.post("accounts", phone=phone, name=phone[-1], script="silent")
        yield emulator


@pytest.fixture
async def sender(emulator: EmulatorProgram, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Sender]:
    settings = {
        **await settings_of(emulator),
        "HOST_SESSIONS": str(max(1, SESSIONS // 2)),
        "MESSAGE_DELAY_MIN": "100ms",
        "MESSAGE_DELAY_MAX": "100ms",
    }
    sender = Sender(database, redis_url, tmp_path, **settings)
    sender.start()
    yield sender
    sender.kill()


def hosts_of(sender: Sender) -> list[psutil.Process]:
    """Those that hold sessions; the ones of pairings and of the start are gone by now."""
    children = psutil.Process(sender.pid).children()
    return [child for child in children if "sender.host" in child.cmdline()]


async def changes(pool: Pool) -> Mapping[UUID, datetime]:
    return dict(await pool.fetch("SELECT id, session_changed_at FROM instance"))


async def until_all_are_connected(pool: Pool) -> None:
    with anyio.fail_after(30):
        while await pool.fetchval("SELECT count(*) FROM instance WHERE session_state <> 'connected'"):
            await anyio.sleep(0.02)


async def test_aborted_hosts_lose_and_double_nothing(
    sender: Sender,
    emulator: EmulatorProgram,
    pool: Pool,
    redis_url: str,
) -> None:
    instances = [await insert_instance(pool, device=None) for _ in PHONES]
    async with enqueue_on(pool, redis_url) as enqueue, ask_on(pool, redis_url) as ask:
        for instance, phone in zip(instances, PHONES, strict=True):
            await link(emulator, ask, pool, instance, phone)
        before = await changes(pool)
        first, *others = hosts_of(sender)
        assert len(others) == 1
        first.send_signal(signal.SIGABRT)
        with anyio.fail_after(30):
            while len([1 for one, at in (await changes(pool)).items() if at != before[one]]) < SESSIONS // 2:
                await anyio.sleep(0.02)
        await until_all_are_connected(pool)
        hit = {one for one, at in (await changes(pool)).items() if at != before[one]}
        assert len(hit) == SESSIONS // 2  # the others did not notice

        for number in range(TEXTS):
            for place, instance in enumerate(instances):
                text = f"{place}-{number}"
                await enqueue.put(new_message(instance, text, phone=CONTACTS[number % len(CONTACTS)]))
        waits = []
        for abort in range(ABORTS):
            await anyio.sleep(0.3)  # let some messages leave
            victim = hosts_of(sender)[abort % 2]
            victim.send_signal((signal.SIGABRT, signal.SIGKILL)[abort // 2 % 2])
            started = time.monotonic()
            await anyio.sleep(0.1)
            await until_all_are_connected(pool)
            waits.append(round(time.monotonic() - started, 2))
        assert max(waits) < 10  # 1 to 2 on a machine that has nothing else to do
        with anyio.fail_after(60):
            while (await statuses(pool)).keys() & {"queued", "sending"}:
                await anyio.sleep(0.05)
        received = Counter[str]()
        for contact in CONTACTS:
            received += Counter(one["text"] for one in (await emulator.get(f"contacts/{contact}/messages"))["messages"])
    found = await statuses(pool)
    assert sum(found.values()) == TEXTS * SESSIONS
    assert found.keys() <= {"sent", "delivered", "uncertain"}
    doubtful = {row[0] for row in await pool.fetch("SELECT payload->>'message' FROM message_queue")}
    assert max(received.values()) == 1
    everything = {f"{place}-{number}" for place in range(SESSIONS) for number in range(TEXTS)}
    assert everything - doubtful <= received.keys()
