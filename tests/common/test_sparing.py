from common.sparing import Sparing


def test_lines_without_end_become_a_few_and_a_number() -> None:
    now = 0.0
    sparing = Sparing(most=2, span=60, elapsed=lambda: now)
    assert [sparing.left_out() for _ in range(5)] == [0, 0, None, None, None]
    now = 59.9
    assert sparing.left_out() is None
    now = 60.0
    assert [sparing.left_out() for _ in range(3)] == [4, 0, None]


def test_lines_at_times_are_all_written() -> None:
    now = 0.0
    sparing = Sparing(most=1, span=60, elapsed=lambda: now)
    for moment in (0.0, 60.0, 120.0):
        now = moment
        assert sparing.left_out() == 0
