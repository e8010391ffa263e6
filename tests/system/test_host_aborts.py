"""Session hosts aborted in the middle of sends: nothing is lost, nothing is doubled, and only their sessions notice."""

import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
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
from tests.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]

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
    return [child for child in psutil.Process(sender.pid).children() if is_host(child)]


def two(hosts: list[psutil.Process]) -> list[psutil.Process]:
    """None while there are more or fewer."""
    return hosts if len(hosts) == 2 else []


def is_host(process: psutil.Process) -> bool:
    with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
        return "sender.host" in process.cmdline()
    return False


async def changes(pool: Pool) -> Mapping[UUID, datetime]:
    return dict(await pool.fetch("SELECT id, session_changed_at FROM instance"))


async def until_changed(pool: Pool, before: Mapping[UUID, datetime], sessions: int) -> None:
    """Wait until so many sessions at least have shown that their host was hit."""
    with anyio.fail_after(PATIENCE):
        while len([1 for one, at in (await changes(pool)).items() if at != before[one]]) < sessions:
            await anyio.sleep(0.02)


async def until_all_are_connected(pool: Pool) -> None:
    with anyio.fail_after(PATIENCE):
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
        # Those of the pairings end when they have done their work.
        first, _ = await eventually(lambda: two(hosts_of(sender)))
        first.send_signal(signal.SIGABRT)
        await until_changed(pool, before, SESSIONS // 2)
        await until_all_are_connected(pool)
        hit = {one for one, at in (await changes(pool)).items() if at != before[one]}
        assert len(hit) == SESSIONS // 2  # the others did not notice

        for number in range(TEXTS):
            for place, instance in enumerate(instances):
                text = f"{place}-{number}"
                await enqueue.put(new_message(instance, text, phone=CONTACTS[number % len(CONTACTS)]))
        for abort in range(ABORTS):
            await anyio.sleep(0.3)  # let some messages leave
            # Whose host died again and again sits in smaller company, so there may be more hosts by now.
            victim = hosts_of(sender)[abort % 2]
            before = await changes(pool)
            victim.send_signal((signal.SIGABRT, signal.SIGKILL)[abort // 2 % 2])
            await until_changed(pool, before, 1)
            await until_all_are_connected(pool)
        with anyio.fail_after(PATIENCE):
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
