"""Events from a real sender process to a receiver that fails in every way, with the process killed meanwhile."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import anyio
import orjson
import pytest

from common.postgres import Pool
from loadtests.bench.webhook_chaos import SHORT, storm
from loadtests.measure.rough_receiver import CLASSES
from loadtests.measure.stack import bench_stack
from tests.builders import insert_instance, new_message
from tests.sender.translation.contract import FULL, problems
from tests.sender.webhooks.office import EVERY
from tests.sender.webhooks.receiver import Delivery, Receiver, receiving
from tests.system.programs import Sender, enqueue_on
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

WEBHOOKS = {
    "WEBHOOK_HTTP_HOSTS": "127.0.0.1",
    "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
    "WEBHOOK_TIMEOUT": "60s",
    "EVENT_RETRY_DELAYS": ",".join(["0s", *["50ms"] * 400]),
    "WEBHOOK_BREAKER_COOLDOWN": "100ms",
    "EVENT_SWEEP_INTERVAL": "1s",
}


@pytest.fixture
def sender(database: str, redis_url: str, tmp_path: Path) -> Iterator[Sender]:
    sender = Sender(database, redis_url, tmp_path, **WEBHOOKS)
    yield sender
    sender.kill()


@pytest.fixture
async def receiver(anyio_backend: str) -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


def first_arrivals(log: list[Delivery]) -> dict[str, list[int]]:
    """By instance the numbers in the order in which each was taken for the first time."""
    order: dict[str, dict[int, None]] = defaultdict(dict)
    for each in log:
        order[each.instance].setdefault(each.seq)
    return {instance: list(seqs) for instance, seqs in order.items()}


async def linked(pool: Pool, url: str) -> UUID:
    return await insert_instance(pool, **dict.fromkeys(EVERY, url))


async def test_a_message_tells_its_delivery_its_sending_and_its_receipt(
    sender: Sender, receiver: Receiver, pool: Pool, redis_url: str
) -> None:
    instance = await linked(pool, receiver.url())
    sender.start()
    async with enqueue_on(pool, redis_url) as enqueue:
        message = new_message(instance)
        await enqueue.put(message)
        taken = await receiver.reached(4)
    bodies = [orjson.loads(each.body) for each in taken]
    assert [(body["type"], body.get("status")) for body in bodies] == [
        ("ConnectedCallback", None),
        ("DeliveryCallback", None),
        ("MessageStatusCallback", "SENT"),
        ("MessageStatusCallback", "RECEIVED"),
    ]
    assert [each.seq for each in taken] == [1, 2, 3, 4]
    assert bodies[1] == {
        "phone": "5511988887777",
        "zaapId": message.zaap_id.hex.upper(),
        "messageId": message.message_id,
        "type": "DeliveryCallback",
        "instanceId": instance.hex.upper(),
    }
    assert bodies[3]["ids"] == [message.message_id]


async def test_own_messages_are_told_as_received_ones_to_who_asks(
    sender: Sender, receiver: Receiver, pool: Pool, redis_url: str
) -> None:
    columns = {"received_callback_url": receiver.url(), "phone": "5511900000001", "lid": "118273645509821@lid"}
    instance = await insert_instance(pool, receive_callback_sent_by_me=True, **columns)
    sender.start()
    async with enqueue_on(pool, redis_url) as enqueue:
        message = new_message(instance, "on its way")
        await enqueue.put(message)
        taken = await receiver.reached(1)
    body = orjson.loads(taken[0].body)
    assert problems("received-text", body, extra=FULL) == []
    assert (body["fromMe"], body["fromApi"], body["status"], body["text"]) == (
        True, True, "SENT", {"message": "on its way"},
    )  # fmt: skip
    assert (body["messageId"], body["phone"]) == (message.message_id, "5511988887777")


async def test_a_receiver_that_fails_in_every_way_and_killed_senders_lose_nothing_and_keep_the_order(
    tmp_path: Path,
) -> None:
    with bench_stack(tmp_path) as stack:
        found = await storm(stack, SHORT)
    assert found.verdict.holds, found.verdict
    assert found.kills > 0
    assert found.verdict.events >= SHORT.events * 0.9
    assert found.verdict.letters == dict.fromkeys(CLASSES.values(), 1)


async def test_events_wait_for_a_receiver_that_is_away_and_come_in_order_afterwards(
    sender: Sender, pool: Pool, redis_url: str
) -> None:
    async with receiving() as away:
        port = away.port
    instances = [await linked(pool, f"http://127.0.0.1:{port}/hook") for _ in range(5)]
    sender.start()
    async with enqueue_on(pool, redis_url) as enqueue:
        for instance in instances:
            for number in range(4):
                await enqueue.put(new_message(instance, str(number)))
        await sender.handed_at_least(20)
        with anyio.fail_after(PATIENCE):
            while await pool.fetchval("SELECT count(*) FROM event_attempt WHERE outcome = 'retry'") < 5:
                await anyio.sleep(0.05)
        async with receiving(port) as receiver:
            await receiver.reached(5 * 13)
    assert first_arrivals(receiver.taken()) == {
        instance.hex.upper(): list(range(1, 14)) for instance in instances
    }  # fmt: skip
