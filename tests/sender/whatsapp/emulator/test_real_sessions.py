"""Real neonize sessions against the emulator: both run as programs of their own, as in a stack."""

import signal

import pytest

from tests.sender.whatsapp.emulator.conftest import ECHO, FRIEND, PHONE
from tests.sender.whatsapp.emulator.neonize_process import CONNECTED, DISCONNECTED, NeonizeProcess, SendFailed, jid
from tests.sender.whatsapp.emulator.program import EmulatorProgram

pytestmark = pytest.mark.anyio

DELIVERED, READ, INACTIVE = 1, 4, 9


async def test_a_session_pairs_by_code_image_and_exchanges_texts(
    emulator: EmulatorProgram, sessions: NeonizeProcess
) -> None:
    await sessions.pair("one", lambda code: emulator.post("scan", phone=PHONE, qr=code))
    text = "Olá 👋\nline two"
    sent = await sessions.send("one", jid(ECHO), text)
    (received,) = await emulator.messages(ECHO)
    assert received["id"] == sent
    assert (received["sender"], received["chat"], received["kind"], received["text"]) == (PHONE, PHONE, "text", text)
    await sessions.receipt("one", sent, DELIVERED, INACTIVE)
    await sessions.receipt("one", sent, READ)
    answer = await sessions.message("one", text)
    assert answer.Info.Pushname == "Echo"
    stats = await emulator.get("stats")
    assert stats["unknown_questions"] == []


async def test_a_session_pairs_by_typed_code(emulator: EmulatorProgram, sessions: NeonizeProcess) -> None:
    await sessions.start("one")
    await sessions.until(lambda tale: "qr" in tale)
    code = await sessions.pairing_code("one", PHONE)
    linked = await emulator.post("code", phone=PHONE, code=code)
    await sessions.paired("one")
    assert linked["device"] == f"{PHONE}:1@s.whatsapp.net"


async def test_everything_survives_a_kill(emulator: EmulatorProgram, sessions: NeonizeProcess) -> None:
    await sessions.pair("one", lambda code: emulator.post("scan", phone=PHONE, qr=code))
    await sessions.send("one", jid(FRIEND), "before")
    await emulator.messages(FRIEND)
    seen = len(sessions.told)
    await emulator.end(signal.SIGKILL)
    await sessions.event(DISCONNECTED, "one", since=seen)
    await emulator.start()
    await sessions.event(CONNECTED, "one", since=seen)
    await sessions.send("one", jid(FRIEND), "after")
    assert [each["text"] for each in await emulator.messages(FRIEND, 2)] == ["before", "after"]
    await emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text="and back")
    await sessions.message("one", "and back")


async def test_what_a_contact_writes_waits_for_a_session_that_is_away(
    emulator: EmulatorProgram, sessions: NeonizeProcess
) -> None:
    device = await sessions.pair("one", lambda code: emulator.post("scan", phone=PHONE, qr=code))
    await sessions.call("Stop", "one")
    for number in range(3):
        await emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text=f"waiting {number}")
    await emulator.end(signal.SIGKILL)
    await emulator.start()
    await sessions.start("again", device, store="one")
    for number in range(3):
        await sessions.message("again", f"waiting {number}")


async def test_a_refused_message_fails_with_the_code_of_the_fault(
    emulator: EmulatorProgram, sessions: NeonizeProcess
) -> None:
    await sessions.pair("one", lambda code: emulator.post("scan", phone=PHONE, qr=code))
    await emulator.post("faults", kind="refuse-message", code=463)
    with pytest.raises(SendFailed, match="463"):
        await sessions.send("one", jid(FRIEND), "no")
    await sessions.send("one", jid(FRIEND), "yes")
    assert [each["text"] for each in await emulator.messages(FRIEND)] == ["yes"]


async def test_a_connection_cut_before_the_ack_shows_one_message_that_came_twice(
    emulator: EmulatorProgram, sessions: NeonizeProcess
) -> None:
    await sessions.pair("one", lambda code: emulator.post("scan", phone=PHONE, qr=code))
    await sessions.send("one", jid(FRIEND), "first")
    await emulator.post("faults", kind="cut-before-ack")
    sent = await sessions.send("one", jid(FRIEND), "second")
    traffic = (await emulator.get("traffic"))["messages"]
    assert [each["id"] for each in traffic].count(sent) == 2
    assert [each["text"] for each in await emulator.messages(FRIEND, 2)] == ["first", "second"]
