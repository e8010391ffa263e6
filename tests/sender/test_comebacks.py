from datetime import timedelta
from random import Random
from uuid import uuid4

from sender.comebacks import BAN_MARGIN, CONFLICT_FIRST, CONFLICT_LONGEST, STEADY, Comebacks
from tests.clock import ManualClock

ONE, OTHER = uuid4(), uuid4()


def comebacks(clock: ManualClock) -> Comebacks:
    return Comebacks(clock, Random(1))


def test_each_conflict_in_a_row_lasts_longer_up_to_a_limit() -> None:
    clock = ManualClock()
    away = comebacks(clock)
    waits = []
    for _ in range(10):
        waits.append(away.after_conflict(ONE))
        away.connected(ONE)
    for place, wait in enumerate(waits):
        least = min(CONFLICT_LONGEST, CONFLICT_FIRST * 2**place)
        assert least <= wait <= least * 1.5
    assert away.after_conflict(OTHER) <= CONFLICT_FIRST * 1.5


def test_a_conflict_after_a_steady_connection_is_a_first_one() -> None:
    clock = ManualClock()
    away = comebacks(clock)
    for _ in range(5):
        away.after_conflict(ONE)
        away.connected(ONE)
    clock.move(STEADY + 1)
    assert away.after_conflict(ONE) <= CONFLICT_FIRST * 1.5


def test_a_ban_is_sat_out() -> None:
    clock = ManualClock()
    until = clock.now() + timedelta(hours=2)
    assert 7200 + BAN_MARGIN <= comebacks(clock).after_ban(until) <= 7200 + BAN_MARGIN * 1.5
    assert comebacks(clock).after_ban(clock.now() - timedelta(hours=2)) <= BAN_MARGIN * 1.5
    assert comebacks(clock).after_ban(None) >= 3600
