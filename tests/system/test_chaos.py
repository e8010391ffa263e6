"""A cluster under load and one fault after the other: real processes and stores, a seed, and the history of it all."""

from pathlib import Path
from random import Random

import pytest

from loadtests.measure.cluster import cluster
from loadtests.measure.endurance import Tally, endure

pytestmark = pytest.mark.anyio

SEED = 20261124
CALM = 0.5
FAULTS = (
    "SIGSTOP a sender past its leases",
    "rolling restart",
    "kill -9 a sender",
    "FLUSHALL",
    "hang Valkey",
    "replies of Valkey lost",
    "replies of Postgres lost",
    "a sender parted from Valkey",
    "clocks stepped by an hour",
    "senders 1 > 4 > 2",
)


async def test_nothing_is_lost_doubled_or_reordered_whatever_fails(tmp_path: Path) -> None:
    chance = Random(SEED)
    tallies = {fault: Tally() for fault in FAULTS}
    async with cluster(tmp_path, instances=12, seed=SEED) as stack:
        for fault, tally in tallies.items():
            await endure(stack, fault, chance, tally, CALM)
            assert tally.violations == [], f"{fault}: {tally.violations[:5]}"
            assert tally.accepted > 0
    # Only what the fault itself breaks may be refused; a hand-over of senders is nothing that a client sees.
    assert tallies["rolling restart"].refused == 0
    assert tallies["senders 1 > 4 > 2"].refused == 0
