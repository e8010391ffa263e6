"""The share of one kind among what was counted lately."""

from common.share import Share


def test_nothing_counted_is_no_share() -> None:
    assert Share().value() == 0.0


def test_it_is_that_of_the_last_minutes() -> None:
    now = 0.0
    share = Share(steps=3, elapsed=lambda: now)
    share.count(3, 0)
    share.count(1, 1)
    assert share.value() == 0.25
    now = 61.0
    share.count(4, 0)
    assert share.value() == 0.125
    now = 190.0
    assert share.value() == 0.0
