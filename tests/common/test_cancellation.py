"""A loop that was cancelled ends, also when a library swallows that."""

import asyncio

import pytest

from common.cancellation import heed_cancellation

pytestmark = pytest.mark.anyio


class Swallowing:
    """A call that answers with its result although it was cancelled meanwhile."""

    def __init__(self) -> None:
        self.is_under_way = asyncio.Event()

    async def call(self) -> None:
        self.is_under_way.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return


async def test_a_cancellation_that_was_swallowed_ends_the_loop_in_its_next_turn() -> None:
    swallowing = Swallowing()
    turns = 0

    async def run() -> None:
        nonlocal turns
        while True:
            heed_cancellation()
            turns += 1
            await swallowing.call()

    task = asyncio.create_task(run())
    await swallowing.is_under_way.wait()
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    assert turns == 1


async def test_a_timeout_that_has_passed_is_no_cancellation() -> None:
    try:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)
    except TimeoutError:
        heed_cancellation()
