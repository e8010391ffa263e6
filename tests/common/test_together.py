"""Those who ask at the same time share one statement."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from common.together import Together

pytestmark = pytest.mark.anyio


class Library:
    """Answers with the length of a word, and knows no word that begins with an `x`."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.fails = False

    async def ask(self, words: list[str]) -> dict[str, int]:
        self.asked.append(words)
        self.was_asked.set()
        await self.may_answer.wait()
        if self.fails:
            raise OSError("closed")
        return {word: len(word) for word in words if not word.startswith("x")}


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
async def together(library: Library, anyio_backend: str) -> AsyncIterator[Together[str, int]]:
    together = Together(library.ask)
    task = asyncio.create_task(together.run())
    yield together
    task.cancel()
    await asyncio.wait([task])


async def test_what_comes_while_one_statement_runs_is_the_next(together: Together[str, int], library: Library) -> None:
    library.may_answer.clear()
    calls = [asyncio.ensure_future(together.get("one"))]
    await library.was_asked.wait()
    calls += [asyncio.ensure_future(together.get(word)) for word in ("three", "four", "three", "xylophone")]
    await asyncio.sleep(0)
    library.may_answer.set()
    assert await asyncio.gather(*calls) == [3, 5, 4, 5, None]
    assert library.asked == [["one"], ["three", "four", "xylophone"]]


async def test_who_leaves_takes_the_answer_from_nobody(together: Together[str, int], library: Library) -> None:
    library.may_answer.clear()
    leaving, staying = (asyncio.ensure_future(together.get("word")) for _ in range(2))
    await library.was_asked.wait()
    leaving.cancel()
    library.may_answer.set()
    assert await staying == 4


async def test_those_who_asked_together_fail_together_and_the_next_do_not(
    together: Together[str, int], library: Library
) -> None:
    library.fails = True
    calls = [asyncio.ensure_future(together.get(word)) for word in ("one", "two")]
    assert all(isinstance(each, OSError) for each in await asyncio.gather(*calls, return_exceptions=True))
    library.fails = False
    assert await together.get("one") == 3


async def test_at_the_end_nobody_is_left_waiting(library: Library) -> None:
    together = Together(library.ask)
    running = asyncio.create_task(together.run())
    library.may_answer.clear()
    call = asyncio.ensure_future(together.get("word"))
    await library.was_asked.wait()
    running.cancel()
    with pytest.raises(OSError, match="stopping"):
        await call
