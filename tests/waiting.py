"""Waiting for what another task or process brings about: looked at again and again, with a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Found = TypeVar("Found")


async def eventually(look: Callable[[], Awaitable[Found] | Found], patience: float = 10) -> Found:
    """What `look` finds as soon as that is true. Raises TimeoutError after `patience` seconds."""
    async with asyncio.timeout(patience):
        while True:
            seen = look()
            found: Found = await seen if inspect.isawaitable(seen) else seen
            if found:
                return found
            await asyncio.sleep(0.01)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails when the block took longer. It interrupts nothing: what a limit of one's own would do is not the point."""
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took < seconds, f"it took {took:.1f} s"
