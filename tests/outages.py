"""A pool that a test can cut off from its Postgres."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from common.postgres import Connection, Pool


class CutOffPool:
    """Everything goes to the real pool, until `is_away` is set: then every statement meets an outage."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.is_away = False
        self.refused = 0

    async def fetch(self, *arguments: Any) -> Any:
        self._check()
        return await self._pool.fetch(*arguments)

    async def fetchrow(self, *arguments: Any) -> Any:
        self._check()
        return await self._pool.fetchrow(*arguments)

    async def fetchval(self, *arguments: Any) -> Any:
        self._check()
        return await self._pool.fetchval(*arguments)

    async def execute(self, *arguments: Any) -> Any:
        self._check()
        return await self._pool.execute(*arguments)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        self._check()
        async with self._pool.acquire() as connection:
            yield connection

    def _check(self) -> None:
        if self.is_away:
            self.refused += 1
            raise ConnectionRefusedError("Postgres is away")
