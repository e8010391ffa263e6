"""`./pombo bench wire`: sessions directly and through the wire relay, side by side in one run: what the relay adds."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil
import uvloop
from prometheus_client.parser import text_string_to_metric_families

from loadtests.measure.processor import Meter
from loadtests.measure.real_sessions import RealSessions, real_sessions
from loadtests.measure.report import keep, table
from loadtests.measure.stack import BenchStack, bench_stack

WAYS = ("direct", "relay")
CONTACT = "5511988880000"
FEW = 2
"""Sessions of each way at which memory is read first: what the host itself takes is the same in both readings."""
SETTLE = 10.0  # seconds

SET_WIRE = """
    UPDATE instance SET wire = $2 WHERE id = $1"""
NOW = """
    SELECT clock_timestamp()"""
SENT = """
    SELECT count(*)
    FROM message_history
    WHERE instance_id = $1 AND started_at > $2 AND status <> 'failed'"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench wire")
    parser.add_argument("--messages", type=int, default=500, help="of each round")
    parser.add_argument("--rounds", type=int, default=4, help="of each way, in turn")
    parser.add_argument("--sessions", type=int, default=20, help="of each way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
        text = uvloop.run(measure(stack, options.messages, options.rounds, options.sessions))
    sys.stdout.write(f"{text}\n\nkept in {keep('wire', 'Sessions directly and through the relay', text)}\n")


async def measure(stack: BenchStack, messages: int, rounds: int, sessions: int) -> str:
    """Even places go directly, odd ones through the relay."""
    async with real_sessions(stack, 2 * sessions) as real:
        await real.emulator.make([CONTACT])
        for place, instance in enumerate(real.instances):
            await real.fetch(SET_WIRE, instance.id, WAYS[place % 2])
        await real.link(0, 2 * FEW)
        latency: dict[str, list[float]] = {way: [] for way in WAYS}
        cost: dict[str, list[float]] = {way: [] for way in WAYS}
        for number in range(rounds + 1):
            for place, way in enumerate(WAYS):
                took, used = await send(real, place, messages if number else FEW)
                if number:  # the first round pays for lookups and key exchanges
                    latency[way].append(took)
                    cost[way].append(used)
        await asyncio.sleep(SETTLE)
        before = memory(real)
        await real.link(2 * FEW, 2 * sessions)
        await asyncio.sleep(SETTLE)
        after = memory(real)
    rows = []
    for way in WAYS:
        held = (after[way] - before[way]) / (sessions - FEW) / 1000
        rows.append(
            [way, f"{statistics.median(latency[way]):.2f}", f"{statistics.median(cost[way]):.2f}", f"{held:,.0f}"]
        )  # fmt: skip
    head = ("", "ms of a send", "processor ms of a send, node and hosts", "kB a further session holds")
    added = statistics.median(latency["relay"]) - statistics.median(latency["direct"])
    more = statistics.median(cost["relay"]) / statistics.median(cost["direct"]) - 1
    return (
        f"{rounds} rounds of {messages} texts through one session of each way in turn, then {sessions} sessions of "
        f"each, on one sender. A send is from its committed intent to its outcome; the median of the rounds is "
        f"shown.\n\n{table(head, rows)}\n\n"
        f"The relay adds {added:.2f} ms to a send and {more:.0%} to its processor time. Aims: 1 ms, "
        f"15 %, 100 kB a session."
    )


async def send(real: RealSessions, place: int, count: int) -> tuple[float, float]:
    """Milliseconds of a send, and of the sender's processor time for it."""
    began, instance = await real.fetchval(NOW), real.instances[place]
    before, meter = await spent(real), Meter(real.stack.pids)
    for number in range(count):
        await real.send(place, CONTACT, f"text {number}")
    deadline = time.monotonic() + 120
    while (done := await real.fetchval(SENT, instance.id, began)) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{done} of {count} messages were sent")
        await asyncio.sleep(0.1)
    return (await spent(real) - before) / count * 1e3, meter.read()["sender"] / count * 1e3


async def spent(real: RealSessions) -> float:
    """Seconds in sends up to now, by the sender's own metric."""
    url = f"http://127.0.0.1:{real.stack.ports['sender']}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        text = await answer.text()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.endswith("message_send_duration_seconds_sum")
    )


def memory(real: RealSessions) -> dict[str, int]:
    """Bytes that the hosts of each way hold."""
    held = dict.fromkeys(WAYS, 0)
    for host in real.hosts():
        held["relay" if "--relay" in host.cmdline() else "direct"] += _pss(host)
    return held


def _pss(process: psutil.Process) -> int:
    pss: int = process.memory_full_info().pss
    return pss


if __name__ == "__main__":
    main()
