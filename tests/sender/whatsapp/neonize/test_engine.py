import asyncio
import os
import signal
import subprocess
import sys
from contextlib import aclosing

import pytest

from common.errors import NotConnected, NotPaired, Refused
from sender.host.options import HostOptions
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.session import Account, Connected, Disconnected, Paired, PairingFailed, QrCode
from tests.engines.listening import Ear
from tests.sender.host.fake_library import FATAL
from tests.sender.host.stand_in import PROGRAM
from tests.sender.whatsapp.neonize.conftest import QUICK, NewDevice

pytestmark = pytest.mark.anyio


async def test_a_device_that_is_not_in_the_store_never_reaches_the_library(engine: NeonizeEngine) -> None:
    with pytest.raises(NotPaired):
        await engine.open(Account("instance", "5511900000000:1@s.whatsapp.net"), Ear())
    assert engine.hosts == ()


async def test_pairing_shows_codes_and_ends_in_the_exact_device(engine: NeonizeEngine) -> None:
    steps = [step async for step in engine.pair("instance", "Pombo")]
    assert [step.text for step in steps if isinstance(step, QrCode)] == ["2@first", "2@second"]
    lid = "100000000000001@lid"
    assert steps[2:] == [Paired("5511900000001:1@s.whatsapp.net", "5511900000001", lid, "fake")]
    assert engine.hosts == ()


async def test_the_first_code_lives_longer_than_the_others(engine: NeonizeEngine) -> None:
    first, second, _ = [step async for step in engine.pair("instance", "Pombo")]
    assert isinstance(first, QrCode)
    assert isinstance(second, QrCode)
    assert 35 < (first.expires_at - second.expires_at).total_seconds() <= 40


async def test_a_pairing_that_nobody_scans_fails_and_leaves_nothing(engine: NeonizeEngine) -> None:
    steps = [step async for step in engine.pair("instance", "nobody scans")]
    assert steps[-1] == PairingFailed("timeout")


async def test_a_phone_gets_a_code_while_qr_codes_are_shown(engine: NeonizeEngine) -> None:
    with pytest.raises(NotConnected):
        await engine.pairing_code("instance", "5511988887777")
    async with aclosing(engine.pair("instance", "nobody scans yet")) as steps:  # type: ignore[type-var]
        assert isinstance(await anext(steps), QrCode)
        assert (await engine.pairing_code("instance", "5511988887777")).text == "CODE-7777"
        with pytest.raises(Refused):
            await engine.pairing_code("instance", "5500000000")


async def test_a_pairing_that_is_given_up_ends_its_host(engine: NeonizeEngine) -> None:
    async with aclosing(engine.pair("instance", "Pombo")) as steps:  # type: ignore[type-var]
        assert isinstance(await anext(steps), QrCode)
        (host,) = engine._fleet._throw_away
    assert not host.is_alive


async def test_a_host_that_dies_costs_its_sessions_a_moment_and_others_nothing(
    engine: NeonizeEngine, new_device: NewDevice
) -> None:
    ears = [Ear() for _ in range(4)]
    sessions = [
        await engine.open(Account(f"instance {place}", await new_device()), ear) for place, ear in enumerate(ears)
    ]
    for ear in ears:
        await ear.next(Connected)
    first, second = engine.hosts
    seats = [session._seat for session in sessions]
    os.kill(first.pid, signal.SIGABRT)
    hit = [ear for ear, seat in zip(ears, seats, strict=True) if seat is not None and seat.host is first]
    assert len(hit) == 2
    for ear in hit:
        assert (await ear.next(Disconnected)).reason == "the session host died"
        await ear.next(Connected)
    assert second.is_alive
    assert all(ear.count(Disconnected) == 0 for ear in ears if ear not in hit)
    for session in sessions:
        await session.close()


async def test_a_session_that_is_fatal_to_its_host_is_soon_alone_with_it(store_dsn: str, new_device: NewDevice) -> None:
    fatal = await new_device(FATAL)
    async with NeonizeEngine(store_dsn, HostOptions(sessions=4, program=PROGRAM), QUICK) as engine:
        ears = [Ear() for _ in range(3)]
        for place, ear in enumerate(ears):
            await engine.open(Account(f"good {place}", await new_device()), ear)
            await ear.next(Connected)
        aborts = Ear()
        await engine.open(Account("fatal", fatal), aborts)
        for _ in range(6):
            await aborts.next(Disconnected)
        lost = [ear.count(Disconnected) for ear in ears]
        for _ in range(3):
            await aborts.next(Disconnected)
        assert [ear.count(Disconnected) for ear in ears] == lost
        assert max(lost) <= 3  # it left their company after that many


async def test_leaving_the_engine_ends_every_host(store_dsn: str, new_device: NewDevice) -> None:
    ear = Ear()
    async with NeonizeEngine(store_dsn, HostOptions(program=PROGRAM), QUICK) as engine:
        session = await engine.open(Account("instance", await new_device()), ear)
        await ear.next(Connected)
        (host,) = engine.hosts
        async with asyncio.TaskGroup() as pairing:
            task = pairing.create_task(anext(aiter(engine.pair("other", "nobody scans"))))  # type: ignore[arg-type]
            await asyncio.wait((task,))
    assert not host.is_alive
    assert not session.is_connected


async def test_a_store_that_cannot_be_prepared_stops_the_start(store_dsn: str) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with NeonizeEngine(f"{store_dsn}?options=-crefuse.x=1", HostOptions(program=PROGRAM), QUICK):
            pass
    assert "could not be prepared" in str(caught.value.exceptions[0])


def test_a_node_never_loads_the_library_itself() -> None:
    program = (
        "from common.clock import SystemClock; from common.settings import SenderSettings;"
        "from sender.whatsapp.choice import choose_engine; import sender.__main__;"
        "choose_engine(SenderSettings(), SystemClock());"
        "maps = open('/proc/self/maps').read(); print('neonize-' in maps)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "POSTGRES_DSN": "postgresql://127.0.0.1/x",
            "WHATSAPP_ENGINE": "neonize",
            "TOKEN_ENCRYPTION_KEY": "x",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "False"
