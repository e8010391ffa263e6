"""Engines on hosts that hold a stand-in for the library, and a session store with linked devices."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pytest

from sender.host.options import HostOptions
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.store import Store
from tests.databases import Databases
from tests.sender.host.stand_in import PROGRAM

QUICK = Patience(
    send=5.0, between_questions=0, call=5.0, connect=5.0, reconnect=0.5, close=5.0, first_pause=0.02, longest_pause=0.1
)

NewDevice = Callable[..., Awaitable[str]]

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def module_database(databases: Databases) -> Iterator[str]:
    dsn = databases.create(migrated=False)
    yield dsn
    databases.drop(dsn)


@pytest.fixture(scope="module")
async def store_dsn(module_database: str, anyio_backend: str) -> str:
    dsn = f"{module_database}_whatsapp"
    await (await Store(dsn).open()).close()
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE whatsmeow_device (jid text, lid text, push_name text, platform text)")
    await connection.close()
    return dsn


@pytest.fixture
def new_device(store_dsn: str) -> NewDevice:
    """Makes a device that is linked, for nobody else."""

    async def new_device(number: int = 1) -> str:
        device = f"55119{next(_numbers):08d}:{number}@s.whatsapp.net"
        connection = await asyncpg.connect(store_dsn)
        await connection.execute("INSERT INTO whatsmeow_device VALUES ($1, '100:1@lid', 'Ana', 'fake')", device)
        await connection.close()
        return device

    return new_device


@pytest.fixture(scope="module")
async def engine(store_dsn: str, anyio_backend: str) -> AsyncIterator[NeonizeEngine]:
    """One for a module: tests close what they open, so each finds it without hosts."""
    async with NeonizeEngine(store_dsn, HostOptions(sessions=2, program=PROGRAM), QUICK) as engine:
        yield engine
