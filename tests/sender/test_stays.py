"""Stays: a code that is being scanned is not moved under the phone, nor for ever."""

from datetime import timedelta

from sender.stays import Stays
from tests.clock import ManualClock

WAIT = timedelta(seconds=45)


def test_a_shard_where_nobody_scans_goes_at_once() -> None:
    stays = Stays(lambda: {3}, WAIT, ManualClock())
    assert stays.may_go({1: "two", 3: "two", 5: None}) == {1: "two", 5: None}


def test_it_goes_once_the_scan_is_over() -> None:
    pairing = {3}
    stays = Stays(lambda: pairing, WAIT, ManualClock())
    assert stays.may_go({3: "two"}) == {}
    pairing.clear()
    assert stays.may_go({3: "two"}) == {3: "two"}


def test_it_goes_when_it_has_waited_long_enough() -> None:
    clock = ManualClock()
    stays = Stays(lambda: {3}, WAIT, clock)
    assert stays.may_go({3: "two"}) == {}
    clock.move(44)
    assert stays.may_go({3: "two"}) == {}
    clock.move(1)
    assert stays.may_go({3: "two"}) == {3: "two"}


def test_a_shard_that_need_not_move_any_more_begins_anew_the_next_time() -> None:
    clock = ManualClock()
    stays = Stays(lambda: {3}, WAIT, clock)
    assert stays.may_go({3: "two"}) == {}
    assert stays.may_go({}) == {}
    clock.move(100)
    assert stays.may_go({3: "two"}) == {}
