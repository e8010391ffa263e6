import pytest

from frontend.ranges import NoSuchPart, read_range


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bytes=0-4", (0, 5)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=8-999", (8, 10)),
        ("BYTES=9-9", (9, 10)),
        ("", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=1-2,4-5", None),
        ("pages=1-2", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_a_range_is_read_as_the_standard_says(text: str, part: tuple[int, int] | None) -> None:
    assert read_range(text, 10) == part


@pytest.mark.parametrize("text", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_part_that_the_file_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(NoSuchPart):
        read_range(text, 10)
