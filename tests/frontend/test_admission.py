"""What is let in: the limit of a disconnected instance, queues that close with the connection, times of a message."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from common.postgres import Pool
from common.settings import FrontendSettings
from tests.frontend.gateway import LINK, Caller, Gateway, gateway_on

pytestmark = pytest.mark.anyio

LIMIT = 1_000

FILL = """
    INSERT INTO message_queue (id, instance_id, shard, zaap_id, message_id, kind, chat, payload, max_attempts)
    SELECT get_next_message_sequence($1), $1, instance.shard, gen_random_uuid(), 'A' || number, 'text',
           '5511988887777@s.whatsapp.net', '{"phone": "5511988887777", "message": "waiting"}', 3
    FROM generate_series(1, $2::integer) AS number
    JOIN instance ON instance.id = $1"""

WAITING = "SELECT count(*) FROM message_queue WHERE instance_id = $1"

FULL = {"error": "the queue of this disconnected instance is full (1000 messages)"}
CLOSED = {"error": "the instance is not connected and takes no messages meanwhile"}


async def fill(pool: Pool, instance: UUID, count: int) -> None:
    await pool.execute(FILL, instance, count)


@pytest.fixture
async def offline(gateway: Gateway, pool: Pool) -> Caller:
    """An instance that is linked and not connected."""
    return await gateway.create(pool, state="disconnected")


async def test_a_disconnected_instance_takes_a_thousand_messages_and_no_more(offline: Caller, pool: Pool) -> None:
    await fill(pool, offline.uuid, LIMIT - 1)
    assert (await offline.send_text()).status_code == 200
    refused = await offline.send_text()
    assert (refused.status_code, refused.json()) == (429, FULL)
    assert await pool.fetchval(WAITING, offline.uuid) == LIMIT


async def test_an_instance_that_was_never_linked_has_the_same_limit(unlinked: Caller, pool: Pool) -> None:
    await fill(pool, unlinked.uuid, LIMIT)
    assert (await unlinked.send_text()).status_code == 429


async def test_parallel_posts_over_two_frontends_fill_the_queue_exactly(
    settings: FrontendSettings, offline: Caller, pool: Pool
) -> None:
    await fill(pool, offline.uuid, LIMIT - 10)
    async with gateway_on(settings) as second:
        both = (offline, offline.through(second))
        answers = await asyncio.gather(*(both[number % 2].send_text(str(number)) for number in range(40)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (10, 30)
    assert await pool.fetchval(WAITING, offline.uuid) == LIMIT


async def test_a_connected_instance_has_no_limit(caller: Caller, pool: Pool) -> None:
    await fill(pool, caller.uuid, LIMIT + 10)
    assert (await caller.send_text()).status_code == 200


async def test_scheduled_messages_count_and_canceling_makes_room(offline: Caller, pool: Pool) -> None:
    await fill(pool, offline.uuid, LIMIT - 1)
    scheduled = await offline.send_text(scheduledFor=in_the_future())
    assert (await offline.send_text()).status_code == 429
    await offline.delete(f"queue/{scheduled.json()['zaapId']}")
    assert (await offline.send_text()).status_code == 200


async def test_a_full_queue_does_not_touch_other_instances(gateway: Gateway, offline: Caller, pool: Pool) -> None:
    other = await gateway.create(pool, state="disconnected")
    await fill(pool, offline.uuid, LIMIT)
    assert (await other.send_text()).status_code == 200


@pytest.mark.parametrize("state", ["disconnected", "connecting", "conflict"])
async def test_a_queue_that_closes_with_the_connection_refuses_until_it_is_back(
    gateway: Gateway, pool: Pool, state: str
) -> None:
    caller = await gateway.create(pool, state=state, disableEnqueueWhenDisconnected=True)
    refused = await caller.send_text()
    assert (refused.status_code, refused.json()) == (429, CLOSED)
    await pool.execute(LINK, caller.uuid, "connected")
    assert (await caller.send_text()).status_code == 200
    assert await pool.fetchval(WAITING, caller.uuid) == 1


async def test_a_closed_queue_can_be_looked_at_and_emptied(gateway: Gateway, pool: Pool) -> None:
    caller = await gateway.create(pool, state="disconnected", disableEnqueueWhenDisconnected=True)
    await fill(pool, caller.uuid, 3)
    assert (await caller.get("queue/count")).json() == {"count": 3}
    assert (await caller.delete("queue")).status_code == 200
    assert await pool.fetchval(WAITING, caller.uuid) == 0


def in_the_future(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(days=1) + timedelta(**more)).isoformat()


async def stored(pool: Pool, zaap_id: str) -> dict[str, Any]:
    return dict(await pool.fetchrow("SELECT * FROM message_queue WHERE zaap_id = $1::uuid", zaap_id))


async def test_a_scheduled_message_is_not_due_before_its_time(caller: Caller, pool: Pool) -> None:
    answer = await caller.send_text(scheduledFor="2100-01-05T07:20:30-03:00")
    row = await stored(pool, answer.json()["zaapId"])
    assert row["scheduled_at"] == datetime(2100, 1, 5, 10, 20, 30, tzinfo=UTC)
    assert row["is_due"] is False


async def test_a_time_that_has_passed_means_now(caller: Caller, pool: Pool) -> None:
    answer = await caller.send_text(scheduledFor="2020-01-05T10:20:30Z")
    assert (await stored(pool, answer.json()["zaapId"]))["is_due"] is True


async def test_scheduled_messages_come_last_in_the_listing(caller: Caller) -> None:
    await caller.send_text("later", scheduledFor=in_the_future())
    await caller.send_text("now")
    shown = (await caller.post("queue")).json()["messages"]
    assert [message["Message"] for message in shown] == ["now", "later"]


async def test_the_story_tells_the_times_of_a_message(caller: Caller) -> None:
    answer = await caller.send_text(scheduledFor="2100-01-05T07:20:30-03:00", expiresAt="2100-01-06T00:00:00.5Z")
    story = (await caller.get(f"queue/{answer.json()['zaapId']}")).json()
    assert (story["scheduledFor"], story["expiresAt"]) == ("2100-01-05T10:20:30.000Z", "2100-01-06T00:00:00.500Z")


async def test_a_message_may_expire_after_its_scheduled_time_only(caller: Caller, pool: Pool) -> None:
    when = in_the_future()
    refused = await caller.send_text(scheduledFor=when, expiresAt=when)
    assert refused.status_code == 400
    taken = await caller.send_text(scheduledFor=when, expiresAt=in_the_future(seconds=30))
    row = await stored(pool, taken.json()["zaapId"])
    assert row["expires_at"] > row["scheduled_at"]


async def test_delays_are_stored_as_they_were_asked(caller: Caller, pool: Pool) -> None:
    asked = await stored(pool, (await caller.send_text(delayMessage=15, delayTyping=1)).json()["zaapId"])
    assert (asked["delay_message"], asked["delay_typing"]) == (15, 1)
    unset = await stored(pool, (await caller.send_text()).json()["zaapId"])
    assert (unset["delay_message"], unset["delay_typing"]) == (None, 0)
