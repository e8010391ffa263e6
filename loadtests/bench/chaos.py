"""`./pombo bench chaos`: a cluster under load, one fault after the other, and what the history says of each."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import uvloop

from loadtests.history.checker import Violation, check, count
from loadtests.history.events import History
from loadtests.measure.cluster import Cluster, cluster
from loadtests.measure.faults import FAULTS
from loadtests.measure.report import keep, table

RATE = 60.0  # messages a second
INSTANCES = 20
CALM = 2.0  # seconds of load before a fault and after it
HEAD = ("fault", "runs", "accepted", "lost", "doubled", "reordered", "other", "uncertain", "pause p50", "pause p99")
NAMED = ("lost", "unsent", "doubled", "unknown", "reordered")


@dataclass(slots=True)
class Tally:
    runs: int = 0
    accepted: int = 0
    uncertain: int = 0
    violations: list[Violation] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def row(self, fault: str) -> list[object]:
        found = self.violations
        return [
            fault,
            self.runs,
            self.accepted,
            count(found, "lost", "unsent"),
            count(found, "doubled", "unknown"),
            count(found, "reordered"),
            sum(violation.rule not in NAMED for violation in found),
            self.uncertain,
            seconds(self.pauses, 0.5),
            seconds(self.pauses, 0.99),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench chaos")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault", action="append", choices=sorted(FAULTS), help="only this one (may be repeated)")
    options = parser.parse_args()
    faults = options.fault or list(FAULTS)
    with tempfile.TemporaryDirectory(prefix="pombo-chaos-") as folder:
        tallies, garbage = uvloop.run(run(Path(folder), faults, options.minutes * 60, options.seed))
    rows = [tallies[fault].row(fault) for fault in faults if tallies[fault].runs]
    rules = Counter(violation.rule for tally in tallies.values() for violation in tally.violations)
    text = (
        f"Seed {options.seed}, {sum(tally.runs for tally in tallies.values())} runs, {RATE:.0f} messages a second over "
        f"{INSTANCES} instances, two frontends, two senders, leases of three seconds. A pause is the longest that a "
        f"message of an instance waited in a run.\n\n{table(HEAD, rows)}\n\n"
        f"Violations by rule: {dict(rules) or 'none'}. Left behind: {garbage}."
    )
    sys.stdout.write(f"{text}\n\nkept in {keep('chaos', 'Faults under load', text)}\n")
    for tally in tallies.values():
        for violation in tally.violations[:20]:
            sys.stderr.write(f"{violation.rule}: {violation.detail}\n")
    sys.exit(1 if rules else 0)


async def run(folder: Path, faults: Sequence[str], seconds: float, seed: int) -> tuple[dict[str, Tally], str]:
    """Faults in a seeded order until the time is over; every one at least once where the time allows."""
    chance = Random(seed)
    tallies = {fault: Tally() for fault in faults}
    ends = time.monotonic() + seconds
    async with cluster(folder, instances=INSTANCES, seed=seed) as stack:
        while time.monotonic() < ends:
            for fault in chance.sample(faults, len(faults)):
                if time.monotonic() < ends:
                    await endure(stack, fault, chance, tallies[fault])
                    sys.stderr.write(f"{tallies[fault].row(fault)}\n")
        return tallies, await stack.left_behind()


async def endure(stack: Cluster, fault: str, chance: Random, tally: Tally) -> None:
    """One run: calm, the fault, calm, rest, and the look at what happened."""
    began = time.time()
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        clients = tasks.create_task(stack.clients(RATE, stop))
        await asyncio.sleep(CALM)
        await FAULTS[fault](stack, chance)
        await asyncio.sleep(CALM)
        stop.set()
        await clients
    tally.violations += [Violation("ended", name) for name in await stack.revive()]
    await stack.rest()
    history = await stack.history()
    known = set(tally.violations)
    tally.violations += [violation for violation in check(history) if violation not in known | stack.known]
    stack.known |= set(tally.violations)
    mine = [accepted for accepted in history.accepted if accepted.at >= began]
    tally.runs += 1
    tally.accepted += len(mine)
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


def seconds(values: Sequence[float], share: float) -> str:
    ordered = sorted(values)
    return f"{ordered[min(len(ordered) - 1, int(len(ordered) * share))]:.2f} s" if ordered else "-"


if __name__ == "__main__":
    main()
