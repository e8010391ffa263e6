"""What only real sessions can show."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import psutil
import pytest

from common.addresses import Jid, user_of
from common.errors import NotConnected, Refused
from common.postgres import Pool
from sender.whatsapp.bare_package import load_bare
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.session import Account, Connected, Event, Paired, QrCode, Raw
from tests.engines.listening import Ear
from tests.engines.worlds import emulated, new_phone
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.waiting import eventually

load_bare("neonize")

from neonize.proto.Neonize_pb2 import Message as Received  # noqa: E402

pytestmark = pytest.mark.anyio

MESSAGE = 17


QUICKLY_IDLE = 1.0  # seconds


@pytest.fixture
async def engine(emulator: EmulatorProgram, database: str, anyio_backend: str) -> AsyncIterator[NeonizeEngine]:
    async with NeonizeEngine(f"{database}_whatsapp", await emulated(emulator), idle_timeout=QUICKLY_IDLE) as engine:
        yield engine


async def test_a_device_is_linked_by_a_code_that_is_typed(
    engine: NeonizeEngine, emulator: EmulatorProgram, ear: Ear
) -> None:
    phone = new_phone()
    await emulator.post("accounts", phone=phone, name="Ana", script="silent")
    async with aclosing(engine.pair("instance", "Pombo")) as steps:  # type: ignore[type-var]
        assert isinstance(await anext(steps), QrCode)
        code = await engine.pairing_code("instance", phone)
        await emulator.post("code", phone=phone, code=code.text)
        paired = await anext(steps)
    assert isinstance(paired, Paired)
    assert paired.phone == phone
    session = await engine.open(Account("instance", paired.device), ear)
    await ear.next(Connected)
    await session.close()


async def test_a_number_that_cannot_be_one_gets_no_code(engine: NeonizeEngine) -> None:
    async with aclosing(engine.pair("instance", "Pombo")) as steps:  # type: ignore[type-var]
        assert isinstance(await anext(steps), QrCode)
        with pytest.raises(Refused):
            await engine.pairing_code("instance", "0123")


async def link(engine: NeonizeEngine, emulator: EmulatorProgram, instance: str) -> Account:
    phone = new_phone()
    await emulator.post("accounts", phone=phone, name="Ana", script="silent")
    async for step in engine.pair(instance, "Pombo"):
        if isinstance(step, QrCode):
            await emulator.post("scan", phone=phone, qr=step.text)
        elif isinstance(step, Paired):
            return Account(instance, step.device)
    raise AssertionError("not paired")


async def test_an_account_shows_what_it_was_told_to_show(
    engine: NeonizeEngine, emulator: EmulatorProgram, ear: Ear
) -> None:
    session = await engine.open(await link(engine, emulator, "instance"), ear)
    await ear.next(Connected)
    assert (await session.profile()).picture is None
    await session.change_about("Até logo 🕊")
    assert (await session.profile()).about == "Até logo 🕊"
    await session.close()
    with pytest.raises(NotConnected):
        await session.change_about("nobody is there")


class SlowEar(Ear):
    """Takes its time over each event, as a loaded database does."""

    async def __call__(self, event: Event) -> None:
        await asyncio.sleep(0.005)
        await super().__call__(event)


async def test_what_came_in_is_heard_once_also_across_a_planned_stop(
    engine: NeonizeEngine, emulator: EmulatorProgram
) -> None:
    account = await link(engine, emulator, "instance")
    friend = new_phone()
    await emulator.post("accounts", phone=friend, name="Friend", script="silent")
    ear = SlowEar()
    session = await engine.open(account, ear)
    await ear.next(Connected)
    for number in range(150):
        await emulator.post(f"contacts/{friend}/send", to=user_of(Jid(account.device)), text=str(number))
        if number in (50, 100):
            await session.close()
            session = await engine.open(account, ear)
    await eventually(lambda: len(heard(ear)) >= 150)
    await session.close()
    assert heard(ear) == [str(number) for number in range(150)]


def heard(ear: Ear) -> list[str]:
    """The texts. Between an account's own devices come messages without any."""
    events = [event for event in ear.events if isinstance(event, Raw) and event.code == MESSAGE]
    texts = [Received.FromString(event.body).Message.conversation for event in events]
    return [text for text in texts if text]


async def test_opening_and_closing_again_and_again_leaves_nothing_behind(
    engine: NeonizeEngine, emulator: EmulatorProgram, database: str, pool: Pool
) -> None:
    """But two open files in the host each time, which is why hosts are replaced after a number of openings."""
    staying, coming = [await link(engine, emulator, name) for name in ("staying", "coming")]
    ear = Ear()
    await engine.open(staying, ear)
    await ear.next(Connected)
    host = psutil.Process(engine.hosts[0].pid)
    node = psutil.Process()

    async def come_and_go(times: int) -> None:
        for _ in range(times):
            visit = Ear()
            session = await engine.open(coming, visit)
            await visit.next(Connected)
            await session.close()

    await come_and_go(5)
    before = (node.num_fds(), node.num_threads(), host.num_threads())
    files = host.num_fds()
    await come_and_go(20)
    assert engine.hosts[0].pid == host.pid
    assert (node.num_fds(), node.num_threads()) == before[:2]
    assert host.num_threads() <= before[2] + 3  # Go adds one now and then
    assert host.num_fds() <= files + 2 * 20 + 5
    connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pombo-session' AND datname = $1"
    store = f"{database}_whatsapp".rpartition("/")[2]

    async def are_gone() -> bool:
        count: int = await pool.fetchval(connections, store)
        return count <= 2  # of the session that stays

    await eventually(are_gone)
