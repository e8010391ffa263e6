"""Open pages: they are told what changes and nothing else, and cost nothing when they are gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from frontend.panel.languages import Languages
from frontend.panel.live import Live
from frontend.panel.rendering import Rendering
from frontend.panel.sessions import Session
from frontend.panel.visit import IS_OVER, Context, View, Visit
from frontend.problems import Problem
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

NOW = datetime(2027, 1, 5, 10, tzinfo=UTC)


class Loading:
    """A page whose context a test sets, and which counts how often it was looked up."""

    def __init__(self) -> None:
        self.text = "first"
        self.problem: Exception | None = None
        self.is_over = False
        self.count = 0
        self.was_live = False
        self._looked = asyncio.Event()

    async def load(self, visit: Visit) -> Context:
        self.count += 1
        self.was_live = visit.is_live
        self._looked.set()
        if self.problem is not None:
            raise self.problem
        return {"refusal": self.text, "is_possible": True, "next": "", "switches": [], IS_OVER: self.is_over}

    async def looks(self, times: int) -> None:
        async with asyncio.timeout(PATIENCE):
            wanted = self.count + times
            while self.count < wanted:
                self._looked.clear()
                await self._looked.wait()


@pytest.fixture
def loading(anyio_backend: str) -> Loading:
    return Loading()


def view_of(loading: Loading) -> View:
    return View("/panel/page", "login.html", loading.load, ("main",))


def visit() -> Visit:
    request = Request({"type": "http", "method": "GET", "path": "/panel/page", "headers": [], "query_string": b""})
    session = Session("s", NOW + timedelta(hours=1), "t")
    return Visit(request, session, Languages().choose("en", None), NOW)


async def is_good(session: Session) -> None:
    """Nobody logs out."""


def live(most_pages: int = 5, now: datetime = NOW, check: Callable[[Session], Awaitable[None]] = is_good) -> Live:
    return Live(Rendering(has_phone=False), check, lambda: now, timedelta(milliseconds=20), most_pages)


async def read(stream: AsyncIterator[Any]) -> tuple[str, dict[str, Any]]:
    """The next event, without what keeps the connection alive."""
    async with asyncio.timeout(PATIENCE):
        while True:
            said = (await anext(stream)).decode()
            if said.startswith("event: "):
                name, _, data = said.removeprefix("event: ").partition("\ndata: ")
                return name, orjson.loads(data)


def opened(live: Live, loading: Loading) -> AsyncIterator[Any]:
    answer = live.stream(view_of(loading), visit())
    assert isinstance(answer, StreamingResponse)
    assert answer.media_type == "text/event-stream"
    return aiter(answer.body_iterator)


async def test_an_open_page_gets_what_changes_and_only_that(loading: Loading) -> None:
    stream = opened(live(), loading)
    name, said = await read(stream)
    assert (name, said["id"], said["now"]) == ("part", "main", int(NOW.timestamp() * 1000))
    assert "first" in said["html"]
    assert loading.was_live
    reading = asyncio.ensure_future(read(stream))
    await loading.looks(5)
    assert not reading.done()
    loading.text = "<second>"
    _, said = await reading
    assert "&lt;second&gt;" in said["html"]


async def test_nothing_is_looked_up_before_a_page_is_open_and_after_it_is_closed(loading: Loading) -> None:
    room = live()
    stream = opened(room, loading)
    assert (loading.count, room.open) == (0, 0)
    await read(stream)
    assert room.open == 1
    await stream.aclose()  # type: ignore[attr-defined]
    known = loading.count
    await asyncio.sleep(0.1)
    assert (loading.count, room.open) == (known, 0)


async def test_no_more_pages_are_live_than_may_be(loading: Loading) -> None:
    room = live(most_pages=1)
    stream = opened(room, loading)
    await read(stream)
    assert room.stream(view_of(loading), visit()).status_code == 503
    await stream.aclose()  # type: ignore[attr-defined]
    await read(opened(room, loading))


async def test_a_program_that_stops_waits_for_no_page(loading: Loading) -> None:
    room = live()
    stream = opened(room, loading)
    await read(stream)
    room.finish()
    with pytest.raises(StopAsyncIteration):
        await read(stream)
    assert room.stream(view_of(loading), visit()).status_code == 503


async def test_an_outage_is_told_once_and_survived(loading: Loading) -> None:
    stream = opened(live(), loading)
    await read(stream)
    loading.problem = ConnectionRefusedError()
    assert (await read(stream))[0] == "trouble"
    loading.problem, loading.text = None, "again"
    name, said = await read(stream)
    assert (name, "again" in said["html"]) == ("part", True)


async def test_a_page_that_is_over_or_gone_ends(loading: Loading) -> None:
    loading.is_over = True
    stream = opened(live(), loading)
    assert [(await read(stream))[0], (await read(stream))[0]] == ["part", "over"]
    with pytest.raises(StopAsyncIteration):
        await read(stream)
    loading.problem = Problem(404, "There is no such instance.")
    stream = opened(live(), loading)
    name, said = await read(stream)
    assert (name, said["text"]) == ("trouble", "There is no such instance.")
    assert (await read(stream))[0] == "over"


async def test_a_stream_ends_with_the_session(loading: Loading) -> None:
    stream = opened(live(now=NOW + timedelta(hours=1)), loading)
    with pytest.raises(StopAsyncIteration):
        await read(stream)
    assert loading.count == 0


async def test_a_stream_ends_when_its_session_is_logged_out(loading: Loading) -> None:
    ended: list[Problem] = []

    async def check(session: Session) -> None:
        if ended:
            raise ended[0]

    stream = opened(live(check=check), loading)
    assert (await read(stream))[0] == "part"
    ended.append(Problem(403, "You are logged out."))
    assert (await read(stream)) == ("trouble", {"now": int(NOW.timestamp() * 1000), "text": "You are logged out."})
    assert (await read(stream))[0] == "over"
