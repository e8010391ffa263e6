"""What a receiver's log must show of webhooks: every event at least once, in order, and dead letters only where the
receiver never took one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Event = tuple[str, int]
"""An instance and the number of an event of it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as the receiver wrote it down. `was_taken` says whether it was answered with 2xx."""

    instance: str
    seq: int
    attempt: int
    answer: str
    was_taken: bool


@dataclass(slots=True)
class Verdict:
    events: int = 0
    requests: int = 0
    told_again: int = 0
    """Events that were taken, once more: the price of at least once."""
    letters: Counter[str] = field(default_factory=Counter)
    """Dead letters by class."""
    missing: list[Event] = field(default_factory=list)
    """Given a number, but neither taken nor a dead letter."""
    disordered: list[Event] = field(default_factory=list)
    """Seen for the first time although an earlier one was not seen yet."""
    unfounded: list[Event] = field(default_factory=list)
    """Dead letters of what should have been taken, and doomed events without one of their class."""

    @property
    def holds(self) -> bool:
        return not (self.missing or self.disordered or self.unfounded)


def judge(
    given: Mapping[str, int],
    arrivals: Iterable[Arrival],
    letters: Mapping[Event, str],
    doomed: Mapping[Event, str],
) -> Verdict:
    """`given` is the last number of each instance, `doomed` what the receiver never takes, with the class expected."""
    verdict = Verdict(events=sum(given.values()), letters=Counter(letters.values()))
    seen: dict[str, int] = defaultdict(int)
    taken: Counter[Event] = Counter()
    for each in arrivals:
        verdict.requests += 1
        event = (each.instance, each.seq)
        if each.seq > seen[each.instance] + 1:
            verdict.disordered.append(event)
        seen[each.instance] = max(seen[each.instance], each.seq)
        taken[event] += each.was_taken
    verdict.told_again = sum(count - 1 for count in taken.values() if count > 1)
    for instance, last in given.items():
        events = ((instance, seq) for seq in range(1, last + 1))
        verdict.missing += [event for event in events if not taken[event] and event not in letters]
    verdict.unfounded = [event for event, found in letters.items() if doomed.get(event) != found]
    verdict.unfounded += [event for event in doomed if event not in letters and event[1] <= given.get(event[0], 0)]
    return verdict
