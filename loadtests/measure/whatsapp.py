"""WhatsApp for a cluster on the real engine: the emulator as a process, and instances linked to its phones."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

from common.local.http import answers
from common.local.processes import Process, await_ready, free_port, launch
from common.local.programs import ROOT

PATIENCE = 90.0
LOOKS = 80  # at an instance that was just linked, before its code is asked for again


class Refused(Exception):
    """The emulator or a frontend said no."""


class WhatsApp:
    def __init__(self, folder: Path) -> None:
        self.log = folder / "wire.jsonl"
        self.port = free_port()
        self._folder = folder / "emulator"
        self._url = f"http://127.0.0.1:{self.port}/control"

    def start(self) -> Process:
        self._folder.mkdir(exist_ok=True)
        arguments = ["--port", str(self.port), "--data", str(self._folder), "--wire-log", str(self.log)]
        log = self._folder.with_name("emulator.log")
        command = [sys.executable, "-m", "sender.whatsapp.emulator", *arguments]
        process = launch("emulator", command, log=log, cwd=ROOT, environment=os.environ)
        await_ready(process, lambda: answers(f"{self._url}/environment"), log=log, patience=PATIENCE)
        return process

    async def settings(self, port: int) -> dict[str, str]:
        """What a sender must be told to find WhatsApp behind that port."""
        told = await self._ask("GET", "environment")
        return {
            "WHATSAPP_ENGINE": "neonize",
            "WHATSAPP_PROXY": f"http://127.0.0.1:{port}",
            "WHATSAPP_CA_FILE": told["ca_file"],
            "WHATSAPP_NOISE_ROOT": told["noise_root"],
        }

    async def register(self, phones: Sequence[str]) -> None:
        for phone in phones:
            await self._ask("POST", "accounts", {"phone": phone, "name": phone[-4:], "script": "silent"})

    async def link(self, base: str, path: str, token: str, phone: str) -> None:
        """Scan the instance's code until it is connected; a code whose node loses the shard meanwhile links nothing."""
        async with aiohttp.ClientSession(headers={"Client-Token": token}) as session, asyncio.timeout(PATIENCE):
            while True:
                async with session.get(f"{base}{path}/qr-code") as answer:
                    code = (await answer.json()).get("value") if answer.status == 200 else None
                if isinstance(code, str):
                    with suppress(Refused):
                        await self._ask("POST", "scan", {"phone": phone, "qr": code})
                for _ in range(LOOKS):
                    async with session.get(f"{base}{path}/status") as answer:
                        if (await answer.json()).get("connected"):
                            return
                    await asyncio.sleep(0.1)

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self._url}/{path}", json=body) as answer,
        ):
            if answer.status >= 400:
                raise Refused(await answer.text())
            return await answer.json()
