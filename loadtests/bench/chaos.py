"""`./pombo bench chaos`: a cluster under load, one fault after the other, and what the history says of each."""

import argparse
import sys
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import uvloop

from loadtests.history.checker import RULES, Violation, count
from loadtests.measure import leftovers
from loadtests.measure.cluster import TTL, Engine, cluster
from loadtests.measure.endurance import RATES, Tally, endure
from loadtests.measure.faults import FAULTS, OF_SESSIONS, of_engine
from loadtests.measure.leftovers import Kept
from loadtests.measure.report import keep, keep_figures, table

INSTANCES: dict[Engine, int] = {"simulated": 20, "emulated": 6}
WHATSAPP: dict[Engine, str] = {
    "simulated": "The engine is the simulated one, the wire the log of what it was handed.",
    "emulated": "Sessions are real ones of the library in session hosts, the wire is what the WhatsApp emulator saw.",
}
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
    "unanswered",
    "still p50",
    "still p99",
    "still at most",
    "wait p99",
)
EDGES = (0.5, 1, 2, 3, 5, 8, 13, 21, 34)  # seconds
LOST, DOUBLED, REORDERED = ("lost", "unsent"), ("doubled", "two ids", "unknown"), ("reordered",)
NAMED = (*LOST, *DOUBLED, *REORDERED)


@dataclass(slots=True)
class Found:
    """What became of one run of all: by fault, and what the stores kept after it."""

    tallies: Mapping[str, Tally]
    kept: Sequence[Kept]

    @property
    def violations(self) -> list[Violation]:
        return [violation for tally in self.tallies.values() for violation in tally.violations]

    @property
    def is_sound(self) -> bool:
        return not self.violations and not any(kept.is_too_much for kept in self.kept)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench chaos")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=list(INSTANCES), default="simulated", help="emulated: real sessions")
    parser.add_argument("--wire", choices=("direct", "relay"), default="direct", help="of real sessions")
    parser.add_argument("--fault", action="append", choices=sorted({*FAULTS, *OF_SESSIONS}), help="may be repeated")
    options = parser.parse_args()
    engine: Engine = options.engine
    faults = [fault for fault in of_engine(engine) if fault in (options.fault or of_engine(engine))]
    with tempfile.TemporaryDirectory(prefix="pombo-chaos-") as folder:
        found = uvloop.run(run(Path(folder), faults, options.minutes * 60, options.seed, engine, options.wire))
    text = report(found, faults, options.seed, engine)
    if options.wire == "relay":
        text = f"Sessions go through the wire relay: what is sent again has the id it had.\n\n{text}"
    name = "chaos" if engine == "simulated" else "chaos_sessions"
    name += "_relay" if options.wire == "relay" else ""
    keep_figures(name, {"pauses": {fault: tally.pauses for fault, tally in found.tallies.items() if tally.runs}})
    sys.stdout.write(f"{text}\n\nkept in {keep(name, 'Faults under load', text)}\n")
    for violation in found.violations[:100]:
        sys.stderr.write(f"{violation.rule}: {violation.detail}\n")
    sys.exit(0 if found.is_sound else 1)


async def run(folder: Path, faults: Sequence[str], seconds: float, seed: int, engine: Engine, wire: str) -> Found:
    """Faults in a seeded order until the time is over; every one at least once where the time allows."""
    chance = Random(seed)
    tallies = {fault: Tally() for fault in faults}
    async with cluster(folder, instances=INSTANCES[engine], seed=seed, engine=engine, wire=wire) as stack:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for fault in chance.sample(faults, len(faults)):
                if time.monotonic() < ends:
                    await endure(stack, fault, chance, tallies[fault])
                    sys.stderr.write(f"{row_of(fault, tallies[fault])}\n")
        return Found(tallies, await stack.left_behind())


def report(found: Found, faults: Sequence[str], seed: int, engine: Engine) -> str:
    tallies = found.tallies
    rules = Counter(violation.rule for violation in found.violations)
    rows = [row_of(fault, tallies[fault]) for fault in faults if tallies[fault].runs]
    asked = sum(tally.asked for tally in tallies.values())
    return (
        f"Seed {seed}, {sum(tally.runs for tally in tallies.values())} runs, {RATES[engine]:.0f} messages a second "
        f"over {INSTANCES[engine]} instances of all three policies, two frontends, two senders, leases of {TTL:.0f} "
        f"seconds. {WHATSAPP[engine]} Still is the longest that an instance sent nothing in a run though a message "
        f"waited (what a takeover takes), wait the longest that one message waited, with the backlog before it; "
        f"refused are requests that a client had to repeat, unanswered questions that were told so or timed out "
        f"({asked} were asked), uncertain the messages whose outcome was lost for a while.\n\n"
        f"{table(HEAD, rows)}\n\n"
        f"How many instances of all runs waited how long at most, by fault: what a failover or a hand-over costs.\n\n"
        f"{histogram(tallies, faults)}\n\n"
        f"Rules: {', '.join(RULES)}. Violations by rule: {dict(rules) or 'none'}.\n\n"
        f"What the stores keep after all that, everybody at rest:\n\n{leftovers.shown(found.kept)}\n\n"
        f"Grown with what is dead or done: "
        f"{', '.join(kept.what for kept in found.kept if kept.is_too_much) or 'nothing'}."
    )


def row_of(fault: str, tally: Tally) -> list[object]:
    found = tally.violations
    return [
        fault,
        tally.runs,
        tally.accepted,
        tally.refused,
        count(found, *LOST),
        count(found, *DOUBLED),
        count(found, *REORDERED),
        sum(violation.rule not in NAMED for violation in found),
        tally.uncertain,
        tally.unanswered,
        seconds(tally.stills, 0.5),
        seconds(tally.stills, 0.99),
        seconds(tally.stills, 1),
        seconds(tally.pauses, 0.99),
    ]


def histogram(tallies: Mapping[str, Tally], faults: Sequence[str]) -> str:
    head = ["longest wait", *(f"< {edge:g} s" for edge in EDGES), "longer"]
    rows = []
    for fault in faults:
        if tallies[fault].runs:
            places = Counter(bisect_right(EDGES, pause) for pause in tallies[fault].pauses)
            rows.append([fault, *(places[place] for place in range(len(EDGES) + 1))])
    return table(head, rows)


def seconds(values: Sequence[float], share: float) -> str:
    ordered = sorted(values)
    return f"{ordered[min(len(ordered) - 1, int(len(ordered) * share))]:.2f} s" if ordered else "-"


if __name__ == "__main__":
    main()
