"""Ownership: what a node may do for a shard, by epoch, phase and deadlines. Pure: the caller tells the time.

    claimed -> RECONCILING -> reconciled -> OWNED -> giving -> GIVING -> released
                    any of them -> lost (another epoch) or overdue (no store renewed in time)

A claim needs both stores, so a promise of either keeps others from claiming. Postgres keeps its promises through
everything, so sending rests on it alone; Redis may forget, so its promise only keeps sessions open meanwhile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

SAFETY = 0.2
"""Share of a lease's life that is never used: what passed the gate has that long to leave, clocks may drift by it."""


class Phase(Enum):
    RECONCILING = "reconciling"
    OWNED = "owned"
    GIVING = "giving"


@dataclass(slots=True)
class Tenure:
    """One shard in our hands. `send_until` by the promise of Postgres, `hold_until` by that of either store. What was
    given away before it was reconciled never sends: nothing can be under way in it."""

    epoch: int
    phase: Phase
    send_until: float
    hold_until: float
    is_reconciled: bool = False


class Ownership:
    """Facts go in as the past tense of what happened; rights come out as `may_...`.

    Every promise counts from `asked_at`, the moment before the store was asked: it began at that moment or later, so
    ours ends first. Times are seconds since boot, which go on while the process or the machine is suspended.
    """

    def __init__(self, ttl: float, safety: float = SAFETY) -> None:
        self._life = ttl * (1 - safety)
        self._tenures: dict[int, Tenure] = {}

    def __len__(self) -> int:
        return len(self._tenures)

    # --- facts ---

    def claimed(self, epochs: Mapping[int, int], asked_at: float) -> None:
        """Both stores gave us these shards; each at a new epoch."""
        until = asked_at + self._life
        for shard, epoch in epochs.items():
            known = self._tenures.get(shard)
            if known is None or known.epoch < epoch:
                self._tenures[shard] = Tenure(epoch, Phase.RECONCILING, until, until)

    def reconciled(self, epochs: Mapping[int, int]) -> None:
        """What earlier owners had under way is recorded as uncertain: from here on we may send."""
        for shard, epoch in epochs.items():
            tenure = self._tenures.get(shard)
            if tenure is not None and tenure.epoch == epoch and tenure.phase is Phase.RECONCILING:
                tenure.phase, tenure.is_reconciled = Phase.OWNED, True

    def renewed(self, asked: Mapping[int, int], granted: Iterable[int], asked_at: float) -> set[int]:
        """Postgres renewed the `granted` of the shards `asked` for. Returns those lost, which are ours no more."""
        until, granted, lost = asked_at + self._life, set(granted), set()
        for shard, epoch in asked.items():
            tenure = self._tenures.get(shard)
            if tenure is None or tenure.epoch != epoch:
                continue  # released, or claimed anew, while we asked
            if shard in granted:
                tenure.send_until = max(tenure.send_until, until)
                tenure.hold_until = max(tenure.hold_until, until)
            else:
                del self._tenures[shard]
                lost.add(shard)
        return lost

    def leased(self, asked: Mapping[int, int], granted: Iterable[int], asked_at: float) -> None:
        """Redis renewed these leases. One that it did not renew says nothing: it may just have lost its memory."""
        for shard in granted:
            tenure = self._tenures.get(shard)
            if tenure is not None and tenure.epoch == asked.get(shard):
                tenure.hold_until = max(tenure.hold_until, asked_at + self._life)

    def giving(self, shards: Iterable[int]) -> None:
        """We hand these on: nothing new is begun, what is in flight may still be recorded."""
        for shard in shards:
            if tenure := self._tenures.get(shard):
                tenure.phase = Phase.GIVING

    def released(self, shards: Iterable[int]) -> None:
        for shard in shards:
            self._tenures.pop(shard, None)

    def overdue(self, now: float) -> set[int]:
        """The shards that no store has promised any longer; ours no more."""
        gone = {shard for shard, tenure in self._tenures.items() if tenure.hold_until <= now}
        self.released(gone)
        return gone

    # --- rights ---

    @property
    def epochs(self) -> dict[int, int]:
        """Epoch by shard, of all that we hold: what we may write with. Postgres checks it again."""
        return {shard: tenure.epoch for shard, tenure in self._tenures.items()}

    def epoch_of(self, shard: int) -> int | None:
        tenure = self._tenures.get(shard)
        return None if tenure is None else tenure.epoch

    def phase_of(self, shard: int) -> Phase | None:
        tenure = self._tenures.get(shard)
        return None if tenure is None else tenure.phase

    def may_connect(self, shard: int) -> bool:
        """Whether sessions of this shard may be opened."""
        tenure = self._tenures.get(shard)
        return tenure is not None and tenure.phase is not Phase.GIVING

    def may_begin(self, shard: int, now: float) -> bool:
        """Whether a new send may be begun."""
        tenure = self._tenures.get(shard)
        return tenure is not None and tenure.phase is Phase.OWNED and now < tenure.send_until

    def may_leave(self, shard: int, epoch: int, now: float) -> bool:
        """Whether a send begun at this epoch may put its bytes on the wire now."""
        tenure = self._tenures.get(shard)
        return tenure is not None and tenure.epoch == epoch and tenure.is_reconciled and now < tenure.send_until

    def lapsed(self, now: float) -> set[int]:
        """The shards that are held but may not send until Postgres renews them."""
        return {shard for shard, tenure in self._tenures.items() if tenure.send_until <= now}

    @property
    def holds_until(self) -> float | None:
        """When the first shard becomes overdue; None while there is none."""
        return min((tenure.hold_until for tenure in self._tenures.values()), default=None)
