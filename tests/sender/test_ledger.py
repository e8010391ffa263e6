"""The ledger: intents and outcomes in batches, fenced by the epoch, kept through an outage."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from common.errors import LostOwnership
from common.metrics import SenderMetrics
from common.postgres import Pool
from common.tables.attempt import Doubtful, Failed, Intent, Outcome, Retry, Sent
from common.tables.message import QueuedMessage, fetch_ready
from sender.ledger import Ledger
from tests.builders import insert_instance, new_message
from tests.outages import CutOffPool
from tests.sender.station import Station
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
SENT = Sent("WIRE", NOW)
AGAIN = Retry("temporary", "not now", NOW, NOW + timedelta(seconds=9), burns=True)
NOT_CONNECTED = Retry("not-connected", "no socket", NOW, NOW + timedelta(seconds=1), burns=False)
FAILED = Failed("refused", "no", NOW)
DOUBTFUL = Doubtful("who knows", NOW)


@pytest.fixture
async def running(station: Station, anyio_backend: str) -> AsyncIterator[Station]:
    async with station.running():
        yield station


async def queued(station: Station, **fields: object) -> QueuedMessage:
    """One accepted message as its courier would have it."""
    instance = await insert_instance(station.pool)
    await station.accept(new_message(instance, **fields))
    async with station.pool.acquire() as connection:
        return (await fetch_ready(connection, [instance], 1))[0]


async def intended(station: Station, message: QueuedMessage) -> Intent:
    intent = await station.ledger.intend(message, message.message_id)
    assert intent is not None
    return intent


async def test_an_intent_is_durable_before_it_is_returned(running: Station) -> None:
    message = await queued(running)
    intent = await intended(running, message)
    row = await running.row(message.id)
    assert (row["status"], row["attempts"], row["epoch"], row["node"]) == ("sending", 1, intent.epoch, "station")
    assert row["whatsapp_id"] == message.message_id
    assert row["started_at"] == intent.started_at


@pytest.mark.parametrize(
    ("outcome", "place", "status", "attempts", "recorded"),
    [
        (SENT, "message_history", "sent", 1, "sent"),
        (AGAIN, "message_queue", "queued", 1, "retry"),
        (NOT_CONNECTED, "message_queue", "queued", 0, "not-connected"),
        (FAILED, "message_dead_letter", "failed", 1, "failed"),
        (DOUBTFUL, "message_queue", "uncertain", 1, "uncertain"),
    ],
)
async def test_each_outcome_has_its_place_and_its_line_in_the_history_of_attempts(
    running: Station, outcome: Outcome, place: str, status: str, attempts: int, recorded: str
) -> None:
    message = await queued(running)
    await running.ledger.finish(message, await intended(running, message), outcome)
    row = await running.row(message.id)
    assert (row["place"], row["status"], row["attempts"]) == (place, status, attempts)
    assert await running.attempts(message.id) == [(1, recorded)]


async def test_attempts_that_burn_nothing_keep_their_own_numbers(running: Station) -> None:
    message = await queued(running)
    for outcome in (AGAIN, NOT_CONNECTED, SENT):
        await running.ledger.finish(message, await intended(running, message), outcome)
    assert sorted(await running.attempts(message.id)) == [(1, "retry"), (2, "not-connected"), (2, "sent")]


async def test_there_is_no_intent_for_a_message_that_was_canceled_or_has_expired(running: Station) -> None:
    canceled = await queued(running)
    await running.pool.execute("DELETE FROM message_queue WHERE id = $1", canceled.id)
    expired = await queued(running)
    await running.pool.execute("UPDATE message_queue SET expires_at = now() WHERE id = $1", expired.id)
    assert await running.ledger.intend(canceled, None) is None
    assert await running.ledger.intend(expired, None) is None
    assert await running.status(expired.id) == "queued"


async def test_nothing_is_intended_when_the_lease_leaves_no_time(running: Station) -> None:
    message = await queued(running)
    running.shards.is_time_over = True
    with pytest.raises(LostOwnership):
        await running.ledger.intend(message, None)
    assert await running.status(message.id) == "queued"


async def test_an_outcome_is_recorded_also_when_the_lease_leaves_no_time(running: Station) -> None:
    message = await queued(running)
    intent = await intended(running, message)
    running.shards.is_time_over = True
    await running.ledger.finish(message, intent, SENT)
    assert await running.status(message.id) == "sent"


@pytest.mark.parametrize("outcome", [SENT, AGAIN, NOT_CONNECTED, FAILED, DOUBTFUL])
async def test_an_outcome_after_a_takeover_writes_nothing(running: Station, outcome: Outcome) -> None:
    message = await queued(running)
    intent = await intended(running, message)
    before = await running.row(message.id)
    await Station(running.pool, node="other").claim()
    with pytest.raises(LostOwnership):
        await running.ledger.finish(message, intent, outcome)
    assert await running.row(message.id) == before
    assert await running.attempts(message.id) == []


async def test_nothing_else_of_an_owner_is_written_after_a_takeover(running: Station) -> None:
    message, other = await queued(running), await queued(running)
    intent = await intended(running, message)
    before = await running.row(message.id), await running.row(other.id)
    await Station(running.pool, node="other").claim()
    writes = [
        running.ledger.intend(other, None),
        running.ledger.note_wire_id(message, intent, "LATE"),
        running.ledger.keep_pace(message, timedelta(seconds=5)),
        running.ledger.receipt(message.shard, message.instance_id, [message.message_id], "read", NOW),
    ]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(result) for result in results] == [LostOwnership] * 4
    assert (await running.row(message.id), await running.row(other.id)) == before
    assert await running.pool.fetchval("SELECT count(*) FROM instance_pace") == 0


async def test_an_outcome_of_an_earlier_epoch_of_the_same_node_writes_nothing(running: Station) -> None:
    message = await queued(running)
    intent = await intended(running, message)
    await running.claim()
    assert running.shards.held[message.shard] == intent.epoch + 1
    with pytest.raises(LostOwnership):
        await running.ledger.finish(message, intent, SENT)
    assert await running.status(message.id) == "sending"


async def test_a_lost_shard_does_not_fail_the_others_of_a_batch(running: Station) -> None:
    mine = await queued(running)
    theirs = await queued(running)
    while theirs.shard == mine.shard:
        theirs = await queued(running)
    intents = [await intended(running, mine), await intended(running, theirs)]
    await running.pool.execute("UPDATE shard SET epoch = epoch + 1 WHERE id = $1", theirs.shard)
    results = await asyncio.gather(
        running.ledger.finish(mine, intents[0], SENT),
        running.ledger.finish(theirs, intents[1], SENT),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), LostOwnership]
    assert (await running.status(mine.id), await running.status(theirs.id)) == ("sent", "sending")


async def test_an_entry_that_postgres_cannot_take_fails_alone(running: Station) -> None:
    good, bad = await queued(running), await queued(running)
    intents = [await intended(running, good), await intended(running, bad)]
    results = await asyncio.gather(
        running.ledger.finish(good, intents[0], SENT),
        running.ledger.finish(bad, intents[1], Sent("\0", NOW)),
        running.ledger.keep_pace(good, timedelta(0)),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, False]
    assert (await running.status(good.id), await running.status(bad.id)) == ("sent", "sending")
    await running.ledger.finish(bad, intents[1], SENT)
    assert await running.status(bad.id) == "sent"


async def test_words_of_an_error_that_postgres_cannot_store_are_made_plain(running: Station) -> None:
    message = await queued(running)
    await running.ledger.finish(message, await intended(running, message), Failed("refused", "a\0b\ud800" * 900, NOW))
    error = (await running.row(message.id))["error"]
    assert isinstance(error, str)
    assert error.startswith("ab?ab?")
    assert len(error) == 1000


async def test_while_postgres_is_away_entries_wait_and_keep_their_order(pool: Pool) -> None:
    cut_off = CutOffPool(pool)
    station = Station(pool)
    async with station.running():
        message = await queued(station)
        ledger = Ledger(cut_off, "station", station.shards, SenderMetrics(CollectorRegistry()))  # type: ignore[arg-type]
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(ledger.run())
            intent = await ledger.intend(message, None)
            assert intent is not None
            cut_off.is_away = True
            noted = tasks.create_task(ledger.note_wire_id(message, intent, "WIRE"))
            finished = tasks.create_task(ledger.finish(message, intent, SENT))
            await eventually(lambda: cut_off.refused >= 2)
            assert not noted.done()
            assert not finished.done()
            cut_off.is_away = False
            await finished
            writer.cancel()
        assert await station.status(message.id) == "sent"


async def test_an_intent_whose_commit_was_not_answered_counts_once(running: Station) -> None:
    message = await queued(running)
    first = await intended(running, message)
    again = await intended(running, message)
    assert (first.attempt, again.attempt) == (1, 1)


async def test_the_wire_id_is_durable_once_it_is_noted(running: Station) -> None:
    message = await queued(running)
    intent = await running.ledger.intend(message, None)
    assert intent is not None
    assert (await running.row(message.id))["whatsapp_id"] is None
    await running.ledger.note_wire_id(message, intent, "WIRE")
    assert (await running.row(message.id))["whatsapp_id"] == "WIRE"


# --- receipts ---


async def receive(station: Station, message: QueuedMessage, wire: str, kind: str, at: datetime = NOW) -> list[str]:
    return list(await station.ledger.receipt(message.shard, message.instance_id, [wire], kind, at))


async def test_receipts_never_move_a_message_backwards(running: Station) -> None:
    message = await queued(running)
    await running.ledger.finish(message, await intended(running, message), SENT)
    for kind in ("read", "delivered", "delivered"):
        assert await receive(running, message, "WIRE", kind) == []
        assert await running.status(message.id) == "read"
    row = await running.row(message.id)
    assert (row["delivered_at"], row["read_at"], row["played_at"]) == (NOW, NOW, None)


async def test_a_receipt_of_another_instance_changes_nothing(running: Station) -> None:
    message, other = await queued(running), await queued(running)
    await running.ledger.finish(message, await intended(running, message), SENT)
    await receive(running, other, "WIRE", "read")
    assert await running.status(message.id) == "sent"


async def test_a_receipt_settles_a_message_in_doubt_and_names_its_chat(running: Station) -> None:
    message = await queued(running)
    await running.ledger.finish(message, await intended(running, message), DOUBTFUL)
    assert await receive(running, message, message.message_id, "delivered") == [message.chat]
    assert await running.status(message.id) == "delivered"
    assert await running.attempts(message.id) == [(1, "uncertain")]


async def test_a_receipt_that_is_faster_than_the_answer_counts(running: Station) -> None:
    message = await queued(running)
    intent = await intended(running, message)
    assert await receive(running, message, message.message_id, "delivered") == [message.chat]
    assert await running.status(message.id) == "delivered"
    await running.ledger.finish(message, intent, DOUBTFUL)
    assert await running.status(message.id) == "delivered"
    assert await running.attempts(message.id) == [(1, "sent")]


async def test_a_receipt_outweighs_an_error_that_was_called_sure(running: Station) -> None:
    message = await queued(running)
    await running.ledger.finish(message, await intended(running, message), AGAIN)
    await receive(running, message, message.message_id, "read")
    assert await running.status(message.id) == "read"
    assert await running.ledger.intend(message, None) is None


async def test_a_receipt_beside_the_answer_in_one_batch_counts(running: Station) -> None:
    message = await queued(running)
    intent = await intended(running, message)
    await asyncio.gather(receive(running, message, "WIRE", "played"), running.ledger.finish(message, intent, SENT))
    assert await running.status(message.id) == "played"


async def test_a_receipt_that_is_faster_than_the_answer_keeps_the_pause(running: Station) -> None:
    """Whoever dies before the answer leaves no other trace of a message that has just left."""
    message = await queued(running, delay_message=15)
    await intended(running, message)
    await receive(running, message, message.message_id, "delivered")
    left = await running.pool.fetchval("SELECT send_after - now() FROM instance_pace")
    assert timedelta(seconds=14) < left <= timedelta(seconds=15)


async def test_the_pace_that_is_kept_is_the_latest(running: Station) -> None:
    message = await queued(running)
    for seconds in (5, 9, 2):
        await running.ledger.keep_pace(message, timedelta(seconds=seconds))
    left = await running.pool.fetchval("SELECT send_after - now() FROM instance_pace")
    assert timedelta(seconds=8) < left <= timedelta(seconds=9)
