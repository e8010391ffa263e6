"""No token, no text and no phone number leaves in a log or a report, whatever is asked and whatever breaks."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from common.postgres import Pool
from tests import leaks
from tests.frontend.gateway import CLIENT_TOKEN, ENCRYPTION_KEY, PARTNER_TOKEN, Caller, Gateway
from tests.frontend.process import Frontend, running
from tests.sentry import Sentry, sentry
from tests.system.programs import Sender
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio

WORDS = "unmistakable words of a message"
PHONE = "5521977776666"
KEY = "an-idempotency-key-of-the-tests"
SECRETS = (CLIENT_TOKEN, PARTNER_TOKEN, ENCRYPTION_KEY, WORDS, PHONE, PHONE[2:])

# What Postgres refuses is told with the whole row.
REFUSE = f"ALTER TABLE message_queue ADD CONSTRAINT refused CHECK (payload->>'message' <> 'refused: {WORDS}')"


@pytest.fixture
def server() -> Iterator[Sentry]:
    with sentry() as server:
        yield server


@pytest.fixture
def frontend(database: str, redis_url: str, tmp_path: Path, server: Sentry) -> Iterator[Frontend]:
    with running(database, redis_url, tmp_path, LOG_LEVEL="DEBUG", SENTRY_DSN=server.dsn) as frontend:
        yield frontend


@pytest.fixture
async def gateway(frontend: Frontend, anyio_backend: str) -> AsyncIterator[Gateway]:
    async with httpx2.AsyncClient(base_url=frontend.url, timeout=PATIENCE) as client:
        yield Gateway(client)


async def ask_everything(gateway: Gateway, caller: Caller) -> None:
    """Requests of every kind, good and bad."""
    accepted = [
        await caller.send_text(WORDS, phone=PHONE),
        await caller.send_text(WORDS, phone=PHONE, key=KEY),
        await caller.send_text(WORDS, phone=f"{PHONE}-1623281429", mentioned=[PHONE], messageId="3EB0"),
        await caller.send_text(WORDS, phone=PHONE, scheduledFor="2100-01-01T00:00:00Z"),
    ]
    assert {answer.status_code for answer in accepted} == {200}
    ids: list[str] = [answer.json()["zaapId"] for answer in accepted]

    await caller.send_text(WORDS + "!", phone=PHONE, key=KEY)
    await caller.send_text(WORDS, phone=f"+{PHONE}")
    await caller.send_text(WORDS, phone=PHONE, delayMessage=WORDS)
    await caller.send_text(WORDS + "\0", phone=PHONE)
    await caller.post_bytes("send-text", json.dumps({"phone": PHONE, "message": WORDS}).encode()[:-1])
    await caller.post_bytes("send-text", WORDS.encode(), "text/plain")
    await caller.post_bytes("send-text", b'"' + WORDS.encode() + b"\xff")
    for method, route in (
        ("GET", "status"), ("GET", "me"), ("GET", "device"), ("GET", "qr-code"), ("GET", "queue"), ("POST", "queue"),
        ("GET", "queue/count"), ("GET", f"queue/{ids[0]}"), ("GET", f"queue/{PHONE}"), ("DELETE", f"queue/{PHONE}"),
        ("DELETE", f"queue/{ids[3]}"), ("DELETE", f"queue?olderThan={PHONE}"), ("GET", "dead-letters"),
        ("POST", "dead-letters/replay"), ("POST", f"dead-letters/{PHONE}/replay"), ("PUT", "send-text"),
        ("GET", f"nothing/{PHONE}"), ("GET", f"queue?pageSize={WORDS}"), ("BREW", PHONE), ("GET", "x" * 9_000),
    ):  # fmt: skip
        await caller.call(method, route, **({"json": {}} if method == "POST" else {}))

    swapped = Caller(caller.client, caller.token, caller.id)
    wrong = Caller(caller.client, caller.id, WORDS.replace(" ", "-"))
    for stranger in (swapped, wrong, Caller(caller.client, PHONE, caller.token)):
        await stranger.get("status")
    await caller.get("status", headers={"Client-Token": WORDS})
    await caller.client.get(f"{caller.base}/status")
    await caller.client.get(f"{caller.base}/status", headers={"Authorization": f"Bearer {PARTNER_TOKEN}"})
    await caller.client.get("/instances", headers={"Authorization": f"Bearer {CLIENT_TOKEN}"})
    await gateway.as_partner("GET", f"/instances?query={caller.token}")
    await gateway.as_partner("POST", "/instances/integrator/on-demand", json={"name": 5, "sessionName": WORDS})
    await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/subscription")
    await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/cancel")
    for page in ("/health", "/ready", "/metrics", "/openapi.json", "/docs", "/"):
        await gateway.client.get(page)


def disturb(frontend: Frontend, caller: Caller) -> None:
    """What only a socket can say."""
    parts = urlsplit(frontend.url)
    head = f"POST {caller.base}/send-text HTTP/1.1\r\nHost: x\r\nClient-Token: {CLIENT_TOKEN}\r\n"
    for said in (
        f"{WORDS} {caller.token}\r\n\r\n",
        f"{head}Content-Length: x\r\n\r\n",
        f"{head}Content-Length: 50\r\n\r\n{{",
    ):
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE) as connection:
            connection.sendall(said.encode())


async def is_connected(caller: Caller) -> bool:
    return bool((await caller.get("status")).json()["connected"])


async def test_no_secret_leaves_in_a_log_or_a_report(
    frontend: Frontend, server: Sentry, gateway: Gateway, pool: Pool, database: str, redis_url: str, tmp_path: Path
) -> None:
    sender = Sender(database, redis_url, tmp_path, LOG_LEVEL="DEBUG", SENTRY_DSN=server.dsn)
    sender.start()
    try:
        caller = await gateway.create()
        await eventually(lambda: is_connected(caller))
        await ask_everything(gateway, caller)
        disturb(frontend, caller)
        await sender.handed_at_least(2)

        await pool.execute(REFUSE)
        refused = await caller.send_text(f"refused: {WORDS}", phone=PHONE)
        assert (refused.status_code, refused.json()) == (500, {"error": "internal error"})
        guarded = await caller.send_text(f"refused: {WORDS}", phone=PHONE, key=f"{KEY}-2")
        assert guarded.status_code == 500
        await eventually(lambda: len(server.events) >= 2)
    finally:
        sender.terminate()
        sender.kill()
    assert frontend.stop() == 0

    secrets = (*SECRETS, caller.token, KEY)
    for written in (frontend.log, sender.log, *server.received):
        assert list(leaks.in_text(written, secrets)) == []
    assert len(frontend.log.splitlines()) > 60
    assert all(json.loads(line) for line in frontend.log.splitlines())
    assert "CheckViolationError" in frontend.log

    assert [event["tags"] for event in server.events] == [
        {"component": "frontend", "severity": "error", "instance_id": str(caller.uuid)}
    ] * 2
    assert {event["exception"]["values"][-1]["type"] for event in server.events} == {"CheckViolationError"}


async def test_a_frontend_that_cannot_start_says_so_without_its_secrets(tmp_path: Path, unused_port: int) -> None:
    dsn = f"postgresql://pombo:{PARTNER_TOKEN}@127.0.0.1:{unused_port}/x"
    with pytest.raises(AssertionError) as failed, running(dsn, "redis://127.0.0.1:1/0", tmp_path):
        raise RuntimeError("it started")
    assert "frontend ended by an error" in str(failed.value)
    assert PARTNER_TOKEN not in (tmp_path / "frontend.log").read_text()
