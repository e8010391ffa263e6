"""Probes: /health says that the process lives, /ready whether it can accept, /metrics what it has done."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.postgres import Pool

VERSION = "0.1.0"

Check = Callable[[], Awaitable[object]]


class Probes:
    """Postgres is critical: without it nothing is accepted. Without Redis messages are accepted and wait a little."""

    def __init__(
        self, pool: Pool, redis: Redis, registry: CollectorRegistry, patience: timedelta, commit: str | None = None
    ) -> None:
        self._patience = patience.total_seconds()
        self._checks: dict[str, Check] = {
            "database": lambda: _select(pool, self._patience),
            "redis": lambda: _ping(redis),
        }
        self._registry = registry
        self._commit = commit

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/health", self._health),
            Route("/ready", self._ready),
            Route("/metrics", self._metrics),
        ]

    async def _health(self, request: Request) -> Response:
        health = {"status": "ok", "version": VERSION}
        return _json(health if self._commit is None else {**health, "commit": self._commit})

    async def _ready(self, request: Request) -> Response:
        results = await asyncio.gather(*(self._run(check) for check in self._checks.values()))
        checks = dict(zip(self._checks, results, strict=True))
        is_ready = checks["database"]["status"] == "ok"
        if checks["redis"]["status"] != "ok":
            checks["redis"]["status"] = "degraded"
        observed_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        ready = {"ready": is_ready, "observed_at": observed_at, "pid": os.getpid(), "checks": checks}
        return _json(ready, 200 if is_ready else 503)

    async def _metrics(self, request: Request) -> Response:
        return Response(generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_LATEST})

    async def _run(self, check: Check) -> dict[str, Any]:
        """The checks run side by side, so each may use the whole time that the answer has."""
        started = time.monotonic()
        error = None
        try:
            async with asyncio.timeout(self._patience):
                await check()
        except Exception as failure:
            error = type(failure).__name__
        took = round((time.monotonic() - started) * 1000, 3)
        return {"status": "ok" if error is None else "failed", "duration_ms": took, "error": error}


async def _select(pool: Pool, patience: float) -> None:
    """With a server that hangs, getting a connection, the answer and giving the connection back each take their limit.

    A limit from outside would not do: giving it back goes on after a cancellation.
    """
    limit = patience / 3
    async with pool.acquire(timeout=limit) as connection:
        await connection.fetchval("SELECT 1", timeout=limit)


async def _ping(redis: Redis) -> None:
    await redis.ping()


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
