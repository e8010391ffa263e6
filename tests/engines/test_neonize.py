"""What only real sessions can show."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from common.errors import Refused
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.session import Account, Connected, Paired, QrCode
from tests.engines.listening import Ear
from tests.engines.worlds import emulated, new_phone
from tests.sender.whatsapp.emulator.program import EmulatorProgram

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine(emulator: EmulatorProgram, database: str, anyio_backend: str) -> AsyncIterator[NeonizeEngine]:
    async with NeonizeEngine(f"{database}_whatsapp", await emulated(emulator)) as engine:
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
