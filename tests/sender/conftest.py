"""What the tests of a sender's parts share."""

import pytest

from common.postgres import Pool
from tests.clock import ManualClock
from tests.sender.station import Station


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def station(pool: Pool, clock: ManualClock) -> Station:
    return Station(pool, clock=clock)
