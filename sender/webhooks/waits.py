"""Waiting for a moment or for something to happen, whichever is first."""

import asyncio

from common.clock import Clock


async def until(clock: Clock, moment: float, *events: asyncio.Event) -> None:
    """Sleep until the moment on the clock's `elapsed` scale, or until one of the events is set."""
    if any(event.is_set() for event in events):
        return
    async with asyncio.TaskGroup() as tasks:
        waits = [tasks.create_task(clock.sleep_until(moment))]
        waits += [tasks.create_task(_set(event)) for event in events]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


async def _set(event: asyncio.Event) -> None:
    await event.wait()
