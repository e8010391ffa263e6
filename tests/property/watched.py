"""Stores that count what is under way, so that a test can tell when a process has come to rest; and that fail when it
is to die."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from common.postgres import Connection, Pool


class Crashed(Exception):
    """The process has ended at this very point."""


class Life:
    """Whether a process lives, stands still or is dead, and how much it has asked that is not answered yet."""

    def __init__(self) -> None:
        self.under_way = 0
        self.is_dead = False
        self._runs = asyncio.Event()
        self._runs.set()

    def freeze(self) -> None:
        self._runs.clear()

    def thaw(self) -> None:
        self._runs.set()

    def die(self) -> None:
        self.is_dead = True
        self._runs.set()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        self.under_way += 1
        try:
            await self._runs.wait()
            self._check()
            yield
            self._check()
        finally:
            self.under_way -= 1

    def _check(self) -> None:
        if self.is_dead:
            raise Crashed


class WatchedPool:
    """A pool as one process has it. With `crash_at`, the process dies around its next transactions: `crash_at` counts
    the moments before and after each commit."""

    def __init__(self, pool: Pool, life: Life) -> None:
        self._pool = pool
        self._life = life
        self.crash_at: int | None = None

    async def fetch(self, *arguments: Any) -> Any:
        return await self._ask(self._pool.fetch, *arguments)

    async def fetchrow(self, *arguments: Any) -> Any:
        return await self._ask(self._pool.fetchrow, *arguments)

    async def fetchval(self, *arguments: Any) -> Any:
        return await self._ask(self._pool.fetchval, *arguments)

    async def execute(self, *arguments: Any) -> Any:
        return await self._ask(self._pool.execute, *arguments)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        async with self._life.asking():
            self._count_down()
            async with self._pool.acquire() as connection:
                yield connection
            self._count_down()

    async def _ask(self, question: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        async with self._life.asking():
            return await question(*arguments)

    def _count_down(self) -> None:
        if self.crash_at is not None:
            self.crash_at -= 1
            if self.crash_at < 0:
                self._life.die()
                raise Crashed


class WatchedRedis:
    """A client as one process has it. `since` is where its blocking read waits, None while it does something else."""

    def __init__(self, redis: Redis, life: Life) -> None:
        self._redis = redis
        self._life = life
        self.since: dict[str, str] | None = None

    async def ping(self) -> Any:
        async with self._life.asking():
            return await self._redis.ping()

    async def xread(self, streams: dict[str, str], block: int) -> Any:
        self.since = dict(streams)
        try:
            return await self._redis.xread(streams, block=block)  # type: ignore[arg-type]
        finally:
            self.since = None

    async def xreadgroup(self, *arguments: Any, **options: Any) -> Any:
        async with self._life.asking():
            return await self._redis.xreadgroup(*arguments, **options)

    def pipeline(self, **options: Any) -> "WatchedPipeline":
        return WatchedPipeline(self._redis.pipeline(**options), self._life)

    def register_script(self, text: str) -> Callable[..., Awaitable[Any]]:
        script = self._redis.register_script(text)

        async def run(**arguments: Any) -> Any:
            async with self._life.asking():
                return await script(**arguments)

        return run


class WatchedPipeline:
    def __init__(self, pipeline: Any, life: Life) -> None:
        self._pipeline = pipeline
        self._life = life

    def __len__(self) -> int:
        return len(self._pipeline)

    def __getattr__(self, command: str) -> Any:
        return getattr(self._pipeline, command)

    async def execute(self, **options: Any) -> Any:
        async with self._life.asking():
            return await self._pipeline.execute(**options)
