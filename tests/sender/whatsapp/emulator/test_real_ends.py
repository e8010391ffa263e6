"""How connections of real neonize sessions end, and which of them come back."""

import asyncio
import signal

import pytest

from tests.sender.whatsapp.emulator.conftest import People
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.sender.whatsapp.emulator.real_session import (
    BANNED,
    CONNECTED,
    DELIVERED,
    DISCONNECTED,
    INACTIVE,
    LOGGED_OUT,
    OUTDATED,
    REPLACED,
    RealSession,
    SendFailed,
    engine,
)

pytestmark = pytest.mark.anyio


async def end(emulator: EmulatorProgram, people: People, how: str) -> None:
    await emulator.post(f"accounts/{people.phone}/end", how=how)


async def test_a_device_that_the_phone_unlinks_is_logged_out(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await end(emulator, people, "unlink")
    assert not engine.LoggedOut.FromString(await session.event(LOGGED_OUT)).OnConnect
    assert (await emulator.get(f"accounts/{people.phone}"))["devices"] == []


async def test_a_session_that_logs_itself_out_is_unlinked(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    assert await session.call("Logout") == b""
    assert (await emulator.get(f"accounts/{people.phone}"))["devices"] == []


async def test_the_same_device_elsewhere_replaces_the_session(session: RealSession) -> None:
    twin = session.twin(f"{session.name}-twin")
    await twin.start()
    await twin.event(CONNECTED)
    await session.event(REPLACED)
    await twin.stop()


@pytest.mark.parametrize("how", ["cut", "restart"])
async def test_a_session_comes_back_after_its_connection_broke(
    emulator: EmulatorProgram, session: RealSession, people: People, how: str
) -> None:
    seen = session.now()
    await end(emulator, people, how)
    await session.event(CONNECTED, since=seen)
    await session.send(people.friend, "back")
    await emulator.messages(people.friend)


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        ({"kind": "ban", "seconds": 600}, BANNED),
        ({"kind": "outdated"}, OUTDATED),
        ({"kind": "refuse-login", "code": 401}, LOGGED_OUT),
    ],
)
async def test_a_refused_login_is_told_as_what_it_is(
    emulator: EmulatorProgram, session: RealSession, people: People, fault: dict[str, object], event: int
) -> None:
    await emulator.post("faults", phone=people.phone, **fault)
    await end(emulator, people, "cut")
    await session.event(event)


async def test_an_outage_lasts_until_it_is_over_and_loses_nothing(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    seen = session.now()
    await emulator.post("outage", is_out=True)
    await session.event(DISCONNECTED, since=seen)
    await emulator.post(f"contacts/{people.friend}/send", to=people.phone, text="while you were away")
    with pytest.raises(SendFailed):
        await session.send(people.friend, "into the void")
    await emulator.post("outage", is_out=False)
    await session.event(CONNECTED, since=seen)
    await session.message("while you were away")


async def test_an_ack_that_never_comes_is_made_up_for_by_the_receipt(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await emulator.post("faults", kind="drop-ack", phone=people.phone)
    waiting = asyncio.create_task(session.send(people.friend, "did it arrive?"))
    (received,) = await emulator.messages(people.friend)
    await session.receipt(received["id"], DELIVERED, INACTIVE)
    assert not waiting.done()
    await session.call("Disconnect")
    with pytest.raises(SendFailed):
        await waiting


async def test_a_killed_emulator_loses_no_message_that_it_acknowledged(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    acknowledged: list[str] = []

    async def write() -> None:
        for number in range(1_000):
            text = f"number {number}"
            await session.send(people.friend, text)
            acknowledged.append(text)

    writing = asyncio.create_task(write())
    await emulator.messages(people.friend, 20)
    await emulator.end(signal.SIGKILL)
    writing.cancel()
    await emulator.start()
    found = [each["text"] for each in (await emulator.get(f"contacts/{people.friend}/messages"))["messages"]]
    assert found[: len(acknowledged)] == acknowledged
