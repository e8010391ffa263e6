"""Comebacks: how long a session that WhatsApp ended stays away before it is tried again."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import UUID

from common.clock import Clock

CONFLICT_FIRST = 60.0  # seconds; doubled each time that the other one takes over soon
CONFLICT_LONGEST = 1800.0
STEADY = 600.0  # seconds of connection after which a conflict counts as a new one
BAN_UNKNOWN = 3600.0  # WhatsApp did not say until when
# A ban that ended a moment ago is not to be met by the account's first sign of life.
BAN_MARGIN = 60.0
OUTDATED = 3600.0  # only a newer library cures it, but WhatsApp has been wrong about that for hours


@dataclass(slots=True)
class _Conflict:
    count: int
    connected_at: float


class Comebacks:
    """Every wait is jittered upwards, so that those who were sent away together do not come back together."""

    def __init__(self, clock: Clock, chance: Random) -> None:
        self._clock = clock
        self._chance = chance
        self._conflicts: dict[UUID, _Conflict] = {}

    def connected(self, instance: UUID) -> None:
        if (conflict := self._conflicts.get(instance)) is not None:
            conflict.connected_at = self._clock.elapsed()

    def forget(self, instance: UUID) -> None:
        self._conflicts.pop(instance, None)

    def after_conflict(self, instance: UUID) -> float:
        """Seconds. Whoever else uses the device is not fought: each round lasts twice as long."""
        now = self._clock.elapsed()
        conflict = self._conflicts.setdefault(instance, _Conflict(0, now))
        if now - conflict.connected_at > STEADY:
            conflict.count = 0
        conflict.count += 1
        return self._jittered(min(CONFLICT_LONGEST, CONFLICT_FIRST * 2 ** (conflict.count - 1)))

    def after_ban(self, until: datetime | None) -> float:
        if until is None:
            return self._jittered(BAN_UNKNOWN)
        return max(0.0, (until - self._clock.now()).total_seconds()) + self._jittered(BAN_MARGIN)

    def after_outdated(self) -> float:
        return self._jittered(OUTDATED)

    def _jittered(self, seconds: float) -> float:
        return seconds * self._chance.uniform(1.0, 1.5)
