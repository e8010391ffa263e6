"""What a dead host did not tell is opened from its record, also where the keys are not simply the next ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from common.addresses import Jid, user_of
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.session import Account, Session
from tests.databases import Databases
from tests.engines.test_arrivals import Memory, open_session
from tests.engines.test_conformance import send
from tests.engines.worlds import INSTANCE, NeonizeWorld, emulated, neonize_world
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


class Correspondence:
    """An account with a session, those who write to it, and what its listener holds."""

    def __init__(self, world: NeonizeWorld, account: Account, memory: Memory, session: Session) -> None:
        self.contact, self.other = world.contacts
        self.own = user_of(Jid(account.device))
        self.session = session
        self.memory = memory
        self._world = world
        self._written = 0

    async def write(self, text: str, by: str | None = None, to: str | None = None, **how: Any) -> None:
        """Returns when the relay has it, or the server holds it."""
        by = by or user_of(self.contact)
        held = (await self._world.emulator.get("faults"))["faults"]
        await self._world.emulator.post(f"contacts/{by}/send", to=to or self.own, text=text, **how)
        if not held:
            await self.arrived(1)

    async def arrived(self, count: int) -> None:
        self._written += count
        await eventually(lambda: len(self.memory.kept) >= self._written)

    async def told(self, *texts: str) -> None:
        await eventually(lambda: set(texts) <= set(self.memory.texts()))

    async def hold(self, times: int = 1) -> None:
        """What comes to the account next waits until it is released, the last first."""
        await self._world.emulator.post("faults", kind="hold-message", to=self.own, times=times)

    async def release(self) -> None:
        await self.arrived((await self._world.emulator.post("faults/release"))["released"])

    async def group(self) -> str:
        members = [self.own, user_of(self.other)]
        made = await self._world.emulator.post("groups", subject="Team", creator=user_of(self.contact), members=members)
        jid: str = made["jid"]
        return jid

    def go_deaf(self) -> None:
        """From now on nothing is safe: the library tells its next event in vain and reads no further."""
        self.memory.is_deaf = True

    async def die(self) -> None:
        """And come back with ears."""
        self.memory.connected.clear()
        for host in self._world.engine.hosts:  # type: ignore[attr-defined]
            host.kill()
        self.memory.is_deaf = False
        async with asyncio.timeout(20):
            await self.memory.connected.wait()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture(scope="module")
def store(databases: Databases) -> Any:
    dsn = databases.create(migrated=False)
    yield f"{dsn}_whatsapp"
    databases.drop(dsn)


@pytest.fixture
async def letters(emulator: EmulatorProgram, store: str, memory: Memory) -> AsyncIterator[Correspondence]:
    async with (
        NeonizeEngine(store, await emulated(emulator), kept=memory.left) as engine,
        neonize_world(engine, emulator, "relay") as world,
    ):
        account = await world.link(INSTANCE)
        session = await open_session(world, account, memory)
        yield Correspondence(world, account, memory, session)
        await session.close()
    await emulator.ask("DELETE", "faults")


async def messages_out_of_order(letters: Correspondence) -> list[str]:
    """The keys of those that are skipped are in the store, or are still to be made."""
    await letters.write("first")
    await letters.hold(2)
    await letters.write("skipped 1")
    await letters.write("skipped 2")
    await letters.write("after them")
    await letters.told("first", "after them")
    letters.go_deaf()
    await letters.hold()
    await letters.write("skipped 3")
    await letters.write("last")
    await letters.release()
    return ["skipped 1", "skipped 2", "skipped 3", "last"]


async def a_message_of_the_chain_before(letters: Correspondence) -> list[str]:
    """An answer has turned the ratchet since."""
    await letters.write("first")
    await letters.told("first")
    await letters.hold()
    await letters.write("of the old chain")
    await send(letters.session, letters.contact, "an answer")
    await letters.write("of the new chain")
    await letters.told("of the new chain")
    letters.go_deaf()
    await letters.release()
    return ["of the old chain"]


async def a_message_of_an_archived_session(letters: Correspondence) -> list[str]:
    await letters.write("first")
    await letters.told("first")
    await letters.hold()
    await letters.write("over the old session")
    await letters.write("over a new session", afresh=True)
    await letters.told("over a new session")
    letters.go_deaf()
    await letters.release()
    await letters.write("over another one", afresh=True)
    return ["over the old session", "over another one"]


async def messages_of_the_own_phone(letters: Correspondence) -> list[str]:
    own = {"by": letters.own, "to": user_of(letters.contact)}
    await letters.write("first", **own)
    await letters.hold()
    await letters.write("skipped", **own)
    await letters.write("after it", **own)
    await letters.told("first", "after it")
    letters.go_deaf()
    await letters.release()
    await letters.write("last", **own)
    return ["skipped", "last"]


async def group_messages_out_of_order(letters: Correspondence) -> list[str]:
    group = await letters.group()
    await letters.write("first", to=group)
    await letters.hold()
    await letters.write("skipped 1", to=group, bare=True)
    await letters.write("after it", to=group, bare=True)
    await letters.told("first", "after it")
    letters.go_deaf()
    await letters.hold()
    await letters.write("skipped 2", to=group, bare=True)
    await letters.write("last", to=group, bare=True)
    await letters.release()
    return ["skipped 1", "skipped 2", "last"]


async def group_messages_whose_key_is_in_one_that_is_not_read_yet(letters: Correspondence) -> list[str]:
    group = await letters.group()
    letters.go_deaf()
    await letters.write("from somebody else", by=user_of(letters.other))
    await letters.write("with the key", to=group)
    await letters.write("without it 1", to=group, bare=True)
    await letters.write("without it 2", to=group, bare=True)
    return ["from somebody else", "with the key", "without it 1", "without it 2"]


@pytest.mark.parametrize(
    "write",
    [
        messages_out_of_order,
        a_message_of_the_chain_before,
        a_message_of_an_archived_session,
        messages_of_the_own_phone,
        group_messages_out_of_order,
        group_messages_whose_key_is_in_one_that_is_not_read_yet,
    ],
)
async def test_what_was_kept_and_not_told_is_opened(
    letters: Correspondence, memory: Memory, write: Callable[[Correspondence], Awaitable[list[str]]]
) -> None:
    texts = await write(letters)
    assert not set(texts) & set(memory.texts())
    await letters.die()
    assert set(texts) <= set(memory.known_at_login)
    assert not memory.unopened
    # The library goes on from what it had read itself.
    await letters.write("afterwards")
    await letters.told("afterwards")
