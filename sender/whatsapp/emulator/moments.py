"""Waiting for something to become true in the emulator, without polling and without sleeping."""

import asyncio
from collections.abc import Callable


class Moments:
    """Whoever changes what others may wait for calls `changed`; each waiter then looks again."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Whether `holds` became true in time."""
        try:
            async with asyncio.timeout(timeout):
                while not holds():
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.add(waiter)
                    await waiter
        except TimeoutError:
            return False
        return True
