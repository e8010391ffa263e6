"""Cursors: written and read by one module, opaque and untrusted everywhere else."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend import paging
from frontend.problems import Problem


@given(st.sampled_from([0, 1]), st.integers(0, paging.LARGEST))
def test_a_cursor_is_read_as_it_was_written(bucket: int, position: int) -> None:
    assert paging.read(paging.written(bucket, position)) == (bucket, position)


@pytest.mark.parametrize("cursor", [None, ""])
def test_without_a_cursor_the_page_begins_before_everything(cursor: str | None) -> None:
    assert paging.read(cursor) == (0, 0)


def encoded(state: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(state).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "====",
        "\u00e9\u00e9\u00e9\u00e9",
        "bm8ganNvbg==",
        encoded([]),
        encoded(None),
        encoded("text"),
        encoded({}),
        encoded({"bucket": 0}),
        encoded({"pageState": 0}),
        encoded({"bucket": 2, "pageState": 0}),
        encoded({"bucket": -1, "pageState": 0}),
        encoded({"bucket": True, "pageState": 0}),
        encoded({"bucket": 0, "pageState": -1}),
        encoded({"bucket": 0, "pageState": 1.0}),
        encoded({"bucket": 0, "pageState": "1"}),
        encoded({"bucket": 0, "pageState": True}),
        encoded({"bucket": 0, "pageState": 2**63}),
        encoded({"bucket": 0, "pageState": 2**70}),
        paging.written(0, 1) + "\n",
        paging.written(0, 1) + " ",
    ],
)
def test_whatever_else_comes_is_a_problem(cursor: str) -> None:
    with pytest.raises(Problem, match="not a cursor") as refused:
        paging.read(cursor)
    assert refused.value.status == 400


@given(st.text())
def test_no_text_at_all_breaks_it(cursor: str) -> None:
    try:
        bucket, position = paging.read(cursor)
    except Problem:
        return
    assert bucket in (0, 1)
    assert 0 <= position <= paging.LARGEST
