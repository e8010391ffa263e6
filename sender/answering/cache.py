"""Cache: answers of WhatsApp that are worth keeping for a while, because it counts how often they are asked for."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import timedelta
from typing import Generic, TypeVar

from common.clock import Clock
from common.metrics import SenderMetrics

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """At most `size` answers, none older than `kept`. A failure is not kept."""

    def __init__(self, name: str, kept: timedelta, size: int, clock: Clock, metrics: SenderMetrics) -> None:
        self._name = name
        self._kept = kept.total_seconds()
        self._size = size
        self._clock = clock
        self._metrics = metrics
        self._known: OrderedDict[Key, tuple[Value, float]] = OrderedDict()

    async def get(self, key: Key, ask: Callable[[], Awaitable[Value]]) -> Value:
        now = self._clock.elapsed()
        found = self._known.get(key)
        if found is not None and now - found[1] < self._kept:
            self._metrics.cache(self._name, "hit", 1)
            return found[0]
        self._metrics.cache(self._name, "miss", 1)
        value = await ask()
        self._metrics.cache_took(self._name, self._clock.elapsed() - now)
        self._known[key] = value, self._clock.elapsed()
        self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return value

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)
