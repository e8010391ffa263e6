"""One instance's courier: order and pace, typing, retries, doubts, and what happens around a send."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from common.addresses import Jid, parse_phone, user_of
from common.errors import (
    DeliveryError,
    NotConnected,
    NotOnWhatsApp,
    OutcomeUnknown,
    TemporaryFailure,
)
from common.postgres import Pool
from common.tables.message import NewMessage
from sender.composers.media import File, LinkCard, Uploaded
from sender.courier import DeliveryPolicy
from sender.preparing import AT_ONCE, GLANCE
from sender.whatsapp.session import Receipts, Taken
from tests.builders import new_message
from tests.clock import ManualClock
from tests.sender.station import Station
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

ONE, TWO, THREE = "5511900000001", "5511900000002", "5511900000003"
CHAT = parse_phone(ONE)


def text(instance: UUID, body: str, phone: str = ONE, **fields: object) -> NewMessage:
    return new_message(instance, body, phone, **fields)


def fails(station: Station, *errors: type[DeliveryError], phone: str = ONE) -> None:
    """The next sends to this chat fail, each with its error."""
    station.behaviour.errors[parse_phone(phone)] = list(errors)


class Gate:
    """Holds sends right before they leave, until the test opens it."""

    def __init__(self, station: Station) -> None:
        self.waiting = asyncio.Event()
        self._open = asyncio.Event()
        station.behaviour.before = self._wait

    async def _wait(self, chat: Jid, id: str) -> None:
        self.waiting.set()
        await self._open.wait()

    def open(self) -> None:
        self._open.set()


# --- order and pace ---


async def test_messages_leave_in_the_order_of_acceptance(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        await station.send(*(text(instance, str(n), (ONE, TWO, THREE)[n % 3]) for n in range(12)))
        await station.rest()
    assert station.texts() == [str(n) for n in range(12)]


async def test_after_a_message_the_instance_pauses_at_random_within_the_limits(
    station: Station, clock: ManualClock
) -> None:
    station.policy = DeliveryPolicy()
    pauses = []
    async with station.running():
        instance = await station.instance()
        await station.send(*(text(instance, str(n), (ONE, TWO)[n % 2]) for n in range(5)))
        for sent in range(1, 5):
            await station.journal.reached(sent)
            pauses.append(await clock.until_asleep())
            clock.move(pauses[-1] - 0.001)
            assert len(station.journal.handed) == sent
            clock.move(0.001)
        await station.journal.reached(5)
    assert all(1 <= pause <= 3 for pause in pauses)
    assert len(set(pauses)) == 4


async def test_delay_message_replaces_the_pause_after_its_own_message(station: Station, clock: ManualClock) -> None:
    station.policy = DeliveryPolicy()
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "0", delay_message=15), text(instance, "1", TWO))
        await station.journal.reached(1)
        assert await clock.until_asleep() == 15
        clock.move(15)
        await station.journal.reached(2)


async def test_operators_can_see_when_the_last_message_went_and_what_failed_is_not_it(
    station: Station, clock: ManualClock
) -> None:
    station.policy = DeliveryPolicy()
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "0"))
        await station.rest()
        sent_at = await station.pool.fetchval("SELECT sent_at FROM instance_pace")
        assert abs(sent_at - clock.now()) < timedelta(seconds=1)
        clock.move(60)
        fails(station, NotOnWhatsApp)
        await station.send(text(instance, "1"))
        await station.rest()
        assert await station.pool.fetchval("SELECT sent_at FROM instance_pace") == sent_at


async def test_the_pause_counts_also_for_the_next_courier(station: Station, clock: ManualClock) -> None:
    station.policy = DeliveryPolicy()
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "0", delay_message=9))
        await station.rest()
        await station.send(text(instance, "1", TWO))
        assert await clock.until_asleep() == 9


async def test_what_was_surely_not_sent_costs_no_pause(station: Station, clock: ManualClock) -> None:
    station.policy = DeliveryPolicy()
    fails(station, TemporaryFailure)
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "again"), text(instance, "other", TWO))
        await station.journal.reached(1)
    assert station.texts() == ["other"]


async def test_the_next_owner_keeps_the_pace_of_the_one_before(station: Station, clock: ManualClock) -> None:
    station.policy = DeliveryPolicy()
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "0", delay_message=15))
        await station.rest()
    other = Station(station.pool, node="other", clock=clock)
    async with other.running():
        await other.look(instance)
        await other.send(text(instance, "1", TWO))
        assert await clock.until_asleep() == pytest.approx(15, abs=1)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_wrong_clock_neither_shortens_nor_lengthens_the_pause_for_the_next_owner(
    pool: Pool, hours: int
) -> None:
    wrong = Station(pool, node="wrong", clock=ManualClock(datetime.now(UTC) + timedelta(hours=hours)))
    wrong.policy = DeliveryPolicy()
    async with wrong.running():
        instance = await wrong.instance()
        await wrong.send(text(instance, "0", delay_message=15))
        await wrong.rest()
    clock = ManualClock()
    other = Station(pool, node="other", clock=clock)
    async with other.running():
        await other.look(instance)
        await other.send(text(instance, "1", TWO))
        assert await clock.until_asleep() == pytest.approx(15, abs=2)


async def test_an_owner_that_returns_keeps_the_pace_of_the_one_between(station: Station, clock: ManualClock) -> None:
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "0"))
        await station.rest()
        await station.sessions.close_shards(list(station.shards.held))
        await station.pool.execute(
            """INSERT INTO instance_pace VALUES ($1, $2)
               ON CONFLICT (instance_id) DO UPDATE SET send_after = excluded.send_after""",
            instance,
            clock.now() + timedelta(seconds=7),
        )
        await station.claim()
        await station.look(instance)
        await station.send(text(instance, "1", TWO))
        assert await clock.until_asleep() == pytest.approx(7, abs=1)


# --- typing ---


async def test_typing_is_shown_before_the_message_and_refreshed(station: Station, clock: ManualClock) -> None:
    station.policy = replace(station.policy, typing_refresh=timedelta(seconds=4))
    async with station.running():
        instance = await station.instance()
        [number] = await station.send(text(instance, "hello", delay_typing=10))
        for shown, step in ((1, 4), (2, 4), (3, 2)):
            assert await clock.until_asleep() == step
            assert station.session(instance).typing == [CHAT] * shown
            assert await station.status(number) == "queued"
            clock.move(step)
        await station.journal.reached(1)


async def test_a_message_goes_out_when_typing_cannot_be_shown(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        session = station.session(instance)
        session.show_typing = no_typing  # type: ignore[method-assign]
        await station.send(text(instance, "hello", delay_typing=10))
        await station.journal.reached(1)


async def no_typing(to: Jid, *, recording: bool = False) -> None:
    raise RuntimeError("the engine is not trusted")


async def test_a_message_canceled_while_typing_is_shown_does_not_leave(station: Station, clock: ManualClock) -> None:
    async with station.running():
        instance = await station.instance()
        [number] = await station.send(text(instance, "hello", delay_typing=10))
        await clock.until_asleep()
        await station.pool.execute("DELETE FROM message_queue WHERE id = $1", number)
        clock.move(10)
        await station.rest()
    assert station.texts() == []


async def test_a_stop_while_typing_is_shown_begins_no_send(station: Station, clock: ManualClock) -> None:
    async with station.running():
        instance = await station.instance()
        [number] = await station.send(text(instance, "hello", delay_typing=10))
        await clock.until_asleep()
        await station.couriers.rest(patience=5)
        assert await station.status(number) == "queued"
    assert station.texts() == []


# --- a failing head ---


async def test_a_failing_head_holds_only_its_own_chat(station: Station, clock: ManualClock) -> None:
    fails(station, TemporaryFailure, TemporaryFailure)
    async with station.running():
        instance = await station.instance()
        numbers = await station.send(
            *(text(instance, f"{phone[-1]} {n}", phone) for n in range(3) for phone in (ONE, TWO, THREE))
        )
        await station.journal.reached(6)
        assert station.texts() == ["2 0", "3 0", "2 1", "3 1", "2 2", "3 2"]
        for _ in range(2):
            clock.move(await clock.until_asleep())
        await station.rest()
        assert station.texts()[6:] == ["1 0", "1 1", "1 2"]
        assert await station.attempts(numbers[0]) == [(1, "retry"), (2, "retry"), (3, "sent")]
        assert [await station.status(number) for number in numbers] == ["sent"] * 9


async def test_the_wait_between_attempts_grows_with_full_jitter_up_to_its_limit(
    station: Station, clock: ManualClock
) -> None:
    station.policy = replace(station.policy, retry=replace(station.policy.retry, longest=timedelta(seconds=10)))
    station.behaviour.always = {CHAT: TemporaryFailure}
    waits = []
    async with station.running():
        instance = await station.instance()
        [number] = await station.send(text(instance, "never", max_attempts=7))
        for _ in range(6):
            waits.append(await clock.until_asleep())
            clock.move(waits[-1])
            await eventually(lambda: len(clock.wakes_at) == 0 or clock.wakes_at[0] > clock.elapsed())
        await station.rest()
        row = await station.row(number)
        assert (row["place"], row["attempts"], row["error_class"]) == ("message_dead_letter", 7, "temporary")
    assert all(wait <= limit for wait, limit in zip(waits, (1, 2, 4, 8, 10, 10), strict=True))
    assert max(waits) > 2


async def test_after_the_last_attempt_the_chat_goes_on(station: Station, clock: ManualClock) -> None:
    fails(station, TemporaryFailure, TemporaryFailure)
    async with station.running():
        instance = await station.instance()
        first, second = await station.send(text(instance, "given up", max_attempts=2), text(instance, "next"))
        clock.move(await clock.until_asleep())
        await station.rest()
        assert (await station.status(first), await station.status(second)) == ("failed", "sent")
        assert await station.attempts(first) == [(1, "retry"), (2, "failed")]


async def test_a_permanent_error_fails_at_once_and_the_chat_goes_on(station: Station) -> None:
    fails(station, NotOnWhatsApp)
    async with station.running():
        instance = await station.instance()
        first, second = await station.send(text(instance, "nobody"), text(instance, "next"))
        await station.rest()
        row = await station.row(first)
        assert (row["place"], row["error_class"], row["attempts"]) == ("message_dead_letter", "not-on-whatsapp", 1)
        assert row["error"] == "The number has no WhatsApp account."
        assert await station.status(second) == "sent"


async def test_a_kind_that_nobody_composes_fails_at_once(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        [number] = await station.send(text(instance, "hello", kind="hologram"))
        await station.rest()
        assert (await station.row(number))["error_class"] == "cannot-compose"


async def test_a_session_that_only_claims_to_be_connected_burns_no_attempt_and_is_not_hammered(
    station: Station, clock: ManualClock
) -> None:
    fails(station, NotConnected, NotConnected)
    async with station.running():
        instance = await station.instance()
        first, second = await station.send(text(instance, "0"), text(instance, "1", TWO))
        for _ in range(2):
            wait = await clock.until_asleep()
            assert wait == 1
            assert station.texts() == []
            clock.move(wait)
        await station.rest()
        assert station.texts() == ["0", "1"]
        assert (await station.row(first))["attempts"] == 1
        assert await station.attempts(second) == [(1, "sent")]


# --- doubt ---


async def test_a_lost_answer_leaves_the_message_in_doubt_and_its_chat_waits(
    station: Station, clock: ManualClock
) -> None:
    fails(station, OutcomeUnknown)
    async with station.running():
        instance = await station.instance()
        doubtful, _, _ = await station.send(
            text(instance, "doubtful"), text(instance, "behind"), text(instance, "other", TWO)
        )
        assert await clock.until_asleep() == station.policy.uncertain_grace.total_seconds()
        assert station.texts() == ["other"]
        clock.move(station.policy.uncertain_grace.total_seconds())
        await station.rest()
        assert station.texts() == ["other", "behind"]
        assert await station.status(doubtful) == "uncertain"
        assert await station.attempts(doubtful) == [(1, "uncertain")]


async def test_the_chat_waits_also_for_a_message_that_comes_after_the_courier_has_rested(
    station: Station, clock: ManualClock
) -> None:
    fails(station, OutcomeUnknown)
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "doubtful"))
        await station.rest()
        await station.send(text(instance, "behind"))
        assert await clock.until_asleep() == station.policy.uncertain_grace.total_seconds()
        assert station.texts() == []


@pytest.mark.parametrize("status", ["delivered", "sent"])
async def test_a_receipt_or_a_late_answer_ends_the_doubt_and_the_wait(
    station: Station, clock: ManualClock, status: str
) -> None:
    fails(station, OutcomeUnknown)
    async with station.running():
        instance = await station.instance()
        message = text(instance, "doubtful")
        doubtful, _ = await station.send(message, text(instance, "behind"))
        await clock.until_asleep()
        news: Receipts | Taken = Taken(message.message_id, clock.now())
        if status == "delivered":
            news = Receipts((message.message_id,), CHAT, CHAT, "delivered", clock.now())
        await station.session(instance).tell(news)
        await station.journal.reached(1)
        assert station.texts() == ["behind"]
        assert await station.status(doubtful) == status


async def test_no_answer_in_time_is_a_doubt(station: Station) -> None:
    station.policy = replace(station.policy, send_timeout=timedelta(milliseconds=20))
    Gate(station)
    async with station.running():
        instance = await station.instance()
        [number] = await station.send(text(instance, "slow"))
        await station.rest()
        assert await station.status(number) == "uncertain"


@pytest.mark.parametrize("surprise", [RuntimeError("surprise"), asyncio.CancelledError()])
async def test_whatever_an_engine_raises_is_a_doubt_and_ends_no_courier(
    station: Station, surprise: BaseException
) -> None:
    async def before(chat: Jid, id: str) -> None:
        if chat == CHAT:
            raise surprise

    station.behaviour.before = before
    async with station.running():
        instance = await station.instance()
        first, second = await station.send(text(instance, "0"), text(instance, "1", TWO))
        await station.journal.reached(1)
        await eventually(lambda: is_status(station, second, "sent"))
        assert await station.status(first) == "uncertain"


async def is_status(station: Station, number: int, status: str) -> bool:
    return await station.status(number) == status


# --- the session and the lease ---


async def test_messages_wait_while_the_session_is_disconnected_and_go_when_it_returns(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        await station.session(instance).drop()
        [number] = await station.send(text(instance, "waits"))
        await station.rest()
        assert (await station.row(number))["attempts"] == 0
        await station.session(instance).restore()
        await station.journal.reached(1)


async def test_a_session_lost_during_the_pause_sends_nothing_more(station: Station, clock: ManualClock) -> None:
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "0", delay_message=5), text(instance, "1"))
        await clock.until_asleep()
        await station.session(instance).drop()
        clock.move(5)
        await station.rest()
    assert station.texts() == ["0"]


async def test_an_owner_without_time_hands_nothing_over(station: Station) -> None:
    async with station.running():
        instance = await station.instance()
        station.shards.is_time_over = True
        [number] = await station.send(text(instance, "late"))
        await station.rest()
        assert await station.status(number) == "queued"
        station.shards.is_time_over = False
        station.couriers.wake(instance)
        await station.journal.reached(1)


async def test_time_that_runs_out_while_the_intent_is_written_gives_the_message_back(
    station: Station, clock: ManualClock
) -> None:
    async with station.running():
        instance = await station.instance()
        station.shards.may_leave = lambda shard, epoch: False  # type: ignore[method-assign]
        [number] = await station.send(text(instance, "late"))
        assert await clock.until_asleep() == 1
        row = await station.row(number)
        assert (row["status"], row["attempts"], row["error_class"]) == ("queued", 0, "not-connected")
        assert station.texts() == []


async def test_a_courier_that_was_overtaken_stops_and_its_message_is_the_new_owners(station: Station) -> None:
    gate = Gate(station)
    async with station.running():
        instance = await station.instance()
        sending, waiting = await station.send(text(instance, "0"), text(instance, "1"))
        await gate.waiting.wait()
        other = Station(station.pool, node="other")
        await other.claim()
        before = [await station.row(number) for number in (sending, waiting)]
        gate.open()
        await station.rest()
        assert [await station.row(number) for number in (sending, waiting)] == before
    assert station.texts() == ["0"]


async def test_a_stop_waits_for_what_is_in_flight_and_begins_nothing_new(station: Station) -> None:
    gate = Gate(station)
    async with station.running():
        instance = await station.instance()
        first, second = await station.send(text(instance, "0"), text(instance, "1"))
        await gate.waiting.wait()
        async with asyncio.TaskGroup() as tasks:
            resting = tasks.create_task(station.couriers.rest(patience=10))
            await asyncio.sleep(0)
            assert not resting.done()
            gate.open()
        assert (await station.status(first), await station.status(second)) == ("sent", "queued")


async def test_a_stop_has_patience_but_not_for_ever(station: Station) -> None:
    gate = Gate(station)
    async with station.running():
        instance = await station.instance()
        [number] = await station.send(text(instance, "stuck"))
        await gate.waiting.wait()
        await station.couriers.rest(patience=0.01)
        assert await station.status(number) == "sending"


# --- time ---


async def test_a_message_that_expires_while_its_chat_waits_does_not_leave(station: Station, clock: ManualClock) -> None:
    fails(station, TemporaryFailure)
    async with station.running():
        instance = await station.instance()
        _, expiring, last = await station.send(*(text(instance, str(n)) for n in range(3)))
        wait = await clock.until_asleep()
        await station.pool.execute("UPDATE message_queue SET expires_at = now() WHERE id = $1", expiring)
        clock.move(wait)
        await eventually(lambda: is_status(station, last, "sent"))
        await station.rescue.sweep()
        assert await station.status(expiring) == "expired"
    assert station.texts() == ["0", "2"]


# --- what takes long to prepare ---


class SlowMedia:
    """Uploads wait until the test lets them go; `begun` are their sources."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._done: dict[str, asyncio.Event] = {}

    async def upload(self, file: File) -> Uploaded:
        self.begun.append(file.source)
        await self._done.setdefault(file.source, asyncio.Event()).wait()
        return Uploaded("https://media.invalid/", "/it", bytes(32), bytes(32), bytes(32), 7, "image/png", 0)

    async def look_up(self, url: str) -> LinkCard | None:
        return None

    def finish(self, source: str) -> None:
        self._done.setdefault(source, asyncio.Event()).set()


