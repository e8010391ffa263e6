"""`./pombo bench deliver`: one sender on the simulated engine without delays: its rate, its latency, its idle cost."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop
from redis.asyncio import Redis

from common.local.http import request
from loadtests.measure.history import fill
from loadtests.measure.processor import Meter
from loadtests.measure.report import keep, table
from loadtests.measure.stack import BenchInstance, BenchStack, bench_stack, prepare

BUSY_INSTANCES = 200
PAUSE = 0.1  # seconds between two messages of the latency part
PATIENCE = 300.0  # seconds for each part

SPAN = """
    SELECT count(*), extract(epoch FROM max(finished_at) - min(started_at))::float8
    FROM message_history"""
COUNT_CONNECTED = """
    SELECT count(*) FROM instance WHERE session_state = 'connected' AND session_changed_at > $1"""
TRANSACTIONS = """
    SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"""


@dataclass(frozen=True, slots=True)
class Idle:
    transactions: float
    commands: float
    processor: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench deliver")
    parser.add_argument("--messages", type=int, default=20_000, help="of the part that measures the rate")
    parser.add_argument("--singles", type=int, default=200, help="messages of the part that measures latency")
    parser.add_argument("--quiet", type=int, default=10_000, help="instances of the part that measures idle cost")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the part that measures idle cost")
    options = parser.parse_args()
    parts = []
    for part in (rate, latency, idle):
        with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
            parts.append(uvloop.run(part(stack, options)))
    text = "\n\n".join(parts)
    sys.stdout.write(f"{text}\n\nkept in {keep('deliver', 'Delivering messages', text)}\n")


async def rate(stack: BenchStack, options: argparse.Namespace) -> str:
    """A backlog over many instances, and one sender that finds it."""
    instances = await prepare(stack, BUSY_INSTANCES)
    await fill(stack.dsn, [one.id for one in instances], 0, options.messages)
    connection = await asyncpg.connect(stack.dsn)
    meter = Meter(stack.pids)
    stack.start_sender()
    used_by_stores = meter.read()
    sender = Meter({"sender": stack.pids["sender"]})
    deadline = time.monotonic() + PATIENCE
    count, seconds = 0, 0.0
    while count < options.messages:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {options.messages} messages were sent")
        await asyncio.sleep(0.2)
        count, seconds = (await connection.fetch(SPAN))[0]
    used = {**{name: used_by_stores[name] + value for name, value in meter.read().items()}, **sender.read()}
    await connection.close()
    costs = [[name, f"{used[name] / count * 1e6:.0f}"] for name in ("sender", "postgres", "valkey")]
    return (
        f"{count:,} messages of {BUSY_INSTANCES} instances through one sender: {count / seconds:,.0f} per second "
        "(intent, outcome and receipt of each are committed).\n\n" + table(["", "processor us of a message"], costs)
    )


async def latency(stack: BenchStack, options: argparse.Namespace) -> str:
    """One message at a time to instances that have nothing else to do."""
    instances = await prepare(stack, BUSY_INSTANCES)
    journal = stack.folder / "journal"
    port = stack.start_frontend()
    began = await _now(stack)
    stack.start_sender(SIMULATED_JOURNAL=str(journal))
    await _connected(stack, len(instances), began)
    answered: dict[str, float] = {}
    for number in range(options.singles):
        instance = instances[number % len(instances)]
        message_id = await asyncio.to_thread(_post, port, instance, stack.client_token)
        answered[message_id] = time.time()
        await asyncio.sleep(PAUSE)
    handed = await _handed(journal, answered)
    took = sorted(max(0.0, handed[each] - at) for each, at in answered.items())
    return (
        f"From the answer to the hand-over, idle instance, {len(took)} messages: p50 {_milliseconds(took, 0.5)} "
        f"(aim < 10 ms), p99 {_milliseconds(took, 0.99)} (aim < 30 ms)."
    )


async def idle(stack: BenchStack, options: argparse.Namespace) -> str:
    """The same sender without and with quiet instances: what they cost is the difference."""
    empty = await _idle_of(stack, options.seconds / 2, 0)
    quiet = await _idle_of(stack, options.seconds, options.quiet)
    rows = [
        ["Postgres transactions per second", f"{empty.transactions:.2f}", f"{quiet.transactions:.2f}"],
        ["Redis commands per second", f"{empty.commands:.2f}", f"{quiet.commands:.2f}"],
        ["processor share of the sender", *(f"{each.processor['sender']:.2%}" for each in (empty, quiet))],
        ["processor share of Postgres", *(f"{each.processor['postgres']:.2%}" for each in (empty, quiet))],
    ]
    head = ["an idle sender", "no instance", f"{options.quiet:,} quiet instances"]
    return "Lease renewals, sweeps and the clock of scheduled messages are all that goes on:\n\n" + table(head, rows)


async def _idle_of(stack: BenchStack, seconds: float, instances: int) -> Idle:
    await prepare(stack, instances)
    began = await _now(stack)
    stack.start_sender()
    await _connected(stack, instances, began)
    connection = await asyncpg.connect(stack.dsn)
    redis: Redis = Redis.from_url(stack.redis_url)
    # What a session's start left to do is over when two looks a second apart find the same small number.
    await asyncio.sleep(10)
    meter = Meter(stack.pids)
    before = await connection.fetchval(TRANSACTIONS), await _commands(redis)
    await asyncio.sleep(seconds)
    after = await connection.fetchval(TRANSACTIONS), await _commands(redis)
    used = {name: value / seconds for name, value in meter.read().items()}
    await connection.close()
    await redis.aclose()
    stack.stop("sender")
    return Idle((after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds, used)


async def _now(stack: BenchStack) -> object:
    connection = await asyncpg.connect(stack.dsn)
    now = await connection.fetchval("SELECT clock_timestamp()")
    await connection.close()
    return now


async def _connected(stack: BenchStack, instances: int, since: object) -> None:
    """Wait until the sender has said of every instance that it is connected."""
    connection = await asyncpg.connect(stack.dsn)
    deadline = time.monotonic() + PATIENCE
    while await connection.fetchval(COUNT_CONNECTED, since) < instances:
        if time.monotonic() > deadline:
            raise TimeoutError("the instances did not connect")
        await asyncio.sleep(0.2)
    await connection.close()


def _post(port: int, instance: BenchInstance, client_token: str) -> str:
    url = f"http://127.0.0.1:{port}{instance.path}/send-text"
    status, answer = request(
        "POST", url, {"phone": "5511988887777", "message": "Hello"}, {"Client-Token": client_token}
    )
    if status != 200:
        raise RuntimeError(f"refused with {status}")
    return str(answer["messageId"])


async def _handed(journal: Path, wanted: dict[str, float]) -> dict[str, float]:
    deadline = time.monotonic() + PATIENCE
    while True:
        handed = _read(journal)
        if wanted.keys() <= handed.keys():
            return handed
        if time.monotonic() > deadline:
            raise TimeoutError("not every message was handed over")
        await asyncio.sleep(0.2)


def _read(journal: Path) -> dict[str, float]:
    """The moment of each hand-over by message id."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    return {line[2]: line[4] for line in map(json.loads, lines)}


async def _commands(redis: Redis) -> int:
    return int((await redis.info("stats"))["total_commands_processed"])


def _milliseconds(ordered: Sequence[float], share: float) -> str:
    return f"{ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000:.1f} ms"


if __name__ == "__main__":
    main()
