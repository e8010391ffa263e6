"""An integrator with one instance that is linked to a phone of the emulator, over HTTP, for all tests of a file."""

import base64
import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from common.local.valkey import Valkey
from common.postgres import Pool, open_pool
from tests.databases import Databases
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender
from tests.system.whatsapp import settings_of, until_connected
from tests.waiting import PATIENCE

PHONE, FRIEND, OTHER, NOBODY = "5511900000001", "5511988880000", "5511988880001", "5511977770000"


def png() -> str:
    """A picture of eight by eight, as a data URI."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x40\x80\xc0" * 8 for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode()


class Talk:
    """An integrator with one linked instance, and the other side."""

    def __init__(self, caller: Caller, emulator: EmulatorProgram, sender: Sender | None = None) -> None:
        self.caller = caller
        self.emulator = emulator
        self.sender = sender

    async def get(self, route: str, status: int = 200, **query: Any) -> Any:
        return await self._told("GET", route, status, params=query)

    async def post(self, route: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        return await self._told("POST", route, status, params=query, **({} if body is None else {"json": body}))

    async def put(self, route: str, body: Any, status: int = 200) -> Any:
        return await self._told("PUT", route, status, json=body)

    async def group(self, *phones: str, **more: Any) -> str:
        made = await self.post("create-group", {"groupName": "Equipe Norte", "phones": phones or (FRIEND,), **more})
        phone: str = made["phone"]
        return phone

    async def _told(self, method: str, route: str, status: int, **content: Any) -> Any:
        answer = await self.caller.call(method, route, **content)
        assert answer.status_code == status, answer.text
        return answer.json()


@asynccontextmanager
async def talking(
    databases: Databases, valkey: Valkey, folder: Path, account: Mapping[str, Any] | None = None, **settings: str
) -> AsyncIterator[Talk]:
    """`account` is what the emulator is told beside of the own phone, `settings` the sender's."""
    dsn = databases.create()
    async with EmulatorProgram(folder) as emulator:
        for phone in (PHONE, FRIEND, OTHER):
            own = account or {} if phone == PHONE else {}
            await emulator.post("accounts", phone=phone, name=f"Person {phone[-1]}", script="silent", **own)
        sender = Sender(dsn, valkey.url(), folder, **await settings_of(emulator), **settings)
        sender.start()
        pool = await open_pool(dsn, 2, "test")
        try:
            async with gateway_on(settings_for(dsn, valkey.url(), ask_timeout=60)) as gateway:
                caller = await gateway.create()
                await link(caller, emulator, pool)
                yield Talk(caller, emulator, sender)
        finally:
            sender.kill()
            await pool.close()
    databases.drop(dsn)


async def link(caller: Caller, emulator: EmulatorProgram, pool: Pool) -> None:
    with anyio.fail_after(PATIENCE):
        while (told := await caller.get("qr-code")).status_code in (503, 504):
            await anyio.sleep(0.1)
        await emulator.post("scan", phone=PHONE, qr=told.json()["value"])
        await until_connected(pool, caller.uuid)
