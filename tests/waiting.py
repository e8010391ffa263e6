"""Waiting for what another task or process brings about: looked at again and again, with a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 120.0
"""Seconds after which a wait has failed. It costs nothing while all is well, and a machine that has much else to do
takes several times as long as a quiet one."""


async def eventually(look: Callable[[], Awaitable[Found] | Found], patience: float = PATIENCE) -> Found:
    """What `look` finds as soon as that is true. Raises TimeoutError after `patience` seconds."""
    async with asyncio.timeout(patience):
        while True:
            seen = look()
            found: Found = await seen if inspect.isawaitable(seen) else seen
            if found:
                return found
            await asyncio.sleep(0.01)


async def quickly(seconds: float, work: Callable[[], Awaitable[Found]]) -> Found:
    """What `work` gives once it took less than that. Other work on the machine may take one try's time, not every
    try's."""
    deadline = time.monotonic() + PATIENCE
    while True:
        started = time.monotonic()
        found = await work()
        took = time.monotonic() - started
        if took < seconds:
            return found
        assert time.monotonic() < deadline, f"it took {took:.1f} s"


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails when the block took longer. It interrupts nothing: what a limit of one's own would do is not the point."""
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took < seconds, f"it took {took:.1f} s"