def image(instance: UUID, name: str, phone: str = ONE) -> NewMessage:
    payload = json.dumps({"phone": phone, "image": f"https://files.invalid/{name}"})
    return replace(new_message(instance, "", phone), kind="image", payload=payload)


def chats(station: Station) -> list[str]:
    return [user_of(each.chat) for each in station.journal.handed]


async def test_a_slow_file_holds_up_its_own_chat_only(station: Station, clock: ManualClock) -> None:
    station.media = slow = SlowMedia()
    async with station.running():
        instance = await station.instance()
        await station.send(
            image(instance, "film"), text(instance, "after it"), text(instance, "one", TWO), text(instance, "two", TWO)
        )
        await eventually(lambda: slow.begun)
        # For a moment the file keeps its place, so that what is quick leaves in the order of acceptance.
        assert chats(station) == []
        assert await clock.until_asleep() == GLANCE
        clock.move(GLANCE)
        await eventually(lambda: len(chats(station)) == 2)
        assert chats(station) == [TWO, TWO]
        slow.finish("https://files.invalid/film")
        await station.rest()
    assert chats(station) == [TWO, TWO, ONE, ONE]
    assert station.texts()[2:] == ["", "after it"]


async def test_quick_files_leave_in_the_order_of_acceptance(station: Station) -> None:
    station.media = slow = SlowMedia()
    async with station.running():
        instance = await station.instance()
        await station.send(image(instance, "1"), image(instance, "2", TWO), text(instance, "3", THREE))
        await eventually(lambda: len(slow.begun) == 2)
        slow.finish("https://files.invalid/2")
        slow.finish("https://files.invalid/1")
        await station.rest()
    assert chats(station) == [ONE, TWO, THREE]


