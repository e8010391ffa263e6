"""Endurance: one fault under load, and what the history then says."""

import asyncio
import time
from dataclasses import dataclass, field
from random import Random

from loadtests.history.checker import Violation, check
from loadtests.history.events import History
from loadtests.measure.cluster import Cluster
from loadtests.measure.faults import FAULTS

RATE = 60.0  # messages a second


@dataclass(slots=True)
class Tally:
    """What the runs of one fault came to. `pauses` are the longest waits by instance, in seconds."""

    runs: int = 0
    accepted: int = 0
    refused: int = 0
    uncertain: int = 0
    violations: list[Violation] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)


async def endure(cluster: Cluster, fault: str, chance: Random, tally: Tally, calm: float = 2.0) -> None:
    """One run: calm, the fault, calm (seconds of load), rest, and the look at what happened."""
    began, refused = time.time(), cluster.load.refused
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        clients = tasks.create_task(cluster.clients(RATE, stop))
        await asyncio.sleep(calm)
        await FAULTS[fault](cluster, chance)
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
    tally.refused += cluster.load.refused - refused
    tally.uncertain += sum(history.fates.get(accepted.row) == "uncertain" for accepted in mine)
    tally.pauses += pauses(history, began)


def pauses(history: History, since: float) -> list[float]:
    """By instance, the longest that one of its messages waited for the wire."""
    sent = {each.whatsapp_id: each.at for each in history.sent}
    longest: dict[str, float] = {}
    for accepted in history.accepted:
        if accepted.at >= since and accepted.message_id in sent:
            waited = sent[accepted.message_id] - accepted.at
            longest[accepted.instance] = max(waited, longest.get(accepted.instance, 0.0))
    return list(longest.values())
