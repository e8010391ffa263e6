"""Messages that come in through the relay: kept before the library sees them, and opened without it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from common.addresses import Jid, user_of
from sender.whatsapp.engine_events import EventCode, ReceivedMessage
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.relay.arrival import ArrivalName
from sender.whatsapp.session import Account, Arrived, Connected, Event, KeptArrival, Raw, Unopened
from tests.databases import Databases
from tests.engines.worlds import INSTANCE, NeonizeWorld, emulated, neonize_world
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio


class Memory:
    """Keeps what arrives; while it is `deaf` it makes no event safe, as a node that is about to die."""

    def __init__(self) -> None:
        self.kept: dict[ArrivalName, list[bytes]] = {}
        self.told: dict[ArrivalName, Any] = {}
        self.twice = 0
        self.unopened: list[ArrivalName] = []
        self.connected = asyncio.Event()
        self.is_deaf = False
        self.known_at_login: list[str] = []
        """The texts that needed no library to be read, or that it had read before."""

    async def __call__(self, event: Event) -> None:
        match event:
            case Connected():
                self.known_at_login = self.texts()
                self.connected.set()
            case Arrived(arrivals):
                for each in arrivals:
                    if each.name not in self.told:
                        self.kept.setdefault(each.name, []).append(each.record)
            case Unopened(name):
                self.unopened.append(name)
            case Raw(EventCode.MESSAGE, body, _, name) if name is not None:
                if self.is_deaf:
                    raise OSError("the database is away")
                self.twice += name in self.told
                self.told.setdefault(name, ReceivedMessage.FromString(body))

    async def left(self, instance: str) -> Sequence[KeptArrival]:
        return [KeptArrival(name, records) for name, records in self.kept.items() if name not in self.told]

    def texts(self) -> list[str]:
        return [each.Message.conversation or each.Message.extendedTextMessage.text for each in self.told.values()]


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
async def world(emulator: EmulatorProgram, databases: Databases, memory: Memory) -> AsyncIterator[NeonizeWorld]:
    dsn = databases.create(migrated=False)
    async with (
        NeonizeEngine(f"{dsn}_whatsapp", await emulated(emulator), kept=memory.left) as engine,
        neonize_world(engine, emulator, "relay") as world,
    ):
        yield world
    databases.drop(dsn)


async def open_session(world: NeonizeWorld, account: Account, memory: Memory) -> Any:
    memory.connected.clear()
    session = await world.engine.open(account, memory)
    async with asyncio.timeout(PATIENCE):
        await memory.connected.wait()
    return session


async def test_every_kind_of_message_is_opened_from_its_record(world: NeonizeWorld, memory: Memory) -> None:
    account = await world.link(INSTANCE)
    session = await open_session(world, account, memory)
    contact, other = world.contacts
    await world.write(account, contact, "first contact")
    await eventually(lambda: _holds(memory, "first contact"))
    expected = {"first contact"}
    for number in range(3):
        await world.write(account, contact, f"direct {number}")
        await world.write(account, other, f"other {number}")
        expected |= {f"direct {number}", f"other {number}"}
    own = user_of(Jid(account.device))
    group = await world.emulator.post("groups", subject="Team", creator=user_of(contact), members=[own, user_of(other)])
    for number in range(3):
        await world.emulator.post(f"contacts/{user_of(contact)}/send", to=group["jid"], text=f"group {number}")
        expected.add(f"group {number}")
    await world.emulator.post(f"contacts/{own}/send", to=user_of(contact), text="from the account's own phone")
    expected.add("from the account's own phone")
    await eventually(lambda: _holds(memory, *expected))
    assert memory.twice == 0
    by_library = dict(memory.told)
    memory.told.clear()
    await session.close()
    # As if none of them had been told: each is opened from what was kept before the library saw it.
    session = await open_session(world, account, memory)
    assert sorted(memory.texts()) == sorted(expected)
    assert not memory.unopened
    for name, told in by_library.items():
        if name not in memory.kept:
            continue  # between the account's own devices
        again = memory.told[name]
        for each in (told, again):
            each.ClearField("Raw")
            each.Message.ClearField("senderKeyDistributionMessage")
        assert again == told
    await session.close()


async def test_what_a_dead_host_did_not_tell_is_told_once(world: NeonizeWorld, memory: Memory) -> None:
    account = await world.link(INSTANCE)
    session = await open_session(world, account, memory)
    contact, other = world.contacts
    for sender in (contact, other):
        await world.write(account, sender, f"hello from {sender}")
    await eventually(lambda: len(memory.told) >= 2)
    memory.is_deaf = True
    texts = [f"message {number}" for number in range(20)]
    for number, text in enumerate(texts):
        await world.write(account, (contact, other)[number % 2], text)
    await eventually(lambda: len(memory.kept) == 22)
    memory.connected.clear()
    for host in world.engine.hosts:
        host.kill()
    memory.is_deaf = False
    async with asyncio.timeout(PATIENCE):
        await memory.connected.wait()
    await eventually(lambda: _holds(memory, *texts))
    # It goes on where it was: what comes now is read by the library, whatever it had read before.
    await world.write(account, contact, "afterwards")
    await eventually(lambda: _holds(memory, "afterwards"))
    assert len(memory.kept) == 23
    await session.close()


async def _holds(memory: Memory, *texts: str) -> bool:
    return set(texts) <= set(memory.texts())
