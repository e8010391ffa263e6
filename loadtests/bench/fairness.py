"""`./pombo bench fairness`: what 99 customers notice of one with 100,000 queued messages, in turns with and without;
and the time from acceptance to the wire at half load."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop

from loadtests.bench.enqueue import requests_to
from loadtests.measure.history import FILL_QUEUE
from loadtests.measure.load import run_load
from loadtests.measure.report import keep, keep_figures, table
from loadtests.measure.stack import BenchInstance, BenchStack, bench_stack, prepare

OTHERS = 99
BUSY_INSTANCES = 200
CONNECTIONS = 32
PATIENCE = 300.0
SETTLE = 3.0  # seconds
HALF = 0.5

NOW = """
    SELECT clock_timestamp()"""
WAITS = """
    SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
               ORDER BY extract(epoch FROM started_at - accepted_at) * 1000),
           percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
               ORDER BY extract(epoch FROM finished_at - accepted_at) * 1000),
           count(*)
    FROM message_history
    WHERE instance_id = ANY($1::uuid[]) AND accepted_at > $2"""
LEFT = """
    SELECT count(*) FROM message_queue WHERE instance_id = ANY($1::uuid[])"""
SENT = """
    SELECT count(*) FROM message_history WHERE instance_id = $1"""
FORGET = """
    DELETE FROM message_queue WHERE instance_id = $1"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench fairness")
    parser.add_argument("--queued", type=int, default=100_000, help="messages of the one customer (default 100,000)")
    parser.add_argument("--rate", type=float, default=99.0, help="messages a second of all others (default 99)")
    parser.add_argument("--pause", type=int, default=50, help="ms between two messages of an instance (default 50)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a turn, and of each part of the second table")
    parser.add_argument("--turns", type=int, default=5, help="with and without each (default 5)")
    parser.add_argument("--only", choices=("fairness", "latency"), help="one part alone")
    options = parser.parse_args()
    parts = []
    for name, part in (("fairness", fairness), ("latency", latency)):
        if options.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
                parts.append(uvloop.run(part(stack, options)))
    text = "\n\n".join(parts)
    sys.stdout.write(f"{text}\n\nkept in {keep('fairness', 'Fairness and latency', text)}\n")


async def fairness(stack: BenchStack, options: argparse.Namespace) -> str:
    greedy, *others = await prepare(stack, OTHERS + 1)
    pause = f"{options.pause}ms"
    stack.start_frontend()
    stack.start_sender(MESSAGE_DELAY_MIN=pause, MESSAGE_DELAY_MAX=pause)
    connection = await asyncpg.connect(stack.dsn)
    found: dict[bool, list[float]] = {False: [], True: []}
    sent_of_greedy = 0
    for number in range(-1, options.turns * 2):  # the first turn only warms up
        has_greedy = bool(number % 2) and number > 0
        if has_greedy:
            await connection.execute(FILL_QUEUE, [greedy.id], 1, options.queued)
        await connection.execute("VACUUM ANALYZE message_queue")
        # What filling leaves to be written is not what the others are to be held against.
        await connection.execute("CHECKPOINT")
        if has_greedy:
            await _begun(connection, greedy)
        await asyncio.sleep(SETTLE)
        before = await connection.fetchval(SENT, greedy.id)
        waits = await _turn(stack, connection, others, options.rate, options.seconds)
        if number >= 0:
            found[has_greedy].append(waits[0][1])
        if has_greedy:
            sent_of_greedy += await connection.fetchval(SENT, greedy.id) - before
            await connection.execute(FORGET, greedy.id)
    await connection.close()
    quiet, disturbed = (statistics.median(found[each]) for each in (False, True))
    rows = [
        [name, *(f"{p95:.1f}" for p95 in found[each])]
        for name, each in (("nothing queued", False), (f"one has {options.queued:,} queued", True))
    ]
    keep_figures("fairness", {"quiet": found[False], "disturbed": found[True]})
    return (
        f"{OTHERS} customers with an instance each, {options.rate:g} messages a second through frontend and sender, "
        f"in turns with and without one more customer that has {options.queued:,} messages queued and whose instance "
        f"sends all the time ({sent_of_greedy / options.turns / options.seconds:.1f} a second; "
        f"pauses are {options.pause} ms). p95 of the others from acceptance to the intent that is committed before the "
        f"wire, medians of {options.turns} turns: "
        f"{quiet:.1f} ms and {disturbed:.1f} ms, {disturbed / quiet - 1:+.1%} (aim < 10 %).\n\n"
        + table(["p95 in ms", *(f"turn {number + 1}" for number in range(options.turns))], rows)
    )


