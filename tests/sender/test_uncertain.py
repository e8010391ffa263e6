"""Uncertain: what becomes of a message whose outcome was lost, by its instance's policy."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from common.addresses import Jid
from common.postgres import Connection, Pool
from common.tables import attempt, wire
from common.tables.uncertain import Settled
from sender.uncertain import Uncertain, UncertainPolicy
from tests.builders import insert_instance, new_message
from tests.sender.station import Station
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

GRACE = timedelta(seconds=90)
DOUBT = """
    UPDATE message_queue
    SET status = 'uncertain', started_at = now(), epoch = 0, node = 'x', attempts = $2,
        uncertain_since = now() - $3::interval
    WHERE id = $1"""

WAITS = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"""


class Bench:
    """The part under test over a station's shards; it notes whom it told."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.held: list[tuple[UUID, Jid]] = []
        self.settled_chats: list[tuple[UUID, Jid]] = []
        self.witnessed: list[tuple[str, list[str]]] = []
        self.uncertain = Uncertain(
            station.pool, lambda: station.shards.held, lambda one, chat, _: self.held.append((one, chat)),
            lambda one, chat: self.settled_chats.append((one, chat)),
            UncertainPolicy(GRACE), station.clock, station.metrics, self,
        )  # fmt: skip

    async def settled(self, connection: Connection, outcome: str, messages: Sequence[Settled]) -> None:
        self.witnessed.append((outcome, [message.message_id for message in messages]))

    async def in_doubt(
        self,
        policy: str,
        *,
        since: timedelta = 2 * GRACE,
        attempts: int = 1,
        state: str = "connected",
        wire: str | None = None,
    ) -> tuple[UUID, int]:
        instance = await insert_instance(
            self.station.pool,
            wire=wire,
            session_state=state,
            uncertain_policy=policy,
            session_changed_at=datetime.now(UTC) - timedelta(days=1),
        )
        [number] = await self.station.accept(new_message(instance))
        await self.station.pool.execute(DOUBT, number, attempts, since)
        return instance, number


@pytest.fixture
async def bench(station: Station) -> Bench:
    await station.claim()
    return Bench(station)


async def test_hold_leaves_it_in_doubt(bench: Bench) -> None:
    _, number = await bench.in_doubt("hold")
    await bench.uncertain.decide()
    assert await bench.station.status(number) == "uncertain"
    assert bench.witnessed == []


async def test_assume_sent_ends_it_and_says_so(bench: Bench) -> None:
    instance, number = await bench.in_doubt("assume-sent")
    await bench.uncertain.decide()
    row = await bench.station.row(number)
    assert (row["place"], row["status"]) == ("message_history", "sent")
    assert '"settled": "assume-sent"' in str(row["metadata"])
    assert bench.witnessed == [("sent", [row["message_id"]])]
    assert [one for one, _ in bench.settled_chats] == [instance]


async def test_resend_puts_it_back_under_its_own_id(bench: Bench) -> None:
    _, number = await bench.in_doubt("resend")
    before = await bench.station.row(number)
    await bench.uncertain.decide()
    row = await bench.station.row(number)
    assert (row["status"], row["uncertain_since"], row["message_id"]) == ("queued", None, before["message_id"])
    assert bench.witnessed == [("queued", [row["message_id"]])]


async def test_resend_gives_up_after_the_last_attempt(bench: Bench) -> None:
    _, number = await bench.in_doubt("resend", attempts=3)
    await bench.uncertain.decide()
    row = await bench.station.row(number)
    assert (row["place"], row["error_class"]) == ("message_dead_letter", "unknown")
    assert bench.witnessed == [("failed", [row["message_id"]])]


@pytest.mark.parametrize("policy", ["assume-sent", "resend"])
async def test_nothing_is_decided_within_the_grace_time_or_before_the_session_is_back(
    bench: Bench, policy: str
) -> None:
    _, early = await bench.in_doubt(policy, since=timedelta(seconds=80))
    _, away = await bench.in_doubt(policy, state="disconnected")
    await bench.uncertain.decide()
    assert [await bench.station.status(number) for number in (early, away)] == ["uncertain", "uncertain"]


async def test_an_old_owner_decides_nothing(bench: Bench) -> None:
    _, number = await bench.in_doubt("assume-sent")
    await bench.station.pool.execute("UPDATE shard SET epoch = epoch + 1")
    await bench.uncertain.decide()
    assert await bench.station.status(number) == "uncertain"


async def test_chats_wait_while_there_is_something_to_decide(bench: Bench) -> None:
    young, _ = await bench.in_doubt("hold", since=timedelta(0))
    old, _ = await bench.in_doubt("hold")
    again, _ = await bench.in_doubt("resend")
    await bench.uncertain.hold_waiting(bench.station.shards.held)
    assert {instance for instance, _ in bench.held} == {young, again}
    assert old not in {instance for instance, _ in bench.held}


async def test_what_is_held_for_longer_than_failures_are_kept_is_a_dead_letter(bench: Bench) -> None:
    _, number = await bench.in_doubt("hold", since=timedelta(days=8))
    await bench.uncertain.decide()
    assert (await bench.station.row(number))["place"] == "message_dead_letter"


async def test_a_resent_message_goes_before_those_behind_it(station: Station, pool: Pool) -> None:
    async with station.running():
        instance = await station.instance()
        await pool.execute("UPDATE instance SET uncertain_policy = 'resend', session_changed_at = now() - $1::interval "
                           "WHERE id = $2", 2 * GRACE, instance)  # fmt: skip
        uncertain = Uncertain(
            pool, lambda: station.shards.held, station.couriers.hold, station.couriers.settled,
            UncertainPolicy(GRACE), station.clock, station.metrics,
        )  # fmt: skip
        earlier, later = new_message(instance, "0"), new_message(instance, "1")
        station.couriers.hold(instance, earlier.chat, 3600.0)  # a sweep may come before the first one is in doubt
        first, _ = await station.accept(earlier, later)
        await pool.execute(DOUBT, first, 1, 2 * GRACE)
        await uncertain.hold_waiting(station.shards.held)
        station.couriers.wake(instance)
        await uncertain.decide()
        await station.journal.reached(2)
    assert station.texts() == ["0", "1"]


async def test_what_went_through_the_relay_goes_again_under_its_id_and_no_other(bench: Bench) -> None:
    instance, number = await bench.in_doubt("resend-same-id", wire="relay")
    pool = bench.station.pool
    await pool.execute("UPDATE message_queue SET whatsapp_id = message_id WHERE id = $1", number)
    await bench.uncertain.decide()
    row = await bench.station.row(number)
    assert (row["status"], row["whatsapp_id"]) == ("queued", row["message_id"])
    epoch = bench.station.shards.held[row["shard"]]  # type: ignore[index]
    # A session that goes directly would give it another id: the intent is refused.
    assert not await pool.fetch(attempt.INTEND, [number], [epoch], [None], "node")
    async with pool.acquire() as connection, connection.transaction():
        await wire.set_wire(connection, instance, "direct")
    assert (await bench.station.row(number))["status"] == "uncertain"
    assert await pool.fetchval("SELECT uncertain_policy FROM instance WHERE id = $1", instance) == "hold"


@pytest.mark.parametrize(("way", "same"), [("direct", True), (None, True), ("relay", False)])
async def test_what_cannot_have_its_id_again_is_held(bench: Bench, way: str | None, same: bool) -> None:
    _, number = await bench.in_doubt("resend-same-id", wire=way)
    statement = "UPDATE message_queue SET whatsapp_id = CASE WHEN $2 THEN message_id ELSE '3EB0X' END WHERE id = $1"
    await bench.station.pool.execute(statement, number, same)
    await bench.uncertain.decide()
    assert (await bench.station.row(number))["status"] == "uncertain"
    await bench.uncertain.hold_waiting(bench.station.shards.held)
    assert bench.held == []  # its chat goes on without it


async def test_a_relay_that_is_taken_away_meanwhile_leaves_nothing_queued_for_it(bench: Bench) -> None:
    instance, number = await bench.in_doubt("resend-same-id", wire="relay")
    pool = bench.station.pool
    await pool.execute("UPDATE message_queue SET whatsapp_id = message_id WHERE id = $1", number)
    async with asyncio.TaskGroup() as tasks, pool.acquire() as connection, connection.transaction():
        await wire.set_wire(connection, instance, "direct")
        deciding = tasks.create_task(bench.uncertain.decide())
        await eventually(lambda: pool.fetchval(WAITS))
    assert deciding.done()
    assert (await bench.station.row(number))["status"] == "uncertain"


async def test_the_same_id_is_not_tried_for_ever(bench: Bench) -> None:
    _, number = await bench.in_doubt("resend-same-id", wire="relay", attempts=3)
    await bench.station.pool.execute("UPDATE message_queue SET whatsapp_id = message_id WHERE id = $1", number)
    await bench.uncertain.decide()
    assert bench.witnessed[-1][0] == "failed"
