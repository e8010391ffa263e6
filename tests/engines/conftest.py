"""One emulator for a module's tests, each with accounts of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.engines.listening import Ear
from tests.engines.worlds import World, neonize_world, simulated_world
from tests.sender.whatsapp.emulator.program import EmulatorProgram


@pytest.fixture(scope="module")
async def emulator(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(params=["simulated", "neonize"])
async def world(
    request: pytest.FixtureRequest, emulator: EmulatorProgram, database: str, anyio_backend: str
) -> AsyncIterator[World]:
    of_engine = simulated_world() if request.param == "simulated" else neonize_world(emulator, f"{database}_whatsapp")
    async with of_engine as world:
        yield world


@pytest.fixture
def ear() -> Ear:
    return Ear()
