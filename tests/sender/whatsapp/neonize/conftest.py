"""An engine on hosts that hold a stand-in for the library, and a session store with linked devices."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from sender.host.options import HostOptions
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.store import Store
from tests.sender.host.stand_in import PROGRAM

DEVICES = tuple(f"551190000000{number}:1@s.whatsapp.net" for number in range(1, 5))
QUICK = Patience(send=5.0, call=5.0, connect=5.0, reconnect=0.5, close=5.0, first_pause=0.02, longest_pause=0.1)


@pytest.fixture
async def store_dsn(database: str, anyio_backend: str) -> str:
    dsn = f"{database}_whatsapp"
    await (await Store(dsn).open()).close()
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE whatsmeow_device (jid text, lid text, push_name text, platform text)")
    await connection.executemany(
        "INSERT INTO whatsmeow_device VALUES ($1, '100:1@lid', 'Ana', 'fake')", [(device,) for device in DEVICES]
    )
    await connection.close()
    return dsn


@pytest.fixture
async def engine(store_dsn: str, anyio_backend: str) -> AsyncIterator[NeonizeEngine]:
    async with NeonizeEngine(store_dsn, HostOptions(sessions=2, program=PROGRAM), QUICK) as engine:
        yield engine
