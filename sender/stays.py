"""Stays: shards that should move, but a phone is scanning a code there. They wait a while, lest it be in vain."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from common.clock import Clock


class Stays:
    """`pairing` are the shards with a pairing under way. A shard waits at most `longest`, counted from the first wish
    to move it, so that somebody who asks for code after code holds up nothing for ever."""

    def __init__(self, pairing: Callable[[], Collection[int]], longest: timedelta, clock: Clock) -> None:
        self._pairing = pairing
        self._longest = longest.total_seconds()
        self._clock = clock
        self._since: dict[int, float] = {}

    def may_go(self, targets: Mapping[int, str | None]) -> dict[int, str | None]:
        """Those of `targets`, all that should move now, that need not wait."""
        now, pairing = self._clock.elapsed(), set(self._pairing())
        self._since = {shard: self._since.get(shard, now) for shard in targets if shard in pairing}
        return {
            shard: target
            for shard, target in targets.items()
            if now - self._since.get(shard, now - self._longest) >= self._longest
        }
