"""`./pombo bench chaos`: a cluster under load, one fault after the other, and what the history says of each."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import uvloop

from loadtests.history.checker import count
from loadtests.measure.cluster import cluster
from loadtests.measure.endurance import RATE, Tally, endure
from loadtests.measure.faults import FAULTS
from loadtests.measure.report import keep, table

INSTANCES = 20
HEAD = (
    "fault",
    "runs",
    "accepted",
    "refused",
    "lost",
    "doubled",
    "reordered",
    "other",
    "uncertain",
    "pause p50",
    "pause p99",
)
NAMED = ("lost", "unsent", "doubled", "unknown", "reordered")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench chaos")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault", action="append", choices=sorted(FAULTS), help="only this one (may be repeated)")
    options = parser.parse_args()
    faults = options.fault or list(FAULTS)
    with tempfile.TemporaryDirectory(prefix="pombo-chaos-") as folder:
        tallies, garbage = uvloop.run(run(Path(folder), faults, options.minutes * 60, options.seed))
    rows = [row_of(fault, tallies[fault]) for fault in faults if tallies[fault].runs]
    rules = Counter(violation.rule for tally in tallies.values() for violation in tally.violations)
    text = (
        f"Seed {options.seed}, {sum(tally.runs for tally in tallies.values())} runs, {RATE:.0f} messages a second over "
        f"{INSTANCES} instances, two frontends, two senders, leases of three seconds. A pause is the longest that a "
        f"message of an instance waited in a run; refused are requests that a client had to repeat.\n\n"
        f"{table(HEAD, rows)}\n\n"
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
                    sys.stderr.write(f"{row_of(fault, tallies[fault])}\n")
        return tallies, await stack.left_behind()


def row_of(fault: str, tally: Tally) -> list[object]:
    found = tally.violations
    return [
        fault,
        tally.runs,
        tally.accepted,
        tally.refused,
        count(found, "lost", "unsent"),
        count(found, "doubled", "unknown"),
        count(found, "reordered"),
        sum(violation.rule not in NAMED for violation in found),
        tally.uncertain,
        seconds(tally.pauses, 0.5),
        seconds(tally.pauses, 0.99),
    ]


def seconds(values: Sequence[float], share: float) -> str:
    ordered = sorted(values)
    return f"{ordered[min(len(ordered) - 1, int(len(ordered) * share))]:.2f} s" if ordered else "-"


if __name__ == "__main__":
    main()
