"""The simulated engine: it obeys the port, and what it does wrong it does on purpose."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.addresses import Jid, parse_phone
from common.errors import DeliveryError, LostOwnership, NotConnected, OutcomeUnknown, Refused, TemporaryFailure
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import (
    Account,
    Connected,
    Disconnected,
    Event,
    Paired,
    PairingFailed,
    QrCode,
    Receipts,
)
from sender.whatsapp.simulated import Behaviour, Journal, SimulatedEngine, SimulatedSession
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

ACCOUNT = Account("0" * 32, "5511900000001:1@s.whatsapp.net")
CHAT, OTHER = parse_phone("5511900000002"), parse_phone("5511900000003")


class Line:
    """One session and what it told its listener."""

    def __init__(self, engine: SimulatedEngine) -> None:
        self.engine = engine
        self.heard: list[Event] = []
        self.refuses: type[Exception] | None = None
        self.may_hear = asyncio.Event()
        self.may_hear.set()

    async def open(self) -> SimulatedSession:
        self.session = await self.engine.open(ACCOUNT, self._hear)
        return self.session

    async def send(self, text: str = "hello", to: Jid = CHAT) -> None:
        async def on_wire(_: str) -> None: ...

        await self.session.send(to, Message(conversation=text), id=f"ID {text}", on_wire=on_wire)

    async def _hear(self, event: Event) -> None:
        await self.may_hear.wait()
        if self.refuses is not None:
            raise self.refuses([3])
        self.heard.append(event)


@asynccontextmanager
async def line_of(behaviour: Behaviour | None = None, *, seed: int = 0, connects: bool = True) -> AsyncIterator[Line]:
    async with SimulatedEngine(behaviour or Behaviour(), Journal(), seed=seed, connects=connects) as engine:
        line = Line(engine)
        session = await line.open()
        if connects:
            await eventually(lambda: session.is_connected and line.heard)
        yield line


async def test_a_send_is_accepted_under_the_id_it_was_given_and_delivered() -> None:
    async with line_of() as line:
        await line.send("olá")
        await eventually(lambda: len(line.heard) == 2)
    assert [(one.chat, one.whatsapp_id, one.text) for one in line.engine.journal.handed] == [(CHAT, "ID olá", "olá")]
    connected, receipts = line.heard
    assert isinstance(connected, Connected)
    assert connected.phone == "5511900000001"
    assert isinstance(receipts, Receipts)
    assert (receipts.ids, receipts.kind) == (("ID olá",), "delivered")


async def test_a_session_that_is_offline_takes_nothing() -> None:
    async with line_of(connects=False) as line:
        with pytest.raises(NotConnected):
            await line.send()
    assert line.engine.journal.handed == []


async def test_the_network_breaks_and_returns() -> None:
    async with line_of() as line:
        await line.session.drop()
        with pytest.raises(NotConnected):
            await line.send()
        await line.session.restore()
        await line.send()
    assert [type(event) for event in line.heard[:3]] == [Connected, Disconnected, Connected]


async def test_a_message_that_has_not_left_when_the_network_breaks_surely_was_not_sent() -> None:
    async with line_of(Behaviour(latency=timedelta(milliseconds=20))) as line, asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(expect(NotConnected, line))
        await line.session.drop()
        await sending
    assert line.engine.journal.handed == []


async def test_errors_of_a_chat_come_in_turn_and_only_there() -> None:
    async with line_of(Behaviour(errors={CHAT: [Refused, OutcomeUnknown]})) as line:
        await line.send("other", OTHER)
        await expect(Refused, line)
        await expect(OutcomeUnknown, line)
        await line.send("at last")
    assert [one.text for one in line.engine.journal.handed] == ["other", "at last"]


async def test_a_chat_may_fail_always() -> None:
    async with line_of(Behaviour(always={CHAT: TemporaryFailure})) as line:
        for _ in range(3):
            await expect(TemporaryFailure, line)
        await line.send(to=OTHER)


async def test_hooks_are_asked_around_the_hand_over() -> None:
    async def before(chat: Jid, id: str) -> None:
        seen.append(("before", id, len(line.engine.journal.handed)))

    async def after(chat: Jid, id: str) -> None:
        seen.append(("after", id, len(line.engine.journal.handed)))
        raise OutcomeUnknown

    seen: list[tuple[str, str, int]] = []
    async with line_of(Behaviour(before=before, after=after)) as line:
        await expect(OutcomeUnknown, line)
    assert seen == [("before", "ID hello", 0), ("after", "ID hello", 1)]


async def outcomes(seed: int) -> list[str]:
    found = []
    async with line_of(Behaviour(failures=0.5), seed=seed) as line:
        for number in range(60):
            try:
                await line.send(str(number))
                found.append("accepted")
            except DeliveryError as error:
                found.append(error.code)
    return found


async def test_failures_follow_the_seed() -> None:
    first = await outcomes(3)
    assert first == await outcomes(3)
    assert first != await outcomes(4)
    counts = Counter(first)
    assert counts["accepted"] > 15
    assert {"temporary", "unknown"} < counts.keys()


async def test_events_are_told_one_by_one_in_order() -> None:
    async with line_of() as line:
        line.may_hear.clear()
        for number in range(5):
            line.session.tell(receipt(str(number)))
        line.may_hear.set()
        await line.session.tell(receipt("5"))
    assert [event.ids[0] for event in line.heard if isinstance(event, Receipts)] == ["0", "1", "2", "3", "4", "5"]


async def test_a_closing_session_tells_first_what_it_has() -> None:
    async with line_of() as line:
        for number in range(5):
            line.session.tell(receipt(str(number)))
        await line.session.close()
        await line.session.close()
        assert len(line.heard) == 6
        await line.session.tell(receipt("too late"))
        assert len(line.heard) == 6


async def test_an_event_for_a_lost_shard_ends_nothing() -> None:
    async with line_of() as line:
        line.refuses = LostOwnership
        await line.session.tell(receipt("left"))
        line.refuses = None
        await line.session.tell(receipt("heard"))
    assert len(line.heard) == 2


async def test_a_device_is_open_once() -> None:
    async with line_of() as line:
        first = line.session
        second = await line.open()
        await eventually(lambda: second.is_connected)
        assert not first.is_connected


async def test_pairing_gives_a_code_and_then_a_device() -> None:
    async with SimulatedEngine(Behaviour(), Journal()) as engine:
        steps = [step async for step in engine.pair("ab" * 16, "name")]
    assert [type(step) for step in steps] == [QrCode, Paired]


async def test_pairing_times_out_where_nobody_scans() -> None:
    behaviour = Behaviour(code_life=timedelta(0))
    async with SimulatedEngine(behaviour, Journal(), links=False) as engine:
        steps = [step async for step in engine.pair("ab" * 16, "name")]
    assert [type(step) for step in steps] == [QrCode, PairingFailed]


async def test_the_journal_wakes_who_waits_for_it_and_survives_in_its_file(tmp_path: Path) -> None:
    async with SimulatedEngine(Behaviour(), Journal(tmp_path / "journal")) as engine:
        line = Line(engine)
        session = await line.open()
        await eventually(lambda: session.is_connected)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(engine.journal.reached(2))
            await line.send("one")
            assert not waiting.done()
            await line.send("two\nlines")
            await waiting
    lines = (tmp_path / "journal").read_text().splitlines()
    assert [json.loads(one)[3] for one in lines] == ["one", "two\nlines"]


async def expect(error: type[DeliveryError], line: Line) -> None:
    with pytest.raises(error):
        await line.send()


def receipt(id: str) -> Receipts:
    return Receipts((id,), CHAT, CHAT, "read", datetime.now(UTC))
