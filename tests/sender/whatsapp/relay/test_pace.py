"""Our own questions go one after the other, with time between them."""

import asyncio

import pytest

from sender.whatsapp.relay.pace import Pace
from sender.whatsapp.wire.node import Node
from tests.clock import ManualClock

pytestmark = pytest.mark.anyio


async def test_questions_begin_a_pause_apart_and_the_first_at_once() -> None:
    clock, asked = ManualClock(), list[float]()

    async def ask(question: Node) -> Node:
        asked.append(clock.elapsed() - clock.ORIGIN)
        return question

    pace = Pace(ask, clock, 2.0)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(pace.ask(Node("iq")))
        for _ in range(2):
            clock.move(await clock.until_asleep())
    assert asked == [0.0, 2.0, 4.0]
    clock.move(10)
    await pace.ask(Node("iq"))
    assert asked[-1] == 14.0


async def test_a_question_that_takes_long_holds_no_other() -> None:
    clock, gate = ManualClock(), asyncio.Event()

    async def ask(question: Node) -> Node:
        if question.tag == "slow":
            await gate.wait()
        return question

    pace = Pace(ask, clock, 0.0)
    slow = asyncio.create_task(pace.ask(Node("slow")))
    await asyncio.sleep(0)
    assert (await pace.ask(Node("iq"))).tag == "iq"
    gate.set()
    assert (await slow).tag == "slow"
