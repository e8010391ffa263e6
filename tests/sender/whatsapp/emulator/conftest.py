"""The emulator for tests: inside the test's process, or as a program with real neonize sessions in another one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.server import Server, build
from tests.sender.whatsapp.emulator.neonize_process import NeonizeProcess
from tests.sender.whatsapp.emulator.program import EmulatorProgram

PHONE, FRIEND, OTHER, ECHO = "5511900000001", "5511900000002", "5511900000003", "5511900000004"


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


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        await emulator.post("accounts", phone=PHONE, name="Phone", script="silent")
        await emulator.post("accounts", phone=ECHO, name="Echo", script="echo")
        await emulator.post("accounts", phone=FRIEND, name="Friend", script="silent")
        yield emulator


@pytest.fixture
async def sessions(emulator: EmulatorProgram, tmp_path: Path) -> AsyncIterator[NeonizeProcess]:
    async with NeonizeProcess(await emulator.get("environment"), tmp_path) as sessions:
        yield sessions


@pytest.fixture
async def session(emulator: EmulatorProgram, sessions: NeonizeProcess) -> str:
    """The name of a session that is linked to PHONE and connected."""
    await sessions.pair("one", lambda code: emulator.post("scan", phone=PHONE, qr=code))
    return "one"
