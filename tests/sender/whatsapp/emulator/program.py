"""The emulator as a program of its own, for tests: start, talk to its control API, kill, start again."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from common.local.processes import free_port
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[4]


class Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(f"{status} {error}")
        self.status, self.error = status, error


class EmulatorProgram:
    """Keeps its port and its data through restarts."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "EmulatorProgram":
        self._http = aiohttp.ClientSession()
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end(signal.SIGTERM)
        await self._http.close()

    async def start(self) -> None:
        arguments = ("--port", str(self.port), "--data", str(self.data / "emulator"))
        with (self.data / "emulator.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "sender.whatsapp.emulator", *arguments, cwd=ROOT, stdout=log, stderr=log
            )
        async with asyncio.timeout(PATIENCE):
            while not await self._answers():
                assert self._process.returncode is None, (self.data / "emulator.log").read_text()
                await asyncio.sleep(0.05)

    async def end(self, number: int) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(number)
            async with asyncio.timeout(PATIENCE):
                await self._process.wait()

    async def get(self, path: str) -> Any:
        return await self.ask("GET", path)

    async def post(self, path: str, **body: Any) -> Any:
        return await self.ask("POST", path, body)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON. Raises Refused."""
        async with self._http.request(method, f"{self.url}/control/{path}", json=body) as answer:
            found = await answer.json()
            if answer.status >= 400:
                raise Refused(answer.status, found["error"])
            return found

    async def media(self, phone: str, message_id: str) -> tuple[str, bytes]:
        """What a contact sees of a message's media: their type and the bytes."""
        url = f"{self.url}/control/contacts/{phone}/messages/{message_id}/media"
        async with self._http.get(url) as answer:
            assert answer.status == 200, await answer.text()
            return answer.content_type, await answer.read()

    async def sightings(self, phone: str, kind: str, what: str | None = None) -> list[dict[str, Any]]:
        """What a contact noticed, waiting until there is something."""
        last = 0
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self.get(f"contacts/{phone}/sightings?kind={kind}&after={last}&wait=10")
                found = [each for each in answer["sightings"] if what in (None, each.get("what"))]
                if found:
                    return found
                last = max([last, *(each["sequence"] for each in answer["sightings"])])

    async def messages(self, phone: str, count: int = 1, after: int = 0) -> list[dict[str, Any]]:
        """What a contact received, waiting until there are so many."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(PATIENCE):
            while len(found) < count:
                last = found[-1]["sequence"] if found else after
                answer = await self.get(f"contacts/{phone}/messages?after={last}&wait=10")
                found += answer["messages"]
        return found

    async def _answers(self) -> bool:
        try:
            await self.get("environment")
        except aiohttp.ClientConnectionError:
            return False
        return True
