"""Events on their way: order, signatures, retries in place, what gives up, and what one address does to others."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from common.postgres import Pool
from common.tables import webhook, webhook_secret
from common.vault import Vault
from sender.webhooks.destination import BreakerPolicy
from tests.sender.webhooks.office import Office
from tests.sender.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver(anyio_backend: str) -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def office(pool: Pool) -> Office:
    return Office(pool)


async def test_events_arrive_in_order_one_at_a_time_with_the_bytes_that_are_stored(
    office: Office, receiver: Receiver
) -> None:
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance, 250)
        taken = await receiver.reached(250)
        await office.settled(instance)
    assert [each.seq for each in taken] == list(range(1, 251))
    assert [each.id for each in taken] == [f"evt_{instance.hex}_{seq}" for seq in range(1, 251)]
    assert taken[7].body == b'{"type":"ReceivedCallback","number":7}'
    assert receiver.most_in_flight[instance.hex.upper()] == 1
    assert await office.pool.fetchval("SELECT count(*) FROM event_attempt WHERE outcome = 'delivered'") == 250


async def test_a_callback_is_signed_with_each_live_secret(office: Office, receiver: Receiver) -> None:
    async with office.open():
        instance = await office.instance(receiver.url())
        await webhook_secret.ensure_secrets(office.pool, [instance], office.vault)
        async with office.pool.acquire() as connection, connection.transaction():
            await webhook_secret.rotate_secret(connection, instance, office.vault)
        await office.happen(instance)
        got = (await receiver.reached(1))[0]
        secrets = await webhook_secret.list_secrets(office.pool, instance, office.vault)
    signed = b".".join((got.id.encode(), got.headers["webhook-timestamp"].encode(), got.body))
    expected = [base64.b64encode(hmac.digest(each.secret, signed, hashlib.sha256)).decode() for each in secrets]
    assert got.headers["webhook-signature"] == " ".join(f"v1,{each}" for each in expected)
    assert len(expected) == 2
    assert got.headers["content-type"] == "application/json"
    assert (got.headers["pombo-event"], got.headers["pombo-attempt"]) == ("ReceivedCallback", "1")


async def test_a_secret_from_before_they_were_encrypted_signs_and_is_sealed(office: Office, receiver: Receiver) -> None:
    plain = bytes(range(32))
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.pool.execute(
            "INSERT INTO webhook_secret (instance_id, place, secret) VALUES ($1, 1, $2)", instance, plain
        )
        await office.happen(instance)
        got = (await receiver.reached(1))[0]
    signed = b".".join((got.id.encode(), got.headers["webhook-timestamp"].encode(), got.body))
    signature = base64.b64encode(hmac.digest(plain, signed, hashlib.sha256)).decode()
    assert got.headers["webhook-signature"] == f"v1,{signature}"
    row = await office.pool.fetchrow("SELECT secret, is_sealed FROM webhook_secret WHERE instance_id = $1", instance)
    assert row is not None
    assert (row["is_sealed"], office.vault.open_secret(instance, row["secret"])) == (True, plain)


async def test_without_the_key_that_sealed_them_events_wait_unsigned_ones_never_go(
    office: Office, receiver: Receiver
) -> None:
    async with office.open():
        instance = await office.instance(receiver.url())
        other = Vault(base64.urlsafe_b64encode(bytes(32)).decode())
        await webhook_secret.ensure_secrets(office.pool, [instance], other)
        await office.happen(instance)
        neighbour = await office.instance(receiver.url())
        await office.happen(neighbour)
        await receiver.reached(1)
        assert await office.waiting(instance) == 1
    assert {each.instance for each in receiver.log} == {neighbour.hex.upper()}


async def test_the_head_is_retried_in_its_place_and_the_others_wait(office: Office, receiver: Receiver) -> None:
    receiver.answers["/hook"] = [200, 503, "reset", 429, 200]
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance, 4)
        await receiver.reached(4)
        await office.settled(instance)
    assert [each.seq for each in receiver.log] == [1, 2, 2, 2, 2, 3, 4]
    assert [each.headers["pombo-attempt"] for each in receiver.log if each.seq == 2] == ["1", "2", "3", "4"]
    assert await office.letters(instance) == []


@pytest.mark.parametrize(
    ("answer", "error_class", "attempts"),
    [
        (500, "http-500", 4),
        (429, "http-429", 4),
        (408, "http-408", 4),
        ("reset", "unreachable", 4),
        ("garbage", "bad-answer", 4),
        ("hang", "timeout", 4),
        (400, "http-400", 1),
        (404, "http-404", 1),
        (302, "redirect", 1),
    ],
)
async def test_each_class_of_failure_leaves_one_dead_letter_and_the_next_event_goes(
    office: Office, receiver: Receiver, answer: int | str, error_class: str, attempts: int
) -> None:
    if answer == "hang":
        office.patience = timedelta(milliseconds=200)
    receiver.answers["/hook"] = [*[answer] * attempts, 200]
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance, 3)
        await receiver.reached(2)
        await office.settled(instance)
    assert list(dict.fromkeys(receiver.seqs())) == [2, 3]  # an answer that was not waited for is asked for again
    assert await office.letters(instance) == [(1, error_class)]
    made = await office.pool.fetch("SELECT outcome FROM event_attempt WHERE seq = 1 ORDER BY attempt")
    assert [row[0] for row in made] == ["retry"] * (attempts - 1) + ["dead"]


async def test_410_takes_the_address_away_and_keeps_what_waited_as_dead_letters(
    office: Office, receiver: Receiver
) -> None:
    receiver.answers["/hook"] = [410]
    async with office.open():
        other = receiver.url("/other")
        instance = await office.instance(receiver.url(), connected_callback_url=other)
        await office.happen(instance, 3)
        await office.settled(instance)
        await office.happen(instance, 1)  # costs nothing: nobody is to be told
        await office.happen(instance, 1, "connected")
        await receiver.reached(1, path="/other")
    assert len([each for each in receiver.log if each.path == "/hook"]) == 1
    assert {error_class for _, error_class in await office.letters(instance)} == {"gone"}
    row = await office.pool.fetchrow(
        "SELECT received_callback_url, connected_callback_url FROM instance WHERE id = $1", instance
    )
    assert row is not None
    assert tuple(row) == (None, other)


async def test_a_receiver_may_say_when_to_come_again(office: Office, receiver: Receiver) -> None:
    receiver.answers["/hook"] = [503, 200]
    receiver.headers = {"retry-after": "1"}
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance)
        await receiver.reached(1)
    first, second = receiver.log
    assert second.at - first.at >= 0.9


async def test_an_answer_larger_than_allowed_counts_by_its_status(office: Office, receiver: Receiver) -> None:
    receiver.answers["/hook"] = ["large"]
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance, 2)
        await receiver.reached(2)
        await office.settled(instance)
    assert receiver.seqs() == [1, 2]


async def test_an_open_breaker_lets_one_event_try_and_burns_no_attempts(office: Office, receiver: Receiver) -> None:
    office.delays = [timedelta(0), *[timedelta(milliseconds=1)] * 200]
    office.breaker = BreakerPolicy(failures=3, cooldown=timedelta(milliseconds=300))
    receiver.answers["/hook"] = [500]
    async with office.open():
        instances = [await office.instance(receiver.url()) for _ in range(10)]
        began = time.monotonic()
        for instance in instances:
            await office.happen(instance)
        await asyncio.sleep(1.0)  # three cooldowns: what is counted is how little comes in that time
        assert len(receiver.log) <= 3 + 10 + (time.monotonic() - began) / 0.3 + 1
        receiver.answers["/hook"] = [200]
        await receiver.reached(10)
    assert len({each.instance for each in receiver.taken()}) == 10


async def test_an_address_that_is_dead_holds_up_no_other_of_the_instance(office: Office, receiver: Receiver) -> None:
    office.delays = [timedelta(0), timedelta(minutes=5)]
    receiver.answers["/dead"] = [500]
    async with office.open():
        instance = await office.instance(receiver.url(), received_callback_url=receiver.url("/dead"))
        await office.happen(instance, 1, "received")
        await office.happen(instance, 5, "delivery")
        await receiver.reached(5, path="/hook")
        assert await office.waiting(instance) >= 1


async def test_a_change_of_address_works_at_once_also_for_what_waits(office: Office, receiver: Receiver) -> None:
    office.delays = [timedelta(0), timedelta(minutes=5)]
    receiver.answers["/old"] = [500]
    async with office.open():
        instance = await office.instance(receiver.url("/old"))
        await office.happen(instance, 3)
        await receiver.asked(1, path="/old")
        await office.until(lambda: office.pool.fetchval("SELECT count(*) FROM event_attempt"))
        await office.pool.execute(webhook.SET_EVERY, instance, receiver.url("/new"), None)
        await office.pool.execute("UPDATE event_outbox SET next_attempt_at = NULL, attempts = 0")
        office.webhooks.look(instance)
        await receiver.reached(3, path="/new")
    assert receiver.seqs("/new") == [1, 2, 3]


async def test_an_address_that_is_taken_away_drops_what_waits_for_it(office: Office, receiver: Receiver) -> None:
    office.delays = [timedelta(0), timedelta(minutes=5)]
    receiver.answers["/hook"] = [500]
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance, 2)
        await receiver.asked(1)
        await office.pool.execute(webhook.SET_EVERY, instance, None, None)
        office.webhooks.look(instance)
        await office.settled(instance)
    assert await office.pool.fetchval("SELECT count(*) FROM event") == 2


async def test_a_replay_carries_its_old_number_and_says_what_it_is(office: Office, receiver: Receiver) -> None:
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance, 2)
        await receiver.reached(2)
        await office.settled(instance)
        await office.pool.execute(
            "INSERT INTO event_outbox (instance_id, slot, seq, created_at, replayed) "
            "SELECT instance_id, slot, seq, created_at, true FROM event WHERE seq = 1"
        )
        office.webhooks.look(instance)
        again = (await receiver.reached(3))[2]
    assert (again.seq, again.id, again.headers["pombo-replay"]) == (1, receiver.log[0].id, "true")
    assert again.body == receiver.log[0].body


async def test_private_addresses_are_refused_unless_the_operator_allows_them(
    office: Office, receiver: Receiver
) -> None:
    office.allowed = ""
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance)
        await office.settled(instance)
    assert await office.letters(instance) == [(1, "address-refused")]
    assert receiver.log == []


async def test_http_is_refused_unless_the_operator_names_the_host(office: Office, receiver: Receiver) -> None:
    office.hosts = frozenset()
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance)
        await office.settled(instance)
    assert await office.letters(instance) == [(1, "url-refused")]


async def test_nothing_is_sent_for_a_shard_that_is_another_node_s(office: Office, receiver: Receiver) -> None:
    async with office.open():
        instance = await office.instance(receiver.url())
        office.held.clear()
        await office.happen(instance)
        await asyncio.sleep(0.1)
        assert len(office.webhooks) == 0
    assert receiver.log == []


async def test_a_record_of_an_earlier_owner_changes_nothing(office: Office, receiver: Receiver) -> None:
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.pool.execute("UPDATE shard SET epoch = epoch + 1")
        await office.happen(instance)
        await receiver.reached(1)
        await office.until(lambda: _is_idle(office))
        assert await office.waiting(instance) == 1


async def _is_idle(office: Office) -> bool:
    return len(office.webhooks) == 0


async def test_a_quiet_instance_has_no_lane(office: Office, receiver: Receiver) -> None:
    async with office.open():
        instance = await office.instance(receiver.url())
        await office.happen(instance)
        await receiver.reached(1)
        await office.until(lambda: _is_idle(office))


async def test_one_dead_customer_does_not_hold_up_a_hundred_others(office: Office, receiver: Receiver) -> None:
    office.room = 20
    office.breaker = BreakerPolicy(failures=5, cooldown=timedelta(seconds=30), concurrency=8)
    receiver.answers["/dead"] = ["hang"]
    async with office.open():
        dead = [await office.instance(receiver.url("/dead")) for _ in range(20)]
        alive = [await office.instance(receiver.url(f"/{number}")) for number in range(50)]
        for instance in dead:
            await office.happen(instance, 2)
        for instance in alive:
            await office.happen(instance, 2)
        await asyncio.gather(*(receiver.reached(2, path=f"/{number}") for number in range(50)))
    assert len(receiver.taken()) == 100
