"""Every end of a message is told to its delivery webhook, in the transaction that decides it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from common.postgres import Pool
from common.tables.attempt import Doubtful, Failed, Intent, Outcome, Retry, Sent
from common.tables.message import NewMessage, QueuedMessage, fetch_ready
from sender.telling import NEVER_KNOWN, Telling
from sender.uncertain import Uncertain, UncertainPolicy
from tests.builders import insert_instance, new_message
from tests.sender.station import Station
from tests.sender.translation.contract import problems
from tests.sender.translation.told import text

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
HOOK = "https://hooks.example.com/zap"
DOUBT = """
    UPDATE message_queue
    SET status = 'uncertain', started_at = now(), epoch = 0, node = 'x', attempts = $2,
        uncertain_since = now() - interval '1 day'
    WHERE instance_id = $1"""


@pytest.fixture
async def running(station: Station, anyio_backend: str) -> AsyncIterator[Station]:
    async with station.running():
        yield station


async def told(pool: Pool, instance: UUID) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "SELECT body FROM event WHERE instance_id = $1 AND slot = 'delivery' ORDER BY seq", instance
    )
    bodies = [orjson.loads(row[0]) for row in rows]
    for body in bodies:
        assert problems("delivery", {key: value for key, value in body.items() if key != "error"}) == []
    return bodies


async def accepted(station: Station, **columns: object) -> NewMessage:
    instance = await insert_instance(station.pool, delivery_callback_url=HOOK, **columns)
    message = new_message(instance)
    await station.accept(message)
    return message


async def begun(station: Station, message: NewMessage) -> tuple[QueuedMessage, Intent]:
    async with station.pool.acquire() as connection:
        [row] = await fetch_ready(connection, [message.instance_id], 1)
    intent = await station.ledger.intend(row, row.message_id)
    assert intent is not None
    return row, intent


@pytest.mark.parametrize(
    ("outcome", "errors"),
    [
        (Sent("WIRE", NOW), [None]),
        (
            Failed("not-on-whatsapp", "The number has no WhatsApp account.", NOW),
            ["The number has no WhatsApp account."],
        ),
        (Doubtful("the session was lost", NOW), ["the session was lost"]),
        (Retry("temporary", "not now", NOW, NOW, burns=True), []),
    ],
)
async def test_an_outcome_is_told_once_it_is_one(running: Station, outcome: Outcome, errors: list[str | None]) -> None:
    message = await accepted(running)
    await running.ledger.finish(*await begun(running, message), outcome)
    bodies = await told(running.pool, message.instance_id)
    assert [(body["zaapId"], body.get("error")) for body in bodies] == [
        (message.zaap_id.hex.upper(), error) for error in errors
    ]


async def test_what_was_in_doubt_is_told_again_when_a_receipt_settles_it(running: Station) -> None:
    message = await accepted(running)
    row, intent = await begun(running, message)
    await running.ledger.finish(row, intent, Doubtful("the session was lost", NOW))
    await running.ledger.receipt(row.shard, row.instance_id, [row.message_id], "delivered", NOW)
    errors = [body.get("error") for body in await told(running.pool, message.instance_id)]
    assert errors == ["the session was lost", None]


async def test_an_own_message_is_told_once_also_when_its_receipt_is_faster_than_the_answer(running: Station) -> None:
    message = await accepted(running, received_callback_url=HOOK, receive_callback_sent_by_me=True, phone="5511")
    row, intent = await begun(running, message)
    await running.ledger.receipt(row.shard, row.instance_id, [row.message_id], "delivered", NOW, row.chat)
    for _ in range(2):
        await running.ledger.finish(row, intent, Sent(row.message_id, NOW, text("on its way").SerializeToString()))
    rows = await running.pool.fetch("SELECT body FROM event ORDER BY seq")
    bodies = [orjson.loads(row[0]) for row in rows]
    assert [body["type"] for body in bodies] == ["DeliveryCallback", "ReceivedCallback"]
    assert (bodies[1]["text"], bodies[1]["fromApi"]) == ({"message": "on its way"}, True)


async def test_a_message_that_expired_is_told(running: Station) -> None:
    message = await accepted(running)
    await running.pool.execute("UPDATE message_queue SET expires_at = now() - interval '1 second'")
    await running.rescue.sweep()
    [body] = await told(running.pool, message.instance_id)
    assert "expiresAt" in body["error"]
    assert running.announced == {message.instance_id}


async def test_what_a_lost_owner_had_in_flight_is_told(running: Station) -> None:
    message = await accepted(running)
    await begun(running, message)
    await running.claim()
    await running.rescue.reconcile(running.shards.held)
    [body] = await told(running.pool, message.instance_id)
    assert body["error"]


@pytest.mark.parametrize(
    ("policy", "attempts", "errors"),
    [("hold", 1, []), ("assume-sent", 1, [None]), ("resend", 1, []), ("resend", 3, [NEVER_KNOWN])],
)
async def test_what_a_policy_settles_is_told(
    running: Station, policy: str, attempts: int, errors: list[str | None]
) -> None:
    message = await accepted(
        running, session_state="connected", uncertain_policy=policy, session_changed_at=NOW - timedelta(days=1)
    )
    await running.pool.execute(DOUBT, message.instance_id, attempts)
    uncertain = Uncertain(
        running.pool, lambda: running.shards.held, lambda *_: None, lambda *_: None, UncertainPolicy(), running.clock,
        running.metrics, Telling(running.clock, keeps_all_events=False),
    )  # fmt: skip
    await uncertain.decide()
    assert [body.get("error") for body in await told(running.pool, message.instance_id)] == errors
