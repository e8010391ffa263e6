"""What a handset noticed beside messages: receipts, typing, presence, calls, changes of the chat list."""

import itertools
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from sender.whatsapp.emulator.moments import Moments

KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Sighting:
    """`sender` is a phone number; `details` depend on the kind."""

    sequence: int
    kind: str
    sender: str
    at: float
    details: Mapping[str, object]


class Sightings:
    """The last ones, in memory only: unlike messages they are gone when the emulator ends."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments
        self._numbers = itertools.count(1)
        self._seen: deque[Sighting] = deque(maxlen=KEPT)

    def add(self, kind: str, sender: str, **details: object) -> None:
        self._seen.append(Sighting(next(self._numbers), kind, sender, time.time(), details))
        self._moments.changed()

    def after(self, sequence: int, kind: str | None = None) -> list[Sighting]:
        return [seen for seen in self._seen if seen.sequence > sequence and kind in (None, seen.kind)]
