"""A slope says how fast something grows, and whether that is more than noise."""

import pytest

from loadtests.measure.slopes import slope


def test_a_steady_rise_is_told_by_the_hour_and_fits() -> None:
    found = slope([(float(second), 100 + second / 60) for second in range(0, 3600, 60)])
    assert found.per_hour == pytest.approx(60)
    assert found.fit == pytest.approx(1)
    assert (found.first, found.last) == (100, 159)


def test_what_only_goes_up_and_down_has_no_fit() -> None:
    found = slope([(float(second), 100 + second % 2) for second in range(100)])
    assert found.fit < 0.01


def test_what_stays_has_no_slope() -> None:
    found = slope([(0.0, 5.0), (10.0, 5.0), (20.0, 5.0)])
    assert (found.per_hour, found.fit) == (0, 0)