async def latency(stack: BenchStack, options: argparse.Namespace) -> str:
    """All is what the chain of client, frontend, stores and sender gets through on this machine."""
    instances = await prepare(stack, BUSY_INSTANCES)
    stack.start_frontend()
    stack.start_sender()
    await asyncio.sleep(SETTLE)
    connection = await asyncpg.connect(stack.dsn)
    rate = await _most(stack, connection, instances, options.seconds)
    wire, done, count = await _turn(stack, connection, instances, rate * HALF, options.seconds)
    await connection.close()
    rows = [
        [name, *(f"{value:.1f}" for value in values)]
        for name, values in (("the intent, committed before the wire", wire), ("WhatsApp's answer, committed", done))
    ]
    keep_figures("latency", {"most": rate, "wire": wire, "done": done})
    return (
        f"Latency: one frontend, one sender, {BUSY_INSTANCES} instances without pauses get through {rate:,.0f} "
        f"messages a second from request to outcome, client and stores on the same two cores. At {HALF:.0%} of it, "
        f"{count:,} messages, ms from the beginning of the transaction that accepts (before the 200) to:\n\n"
        + table(["", "p50", "p95", "p99"], rows)
    )


async def _most(
    stack: BenchStack, connection: asyncpg.Connection, instances: Sequence[BenchInstance], seconds: float
) -> float:
    """Messages a second while the queues are filled and until they are empty."""
    began = time.monotonic()
    requests = requests_to(list(instances), stack.client_token)
    result = await run_load(stack.ports["frontend"], requests, connections=CONNECTIONS, seconds=seconds / 2)
    await _until_sent(connection, [one.id for one in instances])
    return len(result.latencies) / (time.monotonic() - began)


async def _begun(connection: asyncpg.Connection, greedy: BenchInstance) -> None:
    """Wait for the next sweep, which finds rows that no frontend announced."""
    before = await connection.fetchval(SENT, greedy.id)
    deadline = time.monotonic() + PATIENCE
    while await connection.fetchval(SENT, greedy.id) == before:
        if time.monotonic() > deadline:
            raise TimeoutError("the customer with a queue does not send")
        await asyncio.sleep(0.2)


async def _turn(
    stack: BenchStack, connection: asyncpg.Connection, instances: Sequence[BenchInstance], rate: float, seconds: float
) -> tuple[list[float], list[float], int]:
    """p50, p95 and p99 in ms to the intent and to the outcome, and of how many messages."""
    ids = [one.id for one in instances]
    began = await connection.fetchval(NOW)
    requests = requests_to(list(instances), stack.client_token)
    port = stack.ports["frontend"]
    result = await run_load(port, requests, connections=CONNECTIONS, seconds=seconds, rate=rate)
    if result.refused:
        raise RuntimeError(f"{result.refused} requests were refused")
    await _until_sent(connection, ids)
    wire, done, count = (await connection.fetch(WAITS, ids, began))[0]
    return list(wire), list(done), count


async def _until_sent(connection: asyncpg.Connection, ids: Sequence[UUID]) -> None:
    deadline = time.monotonic() + PATIENCE
    while left := await connection.fetchval(LEFT, ids):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left} messages are left")
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    main()
