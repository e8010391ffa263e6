"""The parent's side of `neonize_program.py`: start real sessions, call the library, wait for what it tells."""

import asyncio
import base64
import itertools
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE

PROGRAM = Path(__file__).with_name("neonize_program.py")
ROOT = Path(__file__).resolve().parents[4]
MAX_LINE = 64 << 20

Tale = dict[str, Any]


class NeonizeProcess:
    """`told` is everything that came, in order; waiting looks at the past as well."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment, self._folder = environment, folder
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Tale]] = {}
        self._news = asyncio.Condition()
        self.told: list[Tale] = []

    async def __aenter__(self) -> "NeonizeProcess":
        variables = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        variables |= {
            "HTTPS_PROXY": self._environment["proxy"],
            "SSL_CERT_FILE": self._environment["ca_file"],
            "SSL_CERT_DIR": str(self._folder / "no-certificates"),
            "NEONIZE_BOT_TAG": "off",
            "PYTHONPATH": str(ROOT),
        }
        with (self._folder / "neonize.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(PROGRAM), self._environment["noise_root"], env=variables, limit=MAX_LINE,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self._reader = asyncio.get_running_loop().create_task(self._read(), name="neonize reader")
        await self.until(lambda tale: "ready" in tale)
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reader
        self._process._transport.close()  # type: ignore[attr-defined]

    async def start(self, session: str, store: str, device: bytes) -> None:
        """Begin a session on a store of that name: to link a new device, or with the address of a linked one."""
        path = str(self._folder / f"{store}.db")
        await self._say({"start": session, "store": path, "device": base64.b64encode(device).decode()})

    async def call(self, name: str, *arguments: Any) -> Any:
        """Bytes among the arguments go with their length; bytes come back as bytes."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        sent = [{"bytes": base64.b64encode(each).decode()} if isinstance(each, bytes) else each for each in arguments]
        await self._say({"id": number, "call": name, "arguments": sent})
        async with asyncio.timeout(PATIENCE * 3):
            told = await answer
        assert "error" not in told, told
        return base64.b64decode(told["answer"]) if isinstance(told["answer"], str) else told["answer"]

    async def until(self, holds: Callable[[Tale], bool], *, since: int = 0) -> Tale:
        def find() -> Tale | None:
            return next((tale for tale in self.told[since:] if holds(tale)), None)

        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: find() is not None)
        except TimeoutError:
            shown = [{**tale, "body": len(tale.get("body", b""))} for tale in self.told[-12:]]
            raise AssertionError(f"it did not come; the last that came: {shown}") from None
        found = find()
        assert found
        return found

    async def _say(self, message: Tale) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def _read(self) -> None:
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            tale = json.loads(line)
            if "body" in tale:
                tale["body"] = base64.b64decode(tale["body"])
            waiting = self._answers.pop(tale.get("id", 0), None)
            if waiting and not waiting.done():
                waiting.set_result(tale)
                continue
            async with self._news:
                self.told.append(tale)
                self._news.notify_all()
