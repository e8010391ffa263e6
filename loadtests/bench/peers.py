"""`./pombo bench peers`: what accepting and delivering a message costs here and in other queues, in turns, in one run.

The program under test has one core, the client and the stores have the other. The peers on node need node and npm.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop

from common.local.commands import say
from common.local.http import request
from loadtests.bench.enqueue import CONNECTIONS, OTHER_CORE, SERVER_CORE, WARM_UP, requests_to
from loadtests.measure.history import FILL_QUEUE
from loadtests.measure.load import Result, run_load
from loadtests.measure.processor import Meter, pin
from loadtests.measure.report import keep, keep_figures, table
from loadtests.measure.stack import BenchStack, bench_stack, prepare
from loadtests.measure.tools import python_with_tools
from loadtests.peers.packages import Unavailable, find_node, install, read_pins

INSTANCES = 50
BUSY_INSTANCES = 200
SETTLE = 3.0  # seconds of a worker that has nothing to do yet
PATIENCE = 300.0
SLOW_SHARE = 0.1
STORES = ("postgres", "valkey")
PEERS = Path(__file__).resolve().parent.parent / "peers"

IS_EMPTY = """
    SELECT NOT EXISTS (SELECT FROM message_queue)"""
SENT = """
    SELECT count(*) FROM message_history"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """`start` and `start_worker` take the name that the process gets."""

    name: str
    promise: str
    start: Callable[[str], object]
    start_worker: Callable[[str], object] | None
    share: float = 1.0
    """Of the jobs that it has to get through: one whose cost grows with its backlog would take for ever."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one message: processor microseconds of the program and of the stores; messages a second."""

    program: float
    stores: float
    rate: float

    @property
    def total(self) -> float:
        return self.program + self.stores


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench peers")
    parser.add_argument("--seconds", type=float, default=5.0, help="of one turn of accepting (default 5)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--jobs", type=int, default=20_000, help="of one turn of delivering (default 20,000)")
    parser.add_argument("--drains", type=int, default=3, help="turns of delivering of each (default 3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
        text = uvloop.run(measure(stack, options))
    sys.stdout.write(f"{text}\n\nkept in {keep('peers', 'Beside other queues', text)}\n")


async def measure(stack: BenchStack, options: argparse.Namespace) -> str:
    everyone, remark = await contestants(stack)
    accepting = await accept_in_turns(stack, everyone, options)
    draining = await drain_in_turns(stack, everyone, options)
    keep_figures(
        "peers",
        {
            kind: {
                name: {"program": cost.program, "stores": cost.stores, "rate": cost.rate}
                for name, cost in found.items()
            }
            for kind, found in (("accept", accepting), ("drain", draining))
        },
    )
    return "\n\n".join([*show(everyone, accepting, draining, options), remark]).strip()


async def contestants(stack: BenchStack) -> tuple[list[Contestant], str]:
    """Those that can run here, and what has to be said about them."""
    # What was accepted is not to be delivered by the second part: each has a database of its own.
    beside = {}
    for name in ("procrastinate", "graphile"):
        for part in ("accept", "drain"):
            await _create_database(stack, f"{name}_{part}")
            beside[name, part] = stack.beside(f"{name}_{part}")
    python = python_with_tools()

    def procrastinate(part: str) -> Callable[[str], object]:
        command = [python, PEERS / "procrastinate_peer.py"]
        home = beside["procrastinate", part]
        return lambda process: home.start_command(process, command, "HTTP_ADDR", "/count")

    found = [
        Contestant(
            "bare Starlette",
            "nothing",
            lambda process: stack.start(process, "loadtests.measure.bare", "HTTP_ADDR", "/ready"),
            None,
        ),
        Contestant(
            "Pombo",
            "row committed, order kept within a chat",
            stack.start_frontend,
            lambda process: stack.start_sender(process, SWEEP_INTERVAL="500ms"),
        ),
        Contestant(
            "procrastinate, Starlette", "row committed", procrastinate("accept"), procrastinate("drain"), SLOW_SHARE
        ),
    ]
    try:
        node, folder = find_node(), install()
    except Unavailable as problem:
        say(f"BullMQ and graphile-worker are left out: {problem}.")
        return found, f"BullMQ and graphile-worker were left out: {problem}."

    def on_node(peer: str, part: str, script: str) -> Callable[[str], object]:
        home = beside.get((peer, part), stack)
        return lambda process: home.start_command(
            process, [node, PEERS / script], "HTTP_ADDR", "/ready", PEER=peer, PEERS_FOLDER=str(folder),
            NODE_ENV="production",
        )  # fmt: skip

    for name, peer, promise in (
        ("graphile-worker, Fastify", "graphile", "row committed"),
        ("BullMQ, Fastify", "bullmq", "in memory; on disk within a second"),
    ):
        found.append(
            Contestant(name, promise, on_node(peer, "accept", "server.mjs"), on_node(peer, "drain", "drain.mjs"))
        )
    versions = {pin.name: pin.version for pin in read_pins() if pin.name in ("bullmq", "graphile-worker", "fastify")}
    told = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return found, f"Versions: {told}, procrastinate {_procrastinate_version(python)}, node {_node_version(node)}."


async def accept_in_turns(
    stack: BenchStack, everyone: Sequence[Contestant], options: argparse.Namespace
) -> dict[str, Cost]:
    requests = requests_to(await prepare(stack, INSTANCES), stack.client_token)
    for each in everyone:
        each.start(each.name)
    pin([stack.pids[each.name] for each in everyone], SERVER_CORE)
    pin([*(stack.pids[store] for store in STORES), os.getpid()], OTHER_CORE)
    found: dict[str, list[Cost]] = {each.name: [] for each in everyone}
    for number in range(-1, options.rounds):
        for name, costs in found.items():
            meter = Meter({store: stack.pids[store] for store in (*STORES, name)})
            seconds = WARM_UP if number < 0 else options.seconds
            result = await run_load(stack.ports[name], requests, connections=CONNECTIONS, seconds=seconds)
            if result.refused:
                raise RuntimeError(f"{name} refused {result.refused} requests")
            if number >= 0:
                costs.append(_cost(meter.read(), name, result))
    for each in everyone:
        stack.stop(each.name)
    return {name: _median(costs) for name, costs in found.items()}


async def drain_in_turns(
    stack: BenchStack, everyone: Sequence[Contestant], options: argparse.Namespace
) -> dict[str, Cost]:
    await _empty(stack)
    pombo = await prepare(stack, BUSY_INSTANCES)
    found: dict[str, list[Cost]] = {each.name: [] for each in everyone if each.start_worker}
    for _ in range(options.drains):
        for each in everyone:
            if each.start_worker is None:
                continue
            process = f"{each.name} worker"
            each.start_worker(process)
            pin([stack.pids[process]], SERVER_CORE)
            if each.name == "Pombo":
                cost = await _drain_ours(stack, process, [one.id for one in pombo], options.jobs)
            else:
                cost = await _drain_theirs(stack, process, int(options.jobs * each.share))
            stack.stop(process)
            found[each.name].append(cost)
    return {name: _median(costs) for name, costs in found.items()}


async def _drain_ours(stack: BenchStack, process: str, instances: Sequence[object], jobs: int) -> Cost:
    """The queue appears by one commit, so that what filling costs is not counted."""
    await asyncio.sleep(SETTLE)
    connection = await asyncpg.connect(stack.dsn)
    before = await connection.fetchval(SENT)
    await connection.execute(FILL_QUEUE, instances, 1, jobs)
    meter, began = Meter({name: stack.pids[name] for name in (*STORES, process)}), time.monotonic()
    while not await connection.fetchval(IS_EMPTY):
        await _pause(began, process)
    cost = _of(meter.read(), process, jobs, time.monotonic() - began)
    sent = await connection.fetchval(SENT) - before
    await connection.close()
    if sent != jobs:
        raise RuntimeError(f"{sent} of {jobs} messages were sent")
    return cost


async def _drain_theirs(stack: BenchStack, process: str, jobs: int) -> Cost:
    url = f"http://127.0.0.1:{stack.ports[process]}"
    await asyncio.to_thread(request, "POST", f"{url}/fill?count={jobs}", timeout=PATIENCE)
    await asyncio.sleep(SETTLE)
    meter, began = Meter({name: stack.pids[name] for name in (*STORES, process)}), time.monotonic()
    await asyncio.to_thread(request, "POST", f"{url}/go", timeout=PATIENCE)
    while (await asyncio.to_thread(request, "GET", f"{url}/count"))[1]["count"] < jobs:
        await _pause(began, process)
    return _of(meter.read(), process, jobs, time.monotonic() - began)


async def _pause(began: float, process: str) -> None:
    if time.monotonic() - began > PATIENCE:
        raise TimeoutError(f"{process} did not get through its jobs")
    await asyncio.sleep(0.2)


def show(
    everyone: Sequence[Contestant],
    accepting: dict[str, Cost],
    draining: dict[str, Cost],
    options: argparse.Namespace,
) -> list[str]:
    promises = {each.name: each.promise for each in everyone}
    ours, bare = accepting["Pombo"], accepting["bare Starlette"]
    accepted = [
        [name, promises[name], f"{cost.rate:,.0f}", f"{cost.program:.0f}", f"{cost.stores:.0f}", f"{cost.total:.0f}",
         f"{cost.total / bare.total:.1f}", f"{cost.total / ours.total:.2f}"]
        for name, cost in sorted(accepting.items(), key=lambda item: item[1].total)
    ]  # fmt: skip
    delivered = [
        [name, f"{cost.rate:,.0f}", f"{cost.program:.0f}", f"{cost.stores:.0f}", f"{cost.total:.0f}",
         f"{cost.total / draining['Pombo'].total:.2f}"]
        for name, cost in sorted(draining.items(), key=lambda item: item[1].total)
    ]  # fmt: skip
    slow = ", ".join(each.name for each in everyone if each.share < 1)
    return [
        f"One client with {CONNECTIONS} connections, {options.rounds} turns of {options.seconds:g} s each, medians. "
        f"The program has one of two cores, client and stores share the other. What a 200 means is the second "
        f"column: ours alone authenticates and keeps an order, and BullMQ's job alone is only in memory when the "
        f"client is told.",
        table(
            ["accepting", "a 200 says", "per second", "us of program", "us of stores", "us", "to bare", "to Pombo"],
            accepted,
        ),
        f"{options.jobs:,} jobs that do nothing ({slow}: {SLOW_SHARE:.0%} of them, its cost grows with the backlog), "
        f"{options.drains} turns, medians, 50 at once where there is such a setting. Ours go through {BUSY_INSTANCES} "
        f"instances of the simulated engine without delays, composed as WhatsApp's messages, in order, with intent, "
        f"outcome and events committed; theirs end when a counter is raised.",
        table(["delivering", "per second", "us of worker", "us of stores", "us", "to Pombo"], delivered),
    ]


def _cost(used: dict[str, float], name: str, result: Result) -> Cost:
    return _of(used, name, len(result.latencies), result.seconds)


def _of(used: dict[str, float], name: str, count: int, seconds: float) -> Cost:
    stores = sum(used[store] for store in STORES)
    return Cost(used[name] / count * 1e6, stores / count * 1e6, count / seconds)


def _median(costs: Sequence[Cost]) -> Cost:
    """Of each figure by itself."""
    return Cost(
        statistics.median(cost.program for cost in costs),
        statistics.median(cost.stores for cost in costs),
        statistics.median(cost.rate for cost in costs),
    )


async def _create_database(stack: BenchStack, name: str) -> None:
    connection = await asyncpg.connect(stack.beside("postgres").dsn)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()


async def _empty(stack: BenchStack) -> None:
    """What was accepted is not to be delivered by the second part."""
    connection = await asyncpg.connect(stack.dsn)
    await connection.execute("TRUNCATE message_queue, instance CASCADE")
    await connection.close()


def _procrastinate_version(python: Path) -> str:
    asked = "import importlib.metadata; print(importlib.metadata.version('procrastinate'))"
    return subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def _node_version(node: Path) -> str:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return re.sub(r"[^0-9.]", "", version)


if __name__ == "__main__":
    main()
