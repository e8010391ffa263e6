"""Preparing: what takes long before it can leave is made ready beside the sends, so that it holds up its own chat only.

A message with a file is fetched, converted and uploaded before it goes; the next ones of other chats go meanwhile.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from common.clock import Clock
from common.errors import DeliveryError
from common.tables.message import QueuedMessage
from sender.composers.occasion import Composed
from sender.lanes import Lanes

AT_ONCE = 4  # messages of one instance
# Within this a message that is being prepared keeps its place: what is quick leaves in the order of acceptance.
GLANCE = 1.0  # seconds

_SLOW = re.compile("media:|data:|://", re.IGNORECASE)

Prepared = Composed | DeliveryError


def is_slow(message: QueuedMessage) -> bool:
    """It may name a file, or a page to make a card of."""
    return _SLOW.search(message.payload) is not None


@dataclass(slots=True)
class _Preparation:
    task: asyncio.Task[Prepared]
    since: float


class Preparing:
    """Used by one courier, which calls `end` when it leaves. `ready` is set when something is."""

    def __init__(self, lanes: Lanes, prepare: Callable[[QueuedMessage], Awaitable[Prepared]], clock: Clock) -> None:
        self._lanes = lanes
        self._prepare = prepare
        self._clock = clock
        self._under_way: dict[int, _Preparation] = {}
        self.ready = asyncio.Event()

    @property
    def is_busy(self) -> bool:
        return any(not each.task.done() for each in self._under_way.values())

    def begin(self, tasks: asyncio.TaskGroup, now: float) -> None:
        """Prepare the heads of lanes that need it, the oldest first."""
        self.ready.clear()
        slow = self._lanes.slow(now)
        if not slow and not self._under_way:
            return
        wanted = [message for message in slow if message.id not in self._under_way]
        for message in wanted[: AT_ONCE - len(self._under_way)]:
            task = tasks.create_task(self._run(message), name=f"prepare {message.id}")
            self._under_way[message.id] = _Preparation(task, now)

    def next(self, now: float) -> QueuedMessage | None:
        """The message that should go now."""
        done = [number for number, each in self._under_way.items() if each.task.done()]
        message = self._lanes.next(now, done)
        if message is not None and self.wakes_at(now, before=message.id) is not None:
            return None
        return message

    def wakes_at(self, now: float, *, before: int | None = None) -> float | None:
        """Until when the oldest of those under way keeps its place (before that message)."""
        moments = [
            each.since + GLANCE
            for number, each in self._under_way.items()
            if not each.task.done() and each.since + GLANCE > now and (before is None or number < before)
        ]
        return min(moments, default=None)

    def take(self, message: QueuedMessage) -> Prepared | None:
        """What was prepared; None: nothing was."""
        found = self._under_way.pop(message.id, None)
        return None if found is None else found.task.result()

    def drop(self, known: Callable[[int], bool]) -> None:
        """Forget what is not waiting any more."""
        for number in [number for number in self._under_way if not known(number)]:
            self._under_way.pop(number).task.cancel()

    def end(self) -> None:
        """Cancel what is under way; its task group waits for it."""
        for each in self._under_way.values():
            each.task.cancel()
        self._under_way.clear()

    async def _run(self, message: QueuedMessage) -> Prepared:
        try:
            return await self._prepare(message)
        finally:
            self.ready.set()
