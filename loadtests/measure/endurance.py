"""Endurance: one fault under load, and what the history then says."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from loadtests.history.checker import Violation, check, on_wire
from loadtests.history.events import Accepted, History
from loadtests.measure.cluster import Cluster, Engine
from loadtests.measure.faults import of_engine

RATES: dict[Engine, float] = {"simulated": 60.0, "emulated": 10.0}
"""Messages a second."""


@dataclass(slots=True)
class Tally:
    """What the runs of one fault came to. By instance, in seconds: `pauses` are the longest that one message waited,
    `stills` the longest that nothing went on the wire though something waited."""

    runs: int = 0
    accepted: int = 0
    refused: int = 0
    uncertain: int = 0
    asked: int = 0
    unanswered: int = 0
    violations: list[Violation] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    stills: list[float] = field(default_factory=list)


async def endure(cluster: Cluster, fault: str, chance: Random, tally: Tally, calm: float = 2.0) -> None:
    """One run: calm, the fault, calm (seconds of load), rest, and the look at what happened."""
    began, load = time.time(), cluster.clients.load
    refused, asked = load.refused, len(load.asked)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        clients = tasks.create_task(cluster.clients.run(RATES[cluster.engine], stop))
        await asyncio.sleep(calm)
        await of_engine(cluster.engine)[fault](cluster, chance)
        await asyncio.sleep(calm)
        stop.set()
        await clients
    tally.violations += [Violation("ended", name) for name in await cluster.revive()]
    await cluster.rest()
    history = await cluster.history()
    found = set(check(history)) - cluster.known
    cluster.known |= found
    tally.violations += sorted(found, key=lambda violation: (violation.rule, violation.detail))
    mine = [accepted for accepted in history.accepted if accepted.at >= began]
    tally.runs += 1
    tally.accepted += len(mine)
    tally.refused += load.refused - refused
    tally.asked += len(load.asked) - asked
    tally.unanswered += sum(each.got is None for each in load.asked[asked:])
    # Each that ever was, also where it was settled since.
    doubted = {written.row for written in history.written if written.status == "uncertain"}
    tally.uncertain += sum(accepted.row in doubted for accepted in mine)
    tally.pauses += pauses(history, began)
    tally.stills += stills(history, began)


def pauses(history: History, since: float) -> list[float]:
    """By instance, the longest that one of its messages waited for the wire."""
    longest: dict[str, float] = {}
    for accepted, sent in _waits(history, since):
        longest[accepted.instance] = max(sent - accepted.at, longest.get(accepted.instance, 0.0))
    return list(longest.values())


def stills(history: History, since: float) -> list[float]:
    """By instance, the longest time without a send while a message waited: what a takeover or a hand-off costs,
    without the backlog that it leaves."""
    moments: dict[str, list[tuple[float, int]]] = {}
    for accepted, sent in _waits(history, since):
        moments.setdefault(accepted.instance, []).extend(((accepted.at, 1), (sent, -1)))
    return [_longest_still(sorted(each)) for each in moments.values()]


def _longest_still(moments: Sequence[tuple[float, int]]) -> float:
    """Of moments when one more waits (1) or one less (-1)."""
    waiting, began, longest = 0, 0.0, 0.0
    for at, change in moments:
        if change < 0:
            longest = max(longest, at - began)
        if change < 0 or not waiting:
            began = at
        waiting += change
    return longest


def _waits(history: History, since: float) -> list[tuple[Accepted, float]]:
    """Each accepted message that went on the wire, and when it first did."""
    sent: dict[int, float] = {}
    for each, accepted in on_wire(history):
        sent[accepted.row] = min(each.at, sent.get(accepted.row, each.at))
    return [(each, sent[each.row]) for each in history.accepted if each.at >= since and each.row in sent]
