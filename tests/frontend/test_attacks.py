"""Hundreds of bad requests to a frontend that runs as in earnest: no error of ours, and nothing told."""

import asyncio
import re
from pathlib import Path

import httpx2
import pytest

from common.postgres import Pool
from tests.frontend.attacks import attacks
from tests.frontend.gateway import CLIENT_TOKEN, ENCRYPTION_KEY, PARTNER_TOKEN, Gateway
from tests.frontend.process import running

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 8
PATIENCE = 10.0  # seconds for an answer; the limits below are shorter

# With the folder that this code runs from.
LEAKS = re.compile(
    rb"Traceback|File \"|asyncpg|pydantic|uvicorn|site-packages|root:|\bSELECT\b|postgresql://|"
    + re.escape(str(ROOT)).encode()
)


async def test_no_attack_gets_through_breaks_anything_or_learns_anything(
    database: str, redis_url: str, pool: Pool, tmp_path: Path
) -> None:
    limits = {"HTTP_READ_TIMEOUT": "1s", "HTTP_HEAD_TIMEOUT": "1s", "MEDIA_LOCAL_STORAGE_PATH": str(tmp_path / "media")}
    with running(database, redis_url, tmp_path, LOG_LEVEL="DEBUG", **limits) as frontend:
        async with httpx2.AsyncClient(base_url=frontend.url) as client:
            gateway = Gateway(client)
            caller = await gateway.create(pool)
            port = int(frontend.url.rpartition(":")[2])
            cases = list(attacks(caller.base, caller.id))
            assert len(cases) >= 200
            slots = asyncio.Semaphore(AT_ONCE)

            async def attack(name: str, raw: bytes) -> tuple[str, bytes]:
                async with slots:
                    return name, await exchange(port, raw)

            answers = await asyncio.gather(*(attack(*case) for case in cases))
            wrong = [(name, answer[:300]) for name, answer in answers if not is_refusal(answer)]
            assert wrong == []
            secrets = [each.encode() for each in (caller.token, PARTNER_TOKEN, ENCRYPTION_KEY)]
            told = [
                (name, answer) for name, answer in answers if LEAKS.search(answer) or any(s in answer for s in secrets)
            ]
            # What a caller sent as its Client-Token is repeated to it, cut off: the contract's own words.
            assert [one for one in told if b"not allowed" not in one[1]] == []
            assert (await caller.send_text()).status_code == 200
            stored = await pool.fetchval("SELECT count(*) FROM message_queue")
            accepted = sum(b"zaapId" in answer for _, answer in answers)
            assert stored == accepted + 1
            assert await pool.fetchval("SELECT count(*) FROM instance") == 1
        log = frontend.log
        assert "unexpected error" not in log
        assert "Traceback" not in log
        assert not [secret for secret in (caller.token, CLIENT_TOKEN, PARTNER_TOKEN, ENCRYPTION_KEY) if secret in log]


def is_refusal(answer: bytes) -> bool:
    """Statuses of one connection, all of them below 500; nothing at all is a closed connection."""
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]
    return all(status < 500 for status in statuses)


async def exchange(port: int, raw: bytes) -> bytes:
    """All that comes back until the server closes or is waiting for more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        writer.write(raw)
        await writer.drain()
        async with asyncio.timeout(PATIENCE):
            while part := await reader.read(65_536):
                answer += part
                if is_whole(answer):
                    break
    except (OSError, TimeoutError):
        pass
    finally:
        writer.close()
    return answer


def is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return length is not None and len(body) >= int(length[1])
