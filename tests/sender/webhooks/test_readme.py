"""The receiver in the README takes what is signed and refuses what is not."""

import asyncio
import base64
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from common.local.processes import free_port
from common.tables.event_outbox import WaitingEvent
from sender.webhooks.post import headers_of
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

README = Path(__file__).resolve().parents[3] / "README.md"
SECRET = bytes(range(32))


async def test_the_receiver_checks_signatures(tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    path, port, now = tmp_path / "receiver.py", free_port(), datetime.now(UTC)
    path.write_text(program)
    event = WaitingEvent(uuid4(), "received", 7, "TestCallback", b'{"type":"TestCallback"}', now, 0, None, None, False)
    process = await asyncio.create_subprocess_exec(
        sys.executable, path, f"whsec_{base64.b64encode(SECRET).decode()}", str(port),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            answers = []
            for secrets in ([bytes(32), SECRET], [bytes(32)], []):
                headers = headers_of(event, secrets, now)
                answers.append(await _post(session, f"http://127.0.0.1:{port}/", event.body, headers))
        assert answers == [200, 401, 401]
        assert process.stdout is not None
        assert await process.stdout.readline() == b'7 {"type":"TestCallback"}\n'
    finally:
        process.kill()
        await process.wait()


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> int:
    """As soon as somebody listens there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with session.post(url, data=body, headers=headers) as answer:
                    return answer.status
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)
