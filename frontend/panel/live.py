"""Live: an open page hears what changed on it, as server-sent events. Nothing is looked up while no page is open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import orjson
from starlette.responses import Response, StreamingResponse

from common import logs
from common.postgres import OUTAGES
from frontend.panel.refusals import told
from frontend.panel.rendering import HEADERS, Rendering
from frontend.panel.sessions import Session
from frontend.panel.visit import IS_OVER, View, Visit
from frontend.problems import Problem

log = logs.get(__name__)

BREATH = 15.0  # seconds of silence after which a comment is sent, so that a page that is gone is noticed
LONGEST = timedelta(minutes=30)  # then the browser asks again, perhaps another frontend


class Live:
    """`check` raises a Problem for a session that is over. `finish` ends all streams: a program that is asked to stop
    must not wait for open pages."""

    def __init__(
        self,
        rendering: Rendering,
        check: Callable[[Session], Awaitable[None]],
        now: Callable[[], datetime],
        interval: timedelta,
        most_pages: int,
    ) -> None:
        self._rendering = rendering
        self._check = check
        self._now = now
        self._interval = interval.total_seconds()
        self._most_pages = most_pages
        self._open = 0
        self._finished = asyncio.Event()

    @property
    def open(self) -> int:
        """Pages that are open now."""
        return self._open

    def finish(self) -> None:
        self._finished.set()

    def stream(self, view: View, visit: Visit) -> Response:
        if self._open >= self._most_pages or self._finished.is_set():
            return Response(status_code=503, headers={**HEADERS, "retry-after": "30"})
        headers = {**HEADERS, "x-accel-buffering": "no"}
        return StreamingResponse(self._events(view, visit), headers=headers, media_type="text/event-stream")

    async def _events(self, view: View, visit: Visit) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            known: dict[str, str] = {}
            silent = 0.0
            ends_at = min(visit.session.expires_at, visit.now + LONGEST)
            yield b"retry: 2000\n\n"
            while (now := self._now()) < ends_at and not self._finished.is_set():
                news, is_over = await self._look(view, replace(visit, now=now, is_live=True), known)
                for name, data in news:
                    yield _event(name, now, data)
                if is_over:
                    yield _event("over", now, {})
                    return
                silent = 0.0 if news else silent + self._interval
                if silent >= BREATH:
                    silent = 0.0
                    yield b": still here\n\n"
                await self._pause()
        finally:
            self._open -= 1

    async def _look(
        self, view: View, visit: Visit, known: dict[str, str]
    ) -> tuple[list[tuple[str, dict[str, str]]], bool]:
        """The events to send, and whether those were the last."""
        try:
            await self._check(visit.session)
            context = await view.load(visit)
        except Problem as problem:
            # The page tells in full when it is asked for again.
            return [("trouble", {"text": told(problem.text, visit.words)})], problem.status < 500
        except OUTAGES as error:
            log.warning("open page met an outage", page=view.path, error=type(error).__name__)
            text = visit.words("The database cannot be reached now.")
            return [] if known.get("trouble") == text else [("trouble", {"text": text})], False
        blocks = self._rendering.blocks(view.template, view.live, visit.words, {"visit": visit, **context})
        news = [("part", {"id": name, "html": html}) for name, html in blocks.items() if known.get(name) != html]
        known.update(blocks)
        return news, bool(context.get(IS_OVER))

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._interval):
                await self._finished.wait()
        except TimeoutError:
            pass


def _event(name: str, now: datetime, data: dict[str, str]) -> bytes:
    said = orjson.dumps({"now": int(now.timestamp() * 1000), **data})
    return b"event: " + name.encode() + b"\ndata: " + said + b"\n\n"
