"""Outages: without Postgres a clear refusal, without Redis an acceptance, and both are over by themselves."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from httpx2 import Response

from common.local.postgres import Postgres
from common.local.valkey import Valkey
from common.postgres import Pool
from common.schema import migrate
from tests.frontend.gateway import LINK, Caller, Gateway, gateway_on, settings_for
from tests.hanging import stopped
from tests.waiting import eventually, quickly, within

pytestmark = pytest.mark.anyio

SECONDS = 20.0  # how long a refusal may take: a moment for the frontend, the rest for a busy machine
UNREACHABLE = {"error": "the queue cannot be reached now; try again"}


async def link(dsn: str, caller: Caller) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(LINK, caller.uuid, "connected")
    await connection.close()


@pytest.mark.parametrize("lifetime", [0, 3600], ids=["asking who calls", "knowing who calls"])
async def test_without_postgres_every_request_is_refused_soon_until_it_is_back(
    own_postgres: Postgres, redis_url: str, lifetime: int
) -> None:
    process = own_postgres.start()
    await migrate(own_postgres.dsn(), shards=256)
    async with gateway_on(settings_for(own_postgres.dsn(), redis_url, auth_cache_ttl=lifetime)) as gateway:
        caller = await gateway.create()
        await link(own_postgres.dsn(), caller)
        assert (await caller.send_text("before")).status_code == 200

        own_postgres.stop(process)
        with within(SECONDS):
            answers = await asyncio.gather(
                *(caller.send_text(str(number)) for number in range(20)),
                caller.send_text("guarded", key="order-1042"),
                caller.post("queue"),
                caller.get("status"),
                gateway.as_partner("GET", "/instances"),
            )
        assert [answer.status_code for answer in answers] == [503] * len(answers)
        assert all(answer.json() == UNREACHABLE for answer in answers)
        assert {answer.headers["retry-after"] for answer in answers} == {"1"}
        ready = await gateway.client.get("/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert (await gateway.client.get("/health")).status_code == 200

        with own_postgres.running():
            await eventually(lambda: accepted(caller))
            assert (await gateway.client.get("/ready")).status_code == 200
            shown = (await caller.post("queue")).json()["messages"]
    assert [message["Message"] for message in shown] == ["before", "after"]


async def accepted(caller: Caller) -> bool:
    return (await caller.send_text("after")).status_code == 200


async def test_a_restart_of_postgres_under_load_loses_nothing_that_was_accepted(
    own_postgres: Postgres, redis_url: str
) -> None:
    process = own_postgres.start()
    await migrate(own_postgres.dsn(), shards=256)
    taken: list[str] = []
    refused: list[int] = []
    is_over = asyncio.Event()

    async def post_on(caller: Caller) -> None:
        while not is_over.is_set():
            answer = await caller.send_text()
            if answer.status_code == 200:
                taken.append(answer.json()["zaapId"])
            else:
                refused.append(answer.status_code)
                await asyncio.sleep(0.02)

    async with gateway_on(settings_for(own_postgres.dsn(), redis_url, auth_cache_ttl=3600)) as gateway:
        caller = await gateway.create()
        await link(own_postgres.dsn(), caller)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(8):
                tasks.create_task(post_on(caller))
            await eventually(lambda: len(taken) > 50)
            await asyncio.to_thread(own_postgres.stop, process)
            await eventually(lambda: refused)
            process = own_postgres.start()
            before = len(taken)
            await eventually(lambda: len(taken) > before + 50)
            is_over.set()
        connection = await asyncpg.connect(own_postgres.dsn())
        rows = await connection.fetch("SELECT zaap_id FROM message_queue")
        await connection.close()
    own_postgres.stop(process)
    assert set(refused) == {503}
    assert set(taken) <= {row[0].hex.upper() for row in rows}


async def test_a_postgres_that_hangs_is_told_by_the_probe_within_its_time(
    own_postgres: Postgres, redis_url: str
) -> None:
    with own_postgres.running() as process:
        await migrate(own_postgres.dsn(), shards=256)
        async with gateway_on(settings_for(own_postgres.dsn(), redis_url, ready_timeout=1)) as gateway:
            assert (await gateway.client.get("/ready")).status_code == 200
            with stopped(process):
                ready = await quickly(4, lambda: gateway.client.get("/ready"))
            assert ready.status_code == 503
            assert ready.json()["checks"]["database"]["status"] == "failed"
            await eventually(lambda: is_ready(gateway))


async def is_ready(gateway: Gateway) -> bool:
    return (await gateway.client.get("/ready")).status_code == 200


@pytest.fixture
async def beside_valkey(database: str, own_valkey: Valkey, anyio_backend: str) -> AsyncIterator[Gateway]:
    async with gateway_on(settings_for(database, own_valkey.url(), ready_timeout=1)) as gateway:
        yield gateway


async def test_without_redis_everything_but_questions_is_answered(
    beside_valkey: Gateway, own_valkey: Valkey, pool: Pool
) -> None:
    with own_valkey.running():
        caller = await beside_valkey.create(pool)
        assert (await caller.send_text("with")).status_code == 200
    with within(SECONDS):
        sent = [await caller.send_text(f"without {number}") for number in range(5)]
        canceled = await caller.delete(f"queue/{sent[0].json()['zaapId']}")
        created = await beside_valkey.create()
        ready = await beside_valkey.client.get("/ready")
        question = await caller.get("qr-code")
    assert {answer.status_code for answer in (*sent, canceled)} == {200}
    assert created.token
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert ready.json()["checks"]["redis"]["status"] == "degraded"
    assert (question.status_code, question.json()) == (
        503,
        {"error": "the node that holds this instance cannot be asked now"},
    )
    with own_valkey.running():
        assert (await caller.send_text("again")).status_code == 200
        ready = await beside_valkey.client.get("/ready")
        assert ready.json()["checks"]["redis"]["status"] == "ok"
    assert await pool.fetchval("SELECT count(*) FROM message_queue") == 6


async def test_a_redis_that_hangs_holds_no_acceptance_up(
    beside_valkey: Gateway, own_valkey: Valkey, pool: Pool
) -> None:
    answers: list[Response] = []

    async def accept_twenty() -> None:
        answers.extend(await asyncio.gather(*(caller.send_text(str(number)) for number in range(20))))

    with own_valkey.running() as process:
        caller = await beside_valkey.create(pool)
        with stopped(process):
            await quickly(1.9, accept_twenty)
            ready = await quickly(4, lambda: beside_valkey.client.get("/ready"))
        assert {answer.status_code for answer in answers} == {200}
        assert ready.json()["checks"]["redis"]["status"] == "degraded"
    assert await pool.fetchval("SELECT count(*) FROM message_queue") == len(answers)
