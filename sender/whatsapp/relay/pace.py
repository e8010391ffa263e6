"""The pace of our own questions: they are what of the relay WhatsApp can see, so a session asks one after the other."""

import asyncio

from common.clock import Clock
from sender.whatsapp.relay.asking import Ask
from sender.whatsapp.wire.node import Node


class Pace:
    """At least `pause` seconds lie between the beginnings of two questions. The first of all does not wait."""

    def __init__(self, ask: Ask, clock: Clock, pause: float) -> None:
        self._ask = ask
        self._clock = clock
        self._pause = pause
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    async def ask(self, question: Node) -> Node:
        async with self._turn:
            await self._clock.sleep_until(self._next_at)
            self._next_at = self._clock.elapsed() + self._pause
        return await self._ask(question)
