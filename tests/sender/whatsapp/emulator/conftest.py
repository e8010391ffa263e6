"""The emulator for tests: inside the test's process, or as a program with real neonize sessions in another one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.server import Server, build
from tests.sender.whatsapp.emulator.neonize_process import NeonizeProcess
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.sender.whatsapp.emulator.real_session import RealSession

PHONE, FRIEND, OTHER = "5511900000001", "5511900000002", "5511900000003"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def server(folder: Path, anyio_backend: str) -> Iterator[Server]:
    """A server without network, with three accounts."""
    server = build(folder)
    for phone in (PHONE, FRIEND, OTHER):
        add_account(server, phone)
    yield server
    server.database.close()


def add_account(server: Server, phone: str, script: str = "silent") -> Account:
    account = server.directory.add(phone, f"name of {phone[-1]}")
    account.script = script
    server.directory.save(account)
    server.handsets.add(account)
    return account


class People(NamedTuple):
    """Accounts that no other test of the module uses: one whose phone scans, and contacts."""

    phone: str
    friend: str
    echo: str


@pytest.fixture(scope="module")
async def emulator(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    """One for all tests of a module, since starting it takes its time on a busy machine."""
    async with EmulatorProgram(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
async def sessions(
    emulator: EmulatorProgram, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[NeonizeProcess]:
    async with NeonizeProcess(await emulator.get("environment"), tmp_path_factory.mktemp("neonize")) as sessions:
        yield sessions


@pytest.fixture
async def people(emulator: EmulatorProgram) -> AsyncIterator[People]:
    known = len((await emulator.get("accounts"))["accounts"])
    people = People(*(f"55119100{known + place:05}" for place in (1, 2, 3)))
    for phone, name, script in zip(people, ("Phone", "Friend", "Echo"), ("silent", "silent", "echo"), strict=True):
        await emulator.post("accounts", phone=phone, name=name, script=script)
    yield people
    await emulator.ask("DELETE", "faults")


@pytest.fixture
async def fresh(sessions: NeonizeProcess, people: People) -> AsyncIterator[RealSession]:
    """A session that is not linked to any phone yet."""
    session = RealSession(sessions, f"session-{people.phone}")
    yield session
    await session.stop()


@pytest.fixture
async def session(fresh: RealSession, emulator: EmulatorProgram, people: People) -> RealSession:
    """A session that is linked to the phone of the people, and connected."""
    await fresh.pair(lambda code: emulator.post("scan", phone=people.phone, qr=code))
    return fresh
