"""Probes of a sender: /health, /ready and /metrics on their own port."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import perf_counter

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

VERSION = "0.1.0"
PATIENCE = 3.0  # seconds for all checks together

Check = Callable[[], Awaitable[object]]


class Probes:
    """`checks` by name; those in `critical` make the node not ready when they fail."""

    def __init__(self, registry: CollectorRegistry, checks: dict[str, Check], critical: frozenset[str]) -> None:
        self._registry = registry
        self._checks = checks
        self._critical = critical

    async def serve(self, host: str, port: int) -> None:
        """Serve until cancelled."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        return _json({"status": "ok", "version": VERSION})

    async def _ready(self, _: web.Request) -> web.Response:
        results = dict(await asyncio.gather(*(self._check(name) for name in self._checks)))
        ready = all(results[name]["status"] == "ok" for name in self._critical)
        observed_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        body = {"ready": ready, "observed_at": observed_at, "pid": os.getpid(), "checks": results}
        return _json(body, status=200 if ready else 503)

    async def _check(self, name: str) -> tuple[str, dict[str, object]]:
        started = perf_counter()
        error = None
        try:
            async with asyncio.timeout(PATIENCE):
                await self._checks[name]()
        except Exception as problem:
            error = type(problem).__name__
        took = round((perf_counter() - started) * 1000, 2)
        return name, {"status": "failed" if error else "ok", "duration_ms": took, "error": error}

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": "text/plain; version=0.0.4"})


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
