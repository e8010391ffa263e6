import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import pytest

from common.errors import NotConnected
from common.tables.session import SessionOwner
from sender.pairings import NoCode, Pairings
from sender.whatsapp.session import Engine, Paired, PairingCode, PairingFailed, QrCode
from tests.clock import ManualClock
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

OWNER = SessionOwner(uuid4(), 7, None, "name", "session name")
LINKED = Paired("5511900000001:1@s.whatsapp.net", "5511900000001", None, "android")

Step = QrCode | Paired | PairingFailed


class ScriptedEngine:
    """Pairs as the test says."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.steps: asyncio.Queue[Step] = asyncio.Queue()
        self.begun = 0
        self.ended = 0
        self.phones: list[str] = []

    async def pair(self, instance: str, device_name: str) -> AsyncIterator[Step]:
        self.begun += 1
        try:
            while True:
                step = await self.steps.get()
                yield step
                if not isinstance(step, QrCode):
                    return
        finally:
            self.ended += 1

    async def pairing_code(self, instance: str, phone: str) -> PairingCode:
        if phone == "refused":
            raise NotConnected
        self.phones.append(phone)
        return PairingCode(f"CODE-{len(self.phones)}", self._clock.now() + timedelta(seconds=160))

    def show(self, text: str, seconds: float = 20) -> None:
        self.steps.put_nowait(QrCode(text, self._clock.now() + timedelta(seconds=seconds)))


class Outcome:
    def __init__(self) -> None:
        self.linked: list[UUID] = []
        self.failed: list[str] = []

    async def on_linked(self, owner: SessionOwner, paired: Paired) -> None:
        self.linked.append(owner.id)

    async def on_failed(self, owner: SessionOwner, reason: str) -> None:
        self.failed.append(reason)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(clock: ManualClock) -> ScriptedEngine:
    return ScriptedEngine(clock)


@pytest.fixture
def outcome() -> Outcome:
    return Outcome()


@pytest.fixture
async def pairings(
    engine: ScriptedEngine, outcome: Outcome, clock: ManualClock, anyio_backend: str
) -> AsyncIterator[Pairings]:
    pairings = Pairings(cast(Engine, engine), outcome.on_linked, outcome.on_failed, clock)
    async with running(pairings):
        yield pairings


@asynccontextmanager
async def running(pairings: Pairings) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(pairings.run())
        await asyncio.sleep(0)
        yield
        task.cancel()


async def test_asking_again_shows_the_code_of_the_moment_and_breaks_nothing(
    pairings: Pairings, engine: ScriptedEngine, clock: ManualClock
) -> None:
    engine.show("first")
    codes = [await pairings.qr_code(OWNER) for _ in range(3)]
    assert [code.text for code in codes if code] == ["first"] * 3
    clock.move(21)
    waiting = asyncio.create_task(pairings.qr_code(OWNER))
    await asyncio.sleep(0)
    engine.show("second")
    code = await waiting
    assert code
    assert code.text == "second"
    assert engine.begun == 1


async def test_a_link_ends_the_waiting_for_a_code(pairings: Pairings, engine: ScriptedEngine, outcome: Outcome) -> None:
    waiting = asyncio.create_task(pairings.qr_code(OWNER))
    engine.steps.put_nowait(LINKED)
    assert await waiting is None
    assert outcome.linked == [OWNER.id]


async def test_a_failure_is_said_with_its_reason_and_the_next_question_begins_anew(
    pairings: Pairings, engine: ScriptedEngine, outcome: Outcome
) -> None:
    engine.steps.put_nowait(PairingFailed("passkey-required"))
    with pytest.raises(NoCode) as caught:
        await pairings.qr_code(OWNER)
    assert caught.value.reason == "passkey-required"
    assert outcome.failed == ["passkey-required"]
    engine.show("again")
    assert await pairings.qr_code(OWNER)
    assert engine.begun == 2


async def test_a_phone_gets_the_same_code_while_it_is_valid(
    pairings: Pairings, engine: ScriptedEngine, clock: ManualClock
) -> None:
    engine.show("qr", seconds=1000)
    codes = await asyncio.gather(*(pairings.phone_code(OWNER, "5511988887777") for _ in range(3)))
    assert [code.text for code in codes if code] == ["CODE-1"] * 3
    other = await pairings.phone_code(OWNER, "5511988886666")
    assert other
    assert other.text == "CODE-2"
    clock.move(161)
    renewed = await pairings.phone_code(OWNER, "5511988886666")
    assert renewed
    assert renewed.text == "CODE-3"
    assert engine.begun == 1


async def test_a_phone_that_gets_no_code_leaves_the_pairing_as_it_is(
    pairings: Pairings, engine: ScriptedEngine
) -> None:
    engine.show("qr")
    with pytest.raises(NotConnected):
        await pairings.phone_code(OWNER, "refused")
    assert await pairings.qr_code(OWNER)
    assert engine.begun == 1


async def test_a_lost_shard_breaks_its_pairings_off(pairings: Pairings, engine: ScriptedEngine) -> None:
    engine.show("qr")
    await pairings.qr_code(OWNER)
    pairings.end({8})
    assert await pairings.qr_code(OWNER)
    pairings.end({7})
    await eventually(lambda: engine.ended == 1)


async def test_it_is_known_where_a_phone_may_be_scanning(pairings: Pairings, engine: ScriptedEngine) -> None:
    assert pairings.shards() == set()
    engine.show("first")
    await pairings.qr_code(OWNER)
    assert pairings.shards() == {OWNER.shard}
    engine.steps.put_nowait(PairingFailed("timeout"))
    await eventually(lambda: not pairings.shards())
