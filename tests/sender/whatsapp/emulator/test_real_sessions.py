"""Real neonize sessions against the emulator: both run as programs of their own, as in a stack."""

import signal

import pytest

from tests.sender.whatsapp.emulator.conftest import People
from tests.sender.whatsapp.emulator.program import EmulatorProgram, Refused
from tests.sender.whatsapp.emulator.real_session import (
    CONNECTED,
    DELIVERED,
    DISCONNECTED,
    INACTIVE,
    READ,
    RealSession,
    SendFailed,
)

pytestmark = pytest.mark.anyio


def texts(messages: list[dict[str, str]]) -> list[str]:
    return [each["text"] for each in messages]


async def test_a_text_is_decrypted_delivered_read_and_answered(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    text = "Olá 👋\nline two"
    sent = await session.send(people.echo, text)
    (received,) = await emulator.messages(people.echo)
    assert (received["id"], received["kind"], received["text"]) == (sent, "text", text)
    assert (received["sender"], received["chat"]) == (people.phone, people.phone)
    await session.receipt(sent, DELIVERED, INACTIVE)
    await session.receipt(sent, READ)
    answer = await session.message(text)
    assert answer.Info.Pushname == "Echo"
    assert (await emulator.get("stats"))["unknown_questions"] == []


async def test_a_session_pairs_by_typed_code(emulator: EmulatorProgram, fresh: RealSession, people: People) -> None:
    await fresh.start()
    await fresh.shows_codes()
    code = await fresh.pairing_code(people.phone)
    linked = await emulator.post("code", phone=people.phone, code=code)
    await fresh.paired()
    assert linked["device"] == f"{people.phone}:1@s.whatsapp.net"


async def test_everything_survives_a_kill(emulator: EmulatorProgram, session: RealSession, people: People) -> None:
    await session.send(people.friend, "before")
    await emulator.messages(people.friend)
    seen = session.now()
    await emulator.end(signal.SIGKILL)
    await session.event(DISCONNECTED, since=seen)
    await emulator.start()
    await session.event(CONNECTED, since=seen)
    await session.send(people.friend, "after")
    assert texts(await emulator.messages(people.friend, 2)) == ["before", "after"]
    await emulator.post(f"contacts/{people.friend}/send", to=people.phone, text="and back")
    await session.message("and back")


async def test_what_a_contact_writes_waits_for_a_session_that_is_away(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await session.stop()
    written = [f"waiting {number}" for number in range(3)]
    for text in written:
        await emulator.post(f"contacts/{people.friend}/send", to=people.phone, text=text)
    await emulator.end(signal.SIGKILL)
    await emulator.start()
    again = session.twin(f"{session.name}-again")
    await again.start()
    for text in written:
        await again.message(text)
    await again.stop()


async def test_a_refused_message_fails_with_the_code_of_the_fault(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await emulator.post("faults", kind="refuse-message", code=463)
    with pytest.raises(SendFailed, match="463"):
        await session.send(people.friend, "no")
    await session.send(people.friend, "yes")
    assert texts(await emulator.messages(people.friend)) == ["yes"]


async def test_a_connection_cut_before_the_ack_shows_one_message_that_came_twice(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await session.send(people.friend, "first")
    await emulator.post("faults", kind="cut-before-ack")
    sent = await session.send(people.friend, "second")
    traffic = (await emulator.get("traffic"))["messages"]
    assert [each["id"] for each in traffic].count(sent) == 2
    assert texts(await emulator.messages(people.friend, 2)) == ["first", "second"]


@pytest.mark.parametrize("times", [1, 2])  # from the second time on with fresh keys
async def test_a_damaged_message_is_asked_for_again_by_the_contact(
    emulator: EmulatorProgram, session: RealSession, people: People, times: int
) -> None:
    await session.send(people.friend, "whole")
    await emulator.post("faults", kind="corrupt", to=people.friend, times=times)
    await session.send(people.friend, "damaged on the way")
    assert texts(await emulator.messages(people.friend, 2)) == ["whole", "damaged on the way"]


async def test_a_damaged_message_is_asked_for_again_by_the_session(
    emulator: EmulatorProgram, session: RealSession, people: People
) -> None:
    await emulator.post("faults", kind="corrupt", to=people.phone, times=2)  # its phone is a device as well
    await emulator.post(f"contacts/{people.friend}/send", to=people.phone, text="damaged on the way")
    await session.message("damaged on the way")


async def test_a_wrong_code_links_nothing(emulator: EmulatorProgram, fresh: RealSession, people: People) -> None:
    await fresh.start()
    await fresh.shows_codes()
    await fresh.pairing_code(people.phone)
    with pytest.raises(Refused, match="code is wrong"):
        await emulator.post("code", phone=people.phone, code="AAAA-AAAA")
    assert (await emulator.get(f"accounts/{people.phone}"))["devices"] == []
