"""What a fault cost: how long one message waited, and how long an instance stood still."""

import pytest

from loadtests.history.events import Accepted, History, Sent
from loadtests.measure.endurance import pauses, stills


def accepted(at: float, row: int, instance: str = "a") -> Accepted:
    return Accepted(at, row, instance, 1, "chat", f"id{row}")


def sent(at: float, row: int, instance: str = "a") -> Sent:
    return Sent(at, "node", instance, "chat", f"id{row}")


def test_a_backlog_makes_waits_longer_and_not_the_standstill() -> None:
    history = History(
        accepted=[accepted(1.0, 1), accepted(1.5, 2), accepted(2.0, 3)],
        sent=[sent(5.0, 1), sent(7.0, 2), sent(8.0, 3)],
    )
    assert pauses(history, 0.0) == [6.0]
    assert stills(history, 0.0) == [4.0]


def test_nothing_stands_still_while_nothing_waits() -> None:
    history = History(accepted=[accepted(1.0, 1), accepted(90.0, 2)], sent=[sent(1.5, 1), sent(90.25, 2)])
    assert stills(history, 0.0) == [0.5]


def test_each_instance_counts_by_itself_and_a_second_send_does_not() -> None:
    history = History(
        accepted=[accepted(1.0, 1), accepted(1.0, 2, "b")],
        sent=[sent(2.0, 1), sent(9.0, 1), sent(4.0, 2, "b")],
    )
    assert sorted(stills(history, 0.0)) == [1.0, 3.0]


@pytest.mark.parametrize("since", [2.0, 100.0])
def test_what_was_accepted_before_is_another_run(since: float) -> None:
    history = History(accepted=[accepted(1.0, 1)], sent=[sent(5.0, 1)])
    assert pauses(history, since) == []
    assert stills(history, since) == []
