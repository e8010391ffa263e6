"""Bodies as a server hands them over: in parts, late, cut off, too large."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from frontend.bodies import ClientGone, Limits, read_body
from frontend.problems import Problem

pytestmark = pytest.mark.anyio

LIMITS = Limits(body=10, patience=0.1, address=1_000)
NEVER = None


class Parts:
    """What `receive` answers, each after the loop went round `turns` times; NEVER is a caller who says no more."""

    def __init__(self, *parts: bytes | None, turns: int = 0, type: str = "http.request") -> None:
        self._parts = list(parts)
        self._turns = turns
        self._type = type
        self.was_cancelled = False

    async def __call__(self) -> dict[str, Any]:
        for _ in range(self._turns):
            await asyncio.sleep(0)
        part = self._parts.pop(0)
        if part is NEVER:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.was_cancelled = True
                raise
        return {"type": self._type, "body": part, "more_body": bool(self._parts)}


@pytest.mark.parametrize("turns", [0, 1, 3])
@pytest.mark.parametrize("parts", [[b""], [b"hello"], [b"he", b"llo"], [b"", b"", b"hello"], [b"1234567890"]])
async def test_a_body_is_read_whole_however_it_arrives(parts: Sequence[bytes], turns: int) -> None:
    assert await read_body(Parts(*parts, turns=turns), {}, LIMITS) == b"".join(parts)


@pytest.mark.parametrize("turns", [0, 2])
@pytest.mark.parametrize("parts", [[NEVER], [b"he", NEVER]])
async def test_a_body_that_does_not_arrive_in_time_is_408(parts: Sequence[bytes | None], turns: int) -> None:
    receive = Parts(*parts, turns=turns)
    with pytest.raises(Problem) as refused:
        await read_body(receive, {}, LIMITS)
    assert (refused.value.status, refused.value.headers) == (408, ((b"connection", b"close"),))
    assert receive.was_cancelled


@pytest.mark.parametrize("turns", [0, 2])
@pytest.mark.parametrize("parts", [[b"12345678901"], [b"123456", b"78901"], [b"123456", b"78901", NEVER]])
async def test_a_body_that_is_too_large_is_413_before_its_end(parts: Sequence[bytes | None], turns: int) -> None:
    with pytest.raises(Problem) as refused:
        await read_body(Parts(*parts, turns=turns), {}, LIMITS)
    assert refused.value.status == 413


async def test_a_length_that_is_too_large_is_413_before_anything_is_read() -> None:
    with pytest.raises(Problem) as refused:
        await read_body(Parts(NEVER), {b"content-length": b"11"}, LIMITS)
    assert (refused.value.status, refused.value.headers) == (413, ())


async def test_a_caller_who_waits_to_be_asked_is_told_that_the_connection_ends() -> None:
    headers = {b"content-length": b"11", b"expect": b"100-continue"}
    with pytest.raises(Problem) as refused:
        await read_body(Parts(NEVER), headers, LIMITS)
    assert (refused.value.status, refused.value.headers) == (413, ((b"connection", b"close"),))


@pytest.mark.parametrize("turns", [0, 2])
async def test_a_caller_who_has_left_ends_the_reading(turns: int) -> None:
    with pytest.raises(ClientGone):
        await read_body(Parts(b"", turns=turns, type="http.disconnect"), {}, LIMITS)


async def test_a_reading_that_is_cancelled_ends_what_it_waits_for() -> None:
    receive = Parts(NEVER)
    reading = asyncio.ensure_future(read_body(receive, {}, Limits(body=10, patience=60, address=1_000)))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert receive.was_cancelled


async def test_an_error_of_the_server_is_passed_on() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        await read_body(receive, {}, LIMITS)
