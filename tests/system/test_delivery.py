"""Messages through a real sender process on real stores, with the process killed and the stores emptied."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis

from common.postgres import Pool
from tests.builders import insert_instance, new_message
from tests.system.programs import Sender, enqueue_on, let_leases_run_out, statuses
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio


@pytest.fixture
def sender(database: str, redis_url: str, tmp_path: Path) -> Iterator[Sender]:
    sender = Sender(database, redis_url, tmp_path)
    yield sender
    sender.kill()


async def until(pool: Pool, expected: dict[str, int], patience: float = PATIENCE) -> None:
    with anyio.fail_after(patience):
        while (now := await statuses(pool)) != expected:
            assert sum(now.values()) == sum(expected.values())
            await anyio.sleep(0.05)


def by_chat(handed: list[tuple[str, str, str, str]]) -> dict[tuple[str, str], list[int]]:
    chats: dict[tuple[str, str], list[int]] = defaultdict(list)
    for instance, chat, _, text in handed:
        chats[instance, chat].append(int(text))
    return chats


async def test_a_message_goes_through_and_is_delivered(sender: Sender, pool: Pool, redis_url: str) -> None:
    instance = await insert_instance(pool)
    sender.start()
    async with enqueue_on(pool, redis_url) as enqueue:
        ticket = await enqueue.put(new_message(instance, "olá 🕊\nworld"))
        handed = await sender.handed_at_least(1)
    assert [(one[0], one[2], one[3]) for one in handed] == [(instance.hex, ticket.message_id, "olá 🕊\nworld")]
    await until(pool, {"delivered": 1})
    assert sender.terminate() == 0


async def test_a_killed_sender_loses_reorders_and_doubles_nothing(sender: Sender, pool: Pool, redis_url: str) -> None:
    instances = [await insert_instance(pool) for _ in range(20)]
    sender.start()
    async with enqueue_on(pool, redis_url) as enqueue:
        for number in range(25):
            for place, instance in enumerate(instances):
                await enqueue.put(new_message(instance, str(number), phone=f"55119000000{(number + place) % 3:02d}"))
        await sender.handed_at_least(100)
        sender.kill()
        await let_leases_run_out(pool, redis_url)
        sender.start()
        handed = await sender.handed_at_least(500 - len(instances))
        with anyio.fail_after(PATIENCE):
            while "queued" in await statuses(pool) or "sending" in await statuses(pool):
                await anyio.sleep(0.05)
    handed = sender.handed()
    found = await statuses(pool)
    assert sum(found.values()) == 500
    uncertain = Counter(
        row[0] for row in await pool.fetch("SELECT instance_id FROM message_queue WHERE status = 'uncertain'")
    )
    assert all(count == 1 for count in uncertain.values())
    # What is in doubt was handed over once or not at all; everything else exactly once.
    assert max(Counter(one[2] for one in handed).values()) == 1
    assert len(handed) >= 500 - len(uncertain)
    assert all(numbers == sorted(numbers) for numbers in by_chat(handed).values())


async def test_an_emptied_redis_during_load_loses_nothing(
    sender: Sender, pool: Pool, redis_url: str, redis: Redis
) -> None:
    instances = [await insert_instance(pool) for _ in range(5)]
    sender.start()
    async with enqueue_on(pool, redis_url) as enqueue:
        for number in range(60):
            for instance in instances:
                await enqueue.put(new_message(instance, str(number)))
            if number % 20 == 10:
                await redis.flushall()
        handed = await sender.handed_at_least(300)
    assert all(numbers == list(range(60)) for numbers in by_chat(handed).values())
    await until(pool, {"delivered": 300})
