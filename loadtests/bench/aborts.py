"""`./pombo bench aborts`: session hosts abort in the middle of sends through real sessions, again and again."""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import uvloop

from loadtests.measure.real_sessions import RealSessions, real_sessions
from loadtests.measure.report import keep, table
from loadtests.measure.stack import BenchStack, bench_stack

SESSIONS, SENDS = 20, 200
CONTACTS = [f"551198888{number:04d}" for number in range(5)]
PATIENCE = 120.0  # seconds for a run to come to rest

NOW = """
    SELECT clock_timestamp()"""
POLICIES = """
    UPDATE instance SET uncertain_policy = CASE WHEN id = ANY($1::uuid[]) THEN 'resend' ELSE 'hold' END"""
HIT = """
    SELECT count(*), extract(epoch FROM max(session_changed_at) - $1)::float8,
           bool_and(session_state = 'connected')
    FROM instance
    WHERE session_changed_at > $1"""
ALL_CONNECTED = """
    SELECT bool_and(session_state = 'connected') FROM instance"""
# What waits for a decision of the policy counts as work, what is held for its owner to decide does not.
WORK_LEFT = """
    SELECT count(*)
    FROM message_queue
    JOIN instance ON instance.id = instance_id
    WHERE status IN ('queued', 'sending') OR (status = 'uncertain' AND uncertain_policy = 'resend')"""
ROWS = """
    SELECT text, status, uncertain_policy,
           EXISTS (SELECT FROM message_attempt WHERE message_id = sent.id AND outcome = 'uncertain')
    FROM (
        SELECT id, instance_id, payload->>'message' AS text, status FROM message_queue
        UNION ALL SELECT id, instance_id, payload->>'message', status FROM message_history
        UNION ALL SELECT id, instance_id, payload->>'message', 'failed' FROM message_dead_letter
    ) AS sent
    JOIN instance ON instance.id = instance_id
    WHERE text LIKE $1"""


@dataclass(slots=True)
class Found:
    """Of one run: what its rows say, against what the contacts decrypted."""

    hit: int
    back: float
    seconds: float
    statuses: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    repeated: int = 0
    """Doubled as announced: the row said uncertain, and the policy is to send again."""
    unknown: int = 0
    """Uncertain still, and not with the contact: the row says so."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench aborts")
    parser.add_argument("--runs", type=int, default=20, help="aborts, each in the middle of 200 sends")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
        runs = uvloop.run(measure(stack, options.runs, Random(options.seed)))
    text = report(runs, options.seed)
    sys.stdout.write(f"{text}\n\nkept in {keep('aborts', 'Session hosts that abort', text)}\n")
    for run in runs:
        for name in (*run.lost, *run.doubled):
            sys.stderr.write(f"lost or doubled: {name}\n")
    sys.exit(1 if any(run.lost or run.doubled for run in runs) else 0)


async def measure(stack: BenchStack, count: int, chance: Random) -> list[Found]:
    settings = {"HOST_SESSIONS": str(SESSIONS // 2), "UNCERTAIN_GRACE": "5s"}
    async with real_sessions(stack, SESSIONS, **settings) as real:
        await real.emulator.make(CONTACTS)
        await real.link(0, SESSIONS)
        await real.fetch(POLICIES, [one.id for one in real.instances[::2]])
        runs = []
        for number in range(count):
            await start_anew(real)
            runs.append(await run(real, number, chance))
        return runs


async def start_anew(real: RealSessions) -> None:
    """Two hosts with ten sessions each: one that keeps dying would be given fewer and fewer."""
    real.stack.stop("sender")
    began = await real.fetchval(NOW)
    real.start_sender()
    await real.connected_since(began, SESSIONS)


async def run(real: RealSessions, number: int, chance: Random) -> Found:
    """200 sends over 20 sessions, an abort somewhere in between, and what became of each."""
    started = time.monotonic()
    sending = asyncio.create_task(send(real, number))
    await asyncio.sleep(chance.uniform(0.3, 1.5))
    victim, aborted = chance.choice(real.hosts()), await real.fetchval(NOW)
    victim.send_signal(signal.SIGABRT)
    await sending
    deadline = time.monotonic() + PATIENCE
    while await real.fetchval(WORK_LEFT) or not await real.fetchval(ALL_CONNECTED):
        if time.monotonic() > deadline:
            raise TimeoutError(f"run {number} does not come to rest")
        await asyncio.sleep(0.1)
    hit, back, _ = (await real.fetch(HIT, aborted))[0]
    found = Found(hit, back or 0.0, time.monotonic() - started)
    await compare(real, number, found)
    sys.stderr.write(f"run {number}: {found}\n")
    return found


async def send(real: RealSessions, number: int) -> None:
    slots = asyncio.Semaphore(8)

    async def one(each: int) -> None:
        async with slots:
            await real.send(each % SESSIONS, CONTACTS[each % len(CONTACTS)], f"{number}-{each}")

    await asyncio.gather(*(one(each) for each in range(SENDS)))


async def compare(real: RealSessions, number: int, found: Found) -> None:
    received: dict[str, set[str]] = defaultdict(set)
    for contact in CONTACTS:
        for one in (await real.emulator.ask("GET", f"contacts/{contact}/messages"))["messages"]:
            received[one["text"]].add(one["id"])
    rows = await real.fetch(ROWS, f"{number}-%")
    if len(rows) != SENDS:
        found.lost.append(f"{SENDS - len(rows)} rows of run {number}")
    for text, status, policy, was_in_doubt in rows:
        found.statuses[status] += 1
        copies = len(received[text])
        if not copies and status == "uncertain":
            found.unknown += 1
        elif not copies:
            found.lost.append(f"{text} ({status})")
        elif copies > 1 and policy == "resend" and was_in_doubt:
            found.repeated += 1
        elif copies > 1:
            found.doubled.append(f"{text} ({status}, {copies} times)")


def report(runs: list[Found], seed: int) -> str:
    backs = sorted(run.back for run in runs)
    head = ("runs", "messages", "delivered or sent", "uncertain at rest", "of them not with the contact", "lost",
            "doubled", "sent again as the policy says")  # fmt: skip
    total = sum(sum(run.statuses.values()) for run in runs)
    uncertain = sum(run.statuses["uncertain"] for run in runs)
    row = (
        len(runs), total, sum(run.statuses[each] for run in runs for each in ("sent", "delivered", "read")), uncertain,
        sum(run.unknown for run in runs), sum(len(run.lost) for run in runs), sum(len(run.doubled) for run in runs),
        sum(run.repeated for run in runs),
    )  # fmt: skip
    return (
        f"Seed {seed}: SIGABRT to a session host in the middle of {SENDS} sends over {SESSIONS} real sessions, each "
        f"message compared by what the contact decrypted and by its ids on the wire. Half of the instances hold what "
        f"is uncertain, half send it again.\n\n{table(head, [row])}\n\n"
        f"An abort hit {sum(run.hit for run in runs) / len(runs):.1f} sessions on average; the last of them was back "
        f"after {backs[len(backs) // 2]:.2f} s (median), {backs[-1]:.2f} s at most."
    )


if __name__ == "__main__":
    main()
