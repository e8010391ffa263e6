"""One emulator and one engine of real sessions for a module's tests, each with accounts of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.session import Account, Connected, Session
from tests.databases import Databases
from tests.engines.listening import Ear
from tests.engines.worlds import INSTANCE, World, emulated, neonize_world, simulated_world
from tests.sender.whatsapp.emulator.program import EmulatorProgram


@pytest.fixture(scope="module")
async def emulator(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def module_database(databases: Databases) -> Iterator[str]:
    dsn = databases.create()
    yield dsn
    databases.drop(dsn)


@pytest.fixture(scope="module")
async def real_engine(
    emulator: EmulatorProgram, module_database: str, anyio_backend: str
) -> AsyncIterator[NeonizeEngine]:
    patience = replace(Patience(), send=5.0, between_questions=0)
    async with NeonizeEngine(f"{module_database}_whatsapp", await emulated(emulator), patience) as engine:
        yield engine


@pytest.fixture(params=["simulated", "neonize", "relay"])
async def world(
    request: pytest.FixtureRequest, emulator: EmulatorProgram, real_engine: NeonizeEngine
) -> AsyncIterator[World]:
    of_engine: AbstractAsyncContextManager[World] = simulated_world()
    if request.param != "simulated":
        of_engine = neonize_world(real_engine, emulator, "relay" if request.param == "relay" else "direct")
    async with of_engine as world:
        yield world


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def account(world: World) -> Account:
    return await world.link(INSTANCE)


@pytest.fixture
async def session(world: World, account: Account, ear: Ear) -> AsyncIterator[Session]:
    session = await world.engine.open(account, ear)
    await ear.next(Connected)
    yield session
    await session.close()