async def test_a_few_files_of_an_instance_are_prepared_at_a_time(station: Station, clock: ManualClock) -> None:
    station.media = slow = SlowMedia()
    phones = [f"55119000001{number:02d}" for number in range(AT_ONCE + 2)]
    async with station.running():
        instance = await station.instance()
        await station.send(*(image(instance, phone, phone) for phone in phones))
        await eventually(lambda: len(slow.begun) == AT_ONCE)
        for phone in reversed(phones):
            slow.finish(f"https://files.invalid/{phone}")
        await station.rest()
    assert chats(station) == phones


async def test_files_are_prepared_while_the_instance_pauses(station: Station, clock: ManualClock) -> None:
    station.media = slow = SlowMedia()
    async with station.running():
        instance = await station.instance()
        await station.send(text(instance, "first", delay_message=15), image(instance, "film", TWO))
        await eventually(lambda: len(chats(station)) == 1 and slow.begun)
        slow.finish("https://files.invalid/film")
        clock.move(15)
        await station.rest()
    assert chats(station) == [ONE, TWO]


async def test_what_is_being_prepared_when_a_courier_stops_stays_in_the_queue(station: Station) -> None:
    station.media = slow = SlowMedia()
    async with station.running():
        instance = await station.instance()
        await station.send(image(instance, "film"))
        await eventually(lambda: slow.begun)
        await station.couriers.rest(5)
        assert len(station.couriers) == 0
    rows = await station.pool.fetch("SELECT status, attempts FROM message_queue")
    assert [tuple(row) for row in rows] == [("queued", 0)]
