"""A listener that remembers, and that a test can wait on."""

import asyncio
from typing import TypeVar

from sender.whatsapp.session import Event
from tests.waiting import PATIENCE

Kind = TypeVar("Kind", bound=Event)


class Ear:
    """`fails` is how many of the next events it cannot make safe."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.fails = 0
        self._came = asyncio.Event()
        self._looked_at = 0

    async def __call__(self, event: Event) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("the database is away")
        self.events.append(event)
        self._came.set()

    async def next(self, kind: type[Kind]) -> Kind:
        """The next event of this kind after the one that was waited for last."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._looked_at < len(self.events):
                    event = self.events[self._looked_at]
                    self._looked_at += 1
                    if isinstance(event, kind):
                        return event
                self._came.clear()
                await self._came.wait()

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)
