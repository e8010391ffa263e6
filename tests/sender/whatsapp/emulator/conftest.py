"""The emulator for tests: inside the test's process, or its control API over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.server import Server, build

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
