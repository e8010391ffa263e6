"""`./pombo bench soak --minutes N`: a cluster under steady load, and whether what it holds grows with time."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from loadtests.measure.cluster import cluster
from loadtests.measure.holdings import Holdings
from loadtests.measure.report import keep, table
from loadtests.measure.slopes import Slope, slope

INSTANCES = 20
RATE = 60.0  # messages a second
SAMPLES = 120  # over the whole run
WARM = 0.25  # share of the run that is not counted: pools, caches and Python's own memory fill up first
HEAD = ("what", "at first", "at last", "per hour", "fit")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench soak")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=RATE, help="messages a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pombo-soak-") as folder:
        samples, accepted, refused = uvloop.run(run(Path(folder), options.minutes * 60, options.rate))
    counted = samples[int(len(samples) * WARM) :]
    names = sorted(set.intersection(*(set(values) for _, values in counted)))
    slopes = {name: slope([(at, values[name]) for at, values in counted]) for name in names}
    text = (
        f"{options.minutes:g} minutes, {options.rate:.0f} messages a second over {INSTANCES} instances, two frontends, "
        f"two senders on the simulated engine; {accepted:,} accepted, {refused} answers other than 200. The first "
        f"{WARM:.0%} is not counted. The slope is that of the straight line through all samples; fit is its share of "
        "their variance: a slope with a fit near 0 is noise. Tables of what is finished grow by design until their "
        f"retention drops whole days, and audit_* is this run's own record."
        f"\n\n{table(HEAD, [row(name, slopes[name]) for name in names])}"
    )
    sys.stdout.write(f"{text}\n\nkept in {keep('soak', 'Steady load', text)}\n")


async def run(folder: Path, seconds: float, rate: float) -> tuple[list[tuple[float, dict[str, float]]], int, int]:
    """Samples with their times, and how many messages were accepted and refused."""
    samples: list[tuple[float, dict[str, float]]] = []
    async with cluster(folder, instances=INSTANCES, seed=1) as stack:
        stop = asyncio.Event()
        holdings = Holdings(stack)
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            clients = tasks.create_task(stack.clients.run(rate, stop))
            while time.monotonic() - began < seconds:
                samples.append((time.monotonic() - began, await holdings.look()))
                await asyncio.sleep(seconds / SAMPLES)
            stop.set()
            await clients
        await stack.rest()
        return samples, len(stack.clients.load.answered), stack.clients.load.refused


def row(name: str, found: Slope) -> list[str]:
    return [name, f"{found.first:,.0f}", f"{found.last:,.0f}", f"{found.per_hour:+,.1f}", f"{found.fit:.2f}"]


if __name__ == "__main__":
    main()
