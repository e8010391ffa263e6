"""`./pombo bench curves`: how cost and rate change with frontends, senders, instances, history, shards, idle sessions.

Each point has a stack of its own. Two cores carry all processes, so more programs add no cores: what counts is that the
cost of a message stays what it was.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import psutil
import uvloop
from redis.asyncio import Redis

from common.local.programs import ROOT
from loadtests.bench.deliver import TRANSACTIONS
from loadtests.bench.enqueue import requests_to
from loadtests.measure.history import FILL_QUEUE, fill
from loadtests.measure.load import run_load
from loadtests.measure.processor import Meter
from loadtests.measure.report import RESULTS, keep, keep_figures, read_figures, table
from loadtests.measure.stack import BenchStack, bench_stack, prepare
from loadtests.measure.tools import python_with_tools

CONNECTIONS = 128
BUSY_INSTANCES = 200
SETTLE = 3.0  # seconds
STATISTICS = 12.0  # seconds until Postgres has told of all transactions of before
SWEEP = "500ms"

Point = dict[str, float]

IS_EMPTY = """
    SELECT NOT EXISTS (SELECT FROM message_queue)"""
CONNECTED = """
    SELECT count(*) FROM instance WHERE session_state = 'connected' AND session_changed_at > $1"""
OWNERS = """
    SELECT count(DISTINCT node) FROM shard WHERE lease_until > now()"""
OWNED = """
    SELECT count(*) FROM shard WHERE lease_until > now()"""
# Read off what Postgres hands out, since its statistics come up to ten seconds late.
WAL = """
    SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8"""
WRITES = """
    SELECT pg_snapshot_xmax(pg_current_snapshot())::text::float8"""


@dataclass(frozen=True, slots=True)
class Work:
    """What the stores did so far."""

    commits: float
    wal: float
    commands: float

    @classmethod
    async def look(cls, stack: BenchStack) -> "Work":
        redis: Redis = Redis.from_url(stack.redis_url)
        commands = (await redis.info("stats"))["total_commands_processed"]
        await redis.aclose()
        return cls(await _ask(stack, WRITES), await _ask(stack, WAL), commands)

    def until(self, later: "Work", count: int) -> Point:
        """Of one message of so many."""
        return {
            "commits": (later.commits - self.commits) / count,
            "WAL bytes": (later.wal - self.wal) / count,
            "Redis commands": (later.commands - self.commands) / count,
        }


@dataclass(frozen=True, slots=True)
class Curve:
    """`up` are the columns that are drawn."""

    title: str
    across: str
    places: Sequence[int]
    places_in_full: Sequence[int]
    measure: Callable[[BenchStack, int, argparse.Namespace], Awaitable[Point]]
    up: Sequence[str]


async def frontends(stack: BenchStack, count: int, options: argparse.Namespace) -> Point:
    requests = requests_to(await prepare(stack, BUSY_INSTANCES), stack.client_token)
    ports = [stack.start_frontend(f"frontend-{number}") for number in range(count)]
    return await _accept(stack, ports, requests, options.seconds)


async def senders(stack: BenchStack, count: int, options: argparse.Namespace) -> Point:
    ids = [one.id for one in await prepare(stack, BUSY_INSTANCES)]
    return await _deliver(stack, ids, options.messages, count)


async def instances(stack: BenchStack, count: int, options: argparse.Namespace) -> Point:
    made = await prepare(stack, count)
    # What is asked names every instance, so that a cache of a hundred would not do.
    asked = made[:: max(1, count // 10_000)]
    accepted = await _accept(stack, [stack.start_frontend()], requests_to(asked, stack.client_token), options.seconds)
    stack.stop("frontend")
    await _forget(stack)
    delivered = await _deliver(stack, [one.id for one in made], options.messages, 1)
    return _both(accepted, delivered)


async def history(stack: BenchStack, rows: int, options: argparse.Namespace) -> Point:
    made = await prepare(stack, BUSY_INSTANCES)
    ids = [one.id for one in made]
    await fill(stack.dsn, ids, rows, 0)
    accepted = await _accept(stack, [stack.start_frontend()], requests_to(made, stack.client_token), options.seconds)
    stack.stop("frontend")
    await _forget(stack)
    return _both(accepted, await _deliver(stack, ids, options.messages, 1))


async def shards(stack: BenchStack, count: int, options: argparse.Namespace) -> Point:
    await prepare(stack, 0, count)
    stack.start_sender(SHARD_COUNT=str(count))
    await _until(stack, OWNED, count)
    return await _idle(stack, options.quiet)


async def idle(stack: BenchStack, count: int, options: argparse.Namespace) -> Point:
    await prepare(stack, count)
    began = await _ask(stack, "SELECT clock_timestamp()")
    stack.start_sender(NODE_CAPACITY=str(count))
    sender = psutil.Process(stack.pids["sender"])
    empty = sender.memory_info().rss
    started = time.monotonic()
    await _until(stack, CONNECTED, count, began)
    took = time.monotonic() - started
    found = await _idle(stack, options.quiet)
    grown = sender.memory_info().rss - empty
    return {**found, "sender MB": sender.memory_info().rss / 2**20, "KB an instance": grown / count / 1024,
            "s to connect all": took}  # fmt: skip


CURVES: Mapping[str, Curve] = {
    "frontends": Curve(
        "Accepts over frontends", "frontends", (1, 2, 4), (1, 2, 3, 4), frontends, ("us of frontends", "us of Postgres")
    ),
    "senders": Curve(
        "Deliveries over senders", "senders", (1, 2, 4), (1, 2, 3, 4), senders, ("us of senders", "us of Postgres")
    ),
    "instances": Curve(
        "Cost of a message over instances", "instances", (10, 1_000, 10_000), (10, 1_000, 10_000, 100_000), instances,
        ("us of an accept", "us of a delivery"),
    ),
    "history": Curve(
        "Cost of a message over rows of history", "rows", (0, 1_000_000), (0, 1_000_000, 10_000_000), history,
        ("us of an accept", "us of a delivery"),
    ),
    "shards": Curve(
        "Cost of leases and doorbells over shards", "shards", (16, 256, 4_096), (16, 64, 256, 1_024, 4_096), shards,
        ("sender %", "Postgres %", "Valkey %"),
    ),
    "idle": Curve(
        "Idle cost of instances on one node", "instances", (1_000, 10_000), (1_000, 10_000, 50_000), idle,
        ("sender %", "Postgres %", "Valkey %"),
    ),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench curves")
    parser.add_argument("--only", default=",".join(CURVES), help=f"some of {','.join(CURVES)}")
    parser.add_argument("--full", action="store_true", help="the farthest points as well: ten million rows, and so on")
    parser.add_argument("--seconds", type=float, default=5.0, help="of accepting at a point (default 5)")
    parser.add_argument("--messages", type=int, default=10_000, help="delivered at a point (default 10,000)")
    parser.add_argument("--quiet", type=float, default=30.0, help="seconds in which idle cost is measured (default 30)")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds of a point, at most (default 300)")
    options = parser.parse_args()
    chosen = [name for name in options.only.split(",") if name]
    if unknown := set(chosen) - CURVES.keys():
        parser.error(f"no such curve: {', '.join(sorted(unknown))}")
    found = read_figures("curves").get("curves", {})
    for name in chosen:
        found[name] = uvloop.run(_follow(CURVES[name], options))
        keep_figures("curves", {"curves": found})
    draw(found)
    text = report(found)
    sys.stdout.write(f"{text}\n\nkept in {keep('curves', 'Scale curves', text)}\n")


async def _follow(curve: Curve, options: argparse.Namespace) -> dict[str, Point]:
    found: dict[str, Point] = {}
    for place in curve.places_in_full if options.full else curve.places:
        with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
            try:
                async with asyncio.timeout(options.limit):
                    found[str(place)] = await curve.measure(stack, place, options)
            except TimeoutError:
                found[str(place)] = {}
        sys.stderr.write(f"{curve.title}: {place}: {found[str(place)]}\n")
    return found


def report(found: Mapping[str, Mapping[str, Point]]) -> str:
    """Those that ran this time or an earlier time, in the order of the list."""
    parts = [
        f"**All processes share {os.cpu_count()} cores**, client and stores included: a second frontend or sender "
        f"brings no core of its own, so rates cannot grow with them. What the curves show is whether the cost of a "
        f"message, in processor microseconds, stays the same."
    ]
    for name, curve in CURVES.items():
        points = found.get(name)
        if not points:
            continue
        columns = list(dict.fromkeys(column for point in points.values() for column in point))
        rows = [
            [f"{int(place):,}", *(_shown(point.get(column)) for column in columns)] if point
            else [f"{int(place):,}", "over the time limit", *[""] * (len(columns) - 1)]
            for place, point in points.items()
        ]  # fmt: skip
        parts += [f"## {curve.title}", table([curve.across, *columns], rows), f"![{curve.title}](curves/{name}.png)"]
    return "\n\n".join(parts)


def draw(found: Mapping[str, Mapping[str, Point]]) -> None:
    python, folder = python_with_tools(), RESULTS / "curves"
    folder.mkdir(parents=True, exist_ok=True)
    for name, points in found.items():
        curve = CURVES[name]
        lines = {
            column: [(int(place), point[column]) for place, point in points.items() if column in point]
            for column in curve.up
        }
        told = {"file": str(folder / f"{name}.png"), "title": curve.title, "across": curve.across, "lines": lines,
                "up": "processor share" if "%" in curve.up[0] else "microseconds"}  # fmt: skip
        command = [python, ROOT / "loadtests" / "measure" / "plot.py"]
        subprocess.run(command, input=json.dumps(told), text=True, check=True)


async def _accept(stack: BenchStack, ports: Sequence[int], requests: Sequence[bytes], seconds: float) -> Point:
    connections = CONNECTIONS // len(ports)
    for port in ports:
        await run_load(port, requests, connections=connections, seconds=1)
    before, meter = await Work.look(stack), Meter(stack.pids)
    results = await asyncio.gather(
        *(run_load(port, requests, connections=connections, seconds=seconds) for port in ports)
    )
    used, after = meter.read(), await Work.look(stack)
    if refused := sum(result.refused for result in results):
        raise RuntimeError(f"{refused} requests were refused")
    count = sum(len(result.latencies) for result in results)
    ours = sum(value for name, value in used.items() if name.startswith("frontend"))
    rate = sum(result.rate for result in results)
    return {"a second": rate, **_costs("frontends", ours, used, count), **before.until(after, count)}


async def _deliver(stack: BenchStack, ids: Sequence[UUID], messages: int, count: int) -> Point:
    began = await _ask(stack, "SELECT clock_timestamp()")
    for number in range(count):
        name = f"sender-{number}"
        stack.start_sender(name, NODE_ID=name, SWEEP_INTERVAL=SWEEP, NODE_CAPACITY=str(len(ids)))
    await _until(stack, OWNERS, count)
    await _until(stack, CONNECTED, len(ids), began)
    await asyncio.sleep(SETTLE)
    connection = await asyncpg.connect(stack.dsn)
    await connection.execute(FILL_QUEUE, ids, 1, messages)
    # It appears by one commit, so what filling costs is not counted.
    before, meter, began_at = await Work.look(stack), Meter(stack.pids), time.monotonic()
    while not await connection.fetchval(IS_EMPTY):
        await asyncio.sleep(0.2)
    seconds, used, after = time.monotonic() - began_at, meter.read(), await Work.look(stack)
    await connection.close()
    ours = sum(value for name, value in used.items() if name.startswith("sender"))
    return {"a second": messages / seconds, **_costs("senders", ours, used, messages), **before.until(after, messages)}


def _costs(whose: str, seconds: float, used: Mapping[str, float], count: int) -> Point:
    return {
        f"us of {whose}": seconds / count * 1e6,
        "us of Postgres": used["postgres"] / count * 1e6,
        "us of Valkey": used["valkey"] / count * 1e6,
    }


def _both(accepted: Point, delivered: Point) -> Point:
    return {
        "us of an accept": sum(value for name, value in accepted.items() if name.startswith("us of ")),
        "us of a delivery": sum(value for name, value in delivered.items() if name.startswith("us of ")),
        **{f"accept: {name}": value for name, value in accepted.items()},
        **{f"delivery: {name}": value for name, value in delivered.items()},
    }


async def _idle(stack: BenchStack, seconds: float) -> Point:
    await asyncio.sleep(STATISTICS)
    redis: Redis = Redis.from_url(stack.redis_url)
    meter = Meter(stack.pids)
    before = await _ask(stack, TRANSACTIONS), (await redis.info("stats"))["total_commands_processed"]
    await asyncio.sleep(seconds)
    after = await _ask(stack, TRANSACTIONS), (await redis.info("stats"))["total_commands_processed"]
    used = meter.read()
    await redis.aclose()
    return {
        "sender %": used["sender"] / seconds * 100,
        "Postgres %": used["postgres"] / seconds * 100,
        "Valkey %": used["valkey"] / seconds * 100,
        "transactions/s": (after[0] - before[0]) / seconds,
        "Redis commands/s": (after[1] - before[1]) / seconds,
    }


async def _forget(stack: BenchStack) -> None:
    """What was accepted is not what is delivered next."""
    await _ask(stack, "TRUNCATE message_queue")


async def _ask(stack: BenchStack, statement: str, *arguments: object) -> float:
    connection = await asyncpg.connect(stack.dsn)
    found: float = await connection.fetchval(statement, *arguments)
    await connection.close()
    return found


async def _until(stack: BenchStack, statement: str, count: int, *arguments: object) -> None:
    while await _ask(stack, statement, *arguments) < count:
        await asyncio.sleep(0.2)


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    main()
