"""A customer's server on its worst days: it writes down every request before it answers, and answers by a seed.

`ROUGH_LOG` is the file, `ROUGH_SEED` the seed, `ROUGH_SHARE` the share of attempts that fail, `ROUGH_DOOMED` a JSON
object of events (`instance:seq`) that are never taken, with how they fail. `PUT /away?seconds=S` ends every connection
and refuses new ones for so long: a server that is dead, without the time that a process takes to start again.
"""

import asyncio
import json
import os
from collections.abc import Iterable
from pathlib import Path
from random import Random

import uvloop
from aiohttp import web

from loadtests.history.callbacks import Arrival

PATIENT = 4  # an event fails at random at most so often: what is to arrive must not use up its attempts
FAILURES = ("500", "503", "429", "408", "reset", "hang", "garbage")
CLASSES = {
    "400": "http-400",
    "404": "http-404",
    "302": "redirect",
    "500": "http-500",
    "429": "http-429",
    "reset": "unreachable",
    "hang": "timeout",
    "garbage": "bad-answer",
}
"""How an event may be doomed, and the class of the dead letter that it becomes."""

SLOW = 0.2  # seconds of an answer that comes late
SLOW_SHARE = 0.02
NEVER = 3600.0


class Rough:
    def __init__(self, log: Path, seed: str, share: float, doomed: dict[str, str]) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._seed = seed
        self._share = share
        self._doomed = doomed

    async def handle(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        instance, seq, attempt = (request.headers[f"pombo-{name}"] for name in ("instance", "sequence", "attempt"))
        chance = Random(f"{self._seed} {instance} {seq} {attempt}")
        answer = self._doomed.get(f"{instance}:{seq}") or self._choose(int(attempt), chance)
        os.write(self._log, f"{instance} {seq} {attempt} {answer}\n".encode())
        match answer:
            case "hang":
                await asyncio.sleep(NEVER)
            case "slow":
                await asyncio.sleep(SLOW)
            case "reset" | "garbage":
                assert request.transport is not None
                if answer == "garbage":
                    request.transport.write(b"what is this\r\n\r\n")
                    request.transport.close()
                else:
                    request.transport.abort()
            case _:
                headers = {"retry-after": "1"} if answer == "429" else {}
                return web.Response(status=int(answer), headers=headers)
        return web.Response()

    def _choose(self, attempt: int, chance: Random) -> str:
        if attempt <= PATIENT and chance.random() < self._share:
            return chance.choice(FAILURES)
        return "slow" if chance.random() < SLOW_SHARE else "200"


def read_log(path: Path) -> Iterable[Arrival]:
    for line in path.read_text().splitlines():
        instance, seq, attempt, answer = line.split()
        yield Arrival(instance, int(seq), int(attempt), answer, answer in ("200", "slow"))


async def ready(request: web.Request) -> web.Response:
    return web.Response()


class Doors:
    """Where the server listens, which can be shut for a while."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner = runner
        self._address = (host, port)
        self._away = asyncio.Queue[float]()

    async def leave(self, request: web.Request) -> web.Response:
        self._away.put_nowait(float(request.query["seconds"]))
        return web.Response()

    async def keep(self) -> None:
        """Listen for ever, but while away."""
        while True:
            site = web.TCPSite(self._runner, *self._address)
            await site.start()
            seconds = await self._away.get()
            await site.stop()
            assert self._runner.server is not None
            for connection in self._runner.server.connections:
                connection.force_close()
            await asyncio.sleep(seconds)


async def main() -> None:
    rough = Rough(
        Path(os.environ["ROUGH_LOG"]), os.environ["ROUGH_SEED"], float(os.environ["ROUGH_SHARE"]),
        json.loads(os.environ["ROUGH_DOOMED"]),
    )  # fmt: skip
    app = web.Application()
    runner = web.AppRunner(app, access_log=None)
    host, _, port = os.environ["HTTP_ADDR"].rpartition(":")
    doors = Doors(runner, host, int(port))
    app.router.add_get("/ready", ready)
    app.router.add_put("/away", doors.leave)
    app.router.add_post("/{tail:.*}", rough.handle)
    await runner.setup()
    await doors.keep()


if __name__ == "__main__":
    uvloop.run(main())
