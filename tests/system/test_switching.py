"""An instance that changes its way to WhatsApp while messages go out and come in: directly, relayed, and back."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest

from common.postgres import Pool
from tests.frontend.gateway import Caller, Gateway, settings_for
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender, frontend_process
from tests.system.talking import FRIEND, OTHER, PHONE, link
from tests.system.whatsapp import settings_of
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

RECEIVED = """
    SELECT body FROM event WHERE instance_id = $1 AND type = 'ReceivedCallback' ORDER BY seq"""
SESSION = """
    SELECT device, session_state, session_changed_at FROM instance WHERE id = $1"""
APART = 0.05  # seconds between two messages of a side


class Conversation:
    """Both sides write without a pause: the instance to two contacts, and one of them to the instance."""

    def __init__(self, caller: Caller, emulator: EmulatorProgram) -> None:
        self._caller = caller
        self._emulator = emulator
        self.ids: dict[str, str] = {}
        """By text, what the API answered."""
        self.written: list[str] = []
        """The ids of what the contact wrote."""
        self.texts: dict[str, list[str]] = defaultdict(list)

    async def send(self, text: str, phone: str) -> None:
        answer = await self._caller.post("send-text", {"phone": phone, "message": text})
        assert answer.status_code == 200, answer.text
        self.ids[text] = answer.json()["messageId"]
        self.texts[phone].append(text)

    async def write(self) -> None:
        said = await self._emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text=f"in {len(self.written)}")
        self.written.append(said["id"])

    async def run(self, stop: anyio.Event) -> None:
        while not stop.is_set():
            await self.send(f"under way {len(self.ids)}", (FRIEND, OTHER)[len(self.ids) % 2])
            await self.write()
            await anyio.sleep(APART)

    def is_ahead(self, count: int) -> Callable[[], bool]:
        """Whether so many more were sent than now."""
        goal = len(self.ids) + count
        return lambda: len(self.ids) >= goal


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (PHONE, FRIEND, OTHER):
            await emulator.post("accounts", phone=phone, name=phone[-1], script="silent")
        yield emulator


@pytest.fixture
async def sender(emulator: EmulatorProgram, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Sender]:
    sender = Sender(database, redis_url, tmp_path, **await settings_of(emulator), EVENTS_KEEP_ALL="true")
    sender.start()
    yield sender
    sender.kill()


@pytest.fixture
async def gateway(sender: Sender, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with frontend_process(settings_for(database, redis_url, ask_timeout=20), tmp_path / "frontend.log") as found:
        yield found


async def test_a_running_session_goes_relayed_and_directly_again_and_nobody_notices(
    gateway: Gateway, sender: Sender, emulator: EmulatorProgram, pool: Pool
) -> None:
    caller = await gateway.create()
    await link(caller, emulator, pool)
    device, process = (await pool.fetchrow(SESSION, caller.uuid))["device"], sender.pid
    talk = Conversation(caller, emulator)
    calm: dict[str, str] = {}  # what was sent while the session went one way for certain, and which

    async def go(wire: str) -> None:
        before = await pool.fetchrow(SESSION, caller.uuid)
        answer = await gateway.as_partner("PUT", f"{caller.base}/integrator/wire", json={"wire": wire})
        assert answer.status_code == 200, answer.text

        async def is_there() -> bool:
            now = await pool.fetchrow(SESSION, caller.uuid)
            return now["session_state"] == "connected" and now["session_changed_at"] > before["session_changed_at"]

        await eventually(is_there, 30)

    async def say(wire: str) -> None:
        """A text that has left before anything changes."""
        text = f"calm {len(calm)}"
        await talk.send(text, OTHER)
        calm[text] = wire
        await eventually(lambda: _has_left(pool, talk.ids[text]), 30)

    await say("direct")
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(talk.run, stop)
        await eventually(talk.is_ahead(5))
        await go("relay")
        await say("relay")
        await eventually(talk.is_ahead(5))
        await go("direct")
        await eventually(talk.is_ahead(5))
        stop.set()
    await say("direct")

    received = {phone: await emulator.messages(phone, len(talk.texts[phone])) for phone in (FRIEND, OTHER)}
    for phone, messages in received.items():
        assert [each["text"] for each in messages] == talk.texts[phone]
    ids = {each["text"]: each["id"] for messages in received.values() for each in messages}
    told = {text: ids[text] == talk.ids[text] for text in calm}
    assert told == {text: wire == "relay" for text, wire in calm.items()}
    wire_ids = dict(await pool.fetch("SELECT message_id, whatsapp_id FROM message_history"))
    assert {text: wire_ids[own] for text, own in talk.ids.items()} == ids

    await eventually(lambda: _is_told(pool, caller, talk), 30)
    bodies = [orjson.loads(row[0]) for row in await pool.fetch(RECEIVED, caller.uuid)]
    assert [body["messageId"] for body in bodies] == talk.written
    assert set(Counter(talk.written).values()) == {1}

    now = await pool.fetchrow(SESSION, caller.uuid)
    assert (now["device"], sender.pid, sender.is_alive) == (device, process, True)
    assert sender.log.count('"event":"paired"') == 1


async def _has_left(pool: Pool, message_id: str) -> bool:
    return bool(await pool.fetchval("SELECT true FROM message_history WHERE message_id = $1", message_id))


async def _is_told(pool: Pool, caller: Caller, talk: Conversation) -> bool:
    rows: list[Any] = await pool.fetch(RECEIVED, caller.uuid)
    return len(rows) >= len(talk.written)
