"""`./pombo bench enqueue`: durable accepts against a bare Starlette app, in turns, on the same cores, by one client.

The server under test has one core, the client and the stores have the other. Ratios are what counts.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop

from loadtests.measure.history import fill
from loadtests.measure.load import Result, run_load
from loadtests.measure.processor import Meter, pin
from loadtests.measure.report import keep, table
from loadtests.measure.stack import BenchInstance, BenchStack, bench_stack, prepare

INSTANCES = 50
CHATS = 20
CONNECTIONS = 128
WARM_UP = 2.0  # seconds
SERVER_CORE, OTHER_CORE = 0, 1
PACE = 0.7  # of the maximum, where latency is measured


@dataclass(frozen=True, slots=True)
class Round:
    result: Result
    processor: dict[str, float]

    def cost(self, *names: str) -> float:
        """Processor microseconds of an answer."""
        return sum(self.processor[name] for name in names) / len(self.result.latencies) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench enqueue")
    parser.add_argument("--seconds", type=float, default=5.0, help="of one round (default 5)")
    parser.add_argument("--rounds", type=int, default=5, help="of each server, in turns (default 5)")
    parser.add_argument("--finished", type=int, default=0, metavar="N", help="rows of history to begin with")
    parser.add_argument("--queued", type=int, default=0, metavar="N", help="waiting rows to begin with")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
        text = uvloop.run(measure(stack, options))
    sys.stdout.write(f"{text}\n\nkept in {keep('enqueue', 'Accepting messages', text)}\n")


async def measure(stack: BenchStack, options: argparse.Namespace) -> str:
    requests = {"bare": requests_to(await prepare(stack, INSTANCES), stack.client_token)}
    requests["frontend"] = requests["bare"]
    has_history = bool(options.finished or options.queued)
    aged = stack.beside("pombo_aged")
    if has_history:
        instances = await prepare(aged, INSTANCES)
        await fill(aged.dsn, [one.id for one in instances], options.finished, options.queued)
        requests["aged"] = requests_to(instances, stack.client_token)
    stack.start("bare", "loadtests.measure.bare", "HTTP_ADDR", "/ready")
    stack.start_frontend()
    if has_history:
        aged.start_frontend("aged")
    pin([stack.pids[server] for server in requests], SERVER_CORE)
    pin([stack.pids["postgres"], stack.pids["valkey"], os.getpid()], OTHER_CORE)
    bench = Bench(stack, requests, options.rounds, options.seconds)
    rounds = await bench.in_turns()
    parts = [compare("empty tables", rounds, "frontend")]
    if has_history:
        situation = f"{options.finished:,} finished and {options.queued:,} queued rows in the tables"
        parts.append(compare(situation, rounds, "aged"))
    for server in list(requests)[1:]:
        found = statistics.median(each.result.rate for each in rounds[server])
        paced = await bench.run(server, 2 * options.seconds, rate=PACE * found)
        parts.append(
            f"At {PACE:.0%} of the found maximum ({server}, {paced.result.rate:,.0f}/s): "
            f"p50 {milliseconds(paced, 0.5)}, p99 {milliseconds(paced, 0.99)} (aim < 50 ms)."
        )
    stored = await count(stack.dsn) + (await count(aged.dsn) - options.queued if has_history else 0)
    parts.append(f"Answered with 200: {bench.accepted:,}; rows stored: {stored:,}.")
    return "\n\n".join(parts)


class Bench:
    def __init__(self, stack: BenchStack, requests: dict[str, list[bytes]], rounds: int, seconds: float) -> None:
        self.accepted = 0
        self._stack = stack
        self._requests = requests
        self._rounds = rounds
        self._seconds = seconds

    async def in_turns(self) -> dict[str, list[Round]]:
        for server in self._requests:
            await self.run(server, WARM_UP)
        rounds: dict[str, list[Round]] = {server: [] for server in self._requests}
        for _ in range(self._rounds):
            for server in self._requests:
                rounds[server].append(await self.run(server, self._seconds))
        return rounds

    async def run(self, server: str, seconds: float, rate: float | None = None) -> Round:
        meter = Meter(self._stack.pids)
        port = self._stack.ports[server]
        result = await run_load(port, self._requests[server], connections=CONNECTIONS, seconds=seconds, rate=rate)
        if result.refused:
            raise RuntimeError(f"{server} refused {result.refused} requests")
        if server != "bare":
            self.accepted += len(result.latencies)
        return Round(result, meter.read())


def requests_to(instances: list[BenchInstance], client_token: str) -> list[bytes]:
    """One prepared request for each instance and chat."""
    made = []
    for chat in range(CHATS):
        for instance in instances:
            body = json.dumps({"phone": f"55119{chat:08d}", "message": f"Order {chat} has left the warehouse"}).encode()
            head = (
                f"POST {instance.path}/send-text HTTP/1.1\r\nhost: 127.0.0.1\r\nclient-token: {client_token}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            made.append(head.encode() + body)
    return made


def compare(situation: str, rounds: dict[str, list[Round]], ours: str) -> str:
    def median(server: str, value: Callable[[Round], float]) -> float:
        return statistics.median(value(each) for each in rounds[server])

    rates = {server: median(server, lambda each: each.result.rate) for server in ("bare", ours)}
    costs = {"bare": median("bare", lambda each: each.cost("bare")), ours: median(ours, lambda each: each.cost(ours))}
    stores = median(ours, lambda each: each.cost("postgres", "valkey"))
    ratio, dearer = rates[ours] / rates["bare"], costs[ours] / costs["bare"]
    rows = [
        ["accepts per second", f"{rates['bare']:,.0f}", f"{rates[ours]:,.0f}", f"{ratio:.2f}", ">= 0.6"],
        ["processor us of the server", f"{costs['bare']:.0f}", f"{costs[ours]:.0f}", f"{dearer:.2f}", "<= 1.6"],
        ["processor us of Postgres and Valkey", "0", f"{stores:.0f}", "", "<= 40"],
    ]
    return f"With {situation}:\n\n" + table(["", "bare app", "Pombo", "ratio", "aim"], rows)


def milliseconds(each: Round, share: float) -> str:
    return f"{each.result.percentile(share) * 1000:.1f} ms"


async def count(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    found: int = await connection.fetchval("SELECT count(*) FROM message_queue")
    await connection.close()
    return found


if __name__ == "__main__":
    main()
