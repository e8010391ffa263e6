"""Real programs while their stores go away, and while they themselves are killed, stopped and told to end."""

import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import anyio
import pytest
from redis.asyncio import Redis

from common import keys
from common.local.postgres import Postgres
from common.local.valkey import Valkey
from common.postgres import Pool, open_pool
from common.schema import migrate
from common.tables import message
from tests.builders import insert_instance, new_message
from tests.databases import SHARDS
from tests.system.programs import Frontend, Handed, Program, Sender, enqueue_on, insert_caller, statuses
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio


@pytest.fixture
def started() -> Iterator[Callable[[Program], None]]:
    """Start a program; it is killed when the test ends."""
    programs: list[Program] = []

    def start(program: Program) -> None:
        programs.append(program)
        program.start()

    yield start
    for program in programs:
        program.kill()


class Load:
    """An integrator with a few instances who counts: each of its requests has the next number as its text."""

    def __init__(self, frontend: Frontend, instances: list[UUID]) -> None:
        self._frontend = frontend
        self._instances = instances
        self.accepted: dict[str, list[int]] = {instance.hex: [] for instance in instances}
        self.refused: list[tuple[int, dict[str, object]]] = []
        self._stop = False

    async def run(self) -> None:
        """Post until `stop`, to each instance one after the other, all instances side by side."""
        async with anyio.create_task_group() as tasks:
            for instance in self._instances:
                tasks.start_soon(self._post, instance)

    def stop(self) -> None:
        self._stop = True

    async def accepted_more(self, count: int, patience: float = PATIENCE) -> None:
        """Wait until that many more than now are accepted."""
        goal = self.total + count
        with anyio.fail_after(patience):
            while self.total < goal:
                await anyio.sleep(0.02)

    @property
    def total(self) -> int:
        return sum(len(numbers) for numbers in self.accepted.values())

    async def _post(self, instance: UUID) -> None:
        number = 0
        while not self._stop:
            status, body = await self._frontend.send(instance, str(number))
            if status == 200:
                self.accepted[instance.hex].append(number)
            else:
                self.refused.append((status, body))
            number += 1
            await anyio.sleep(0.05)


def by_instance(handed: list[Handed]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for instance, _, _, text in handed:
        numbers[instance].append(int(text))
    return numbers


async def all_handed(sender: Sender, load: Load, patience: float = PATIENCE) -> dict[str, list[int]]:
    """Wait until the engine was handed all that was accepted; everything that it was handed."""
    with anyio.fail_after(patience):
        while True:
            handed = by_instance(sender.handed())
            if all(set(numbers) <= set(handed[instance]) for instance, numbers in load.accepted.items()):
                return handed
            await anyio.sleep(0.05)


def in_order_and_once(handed: dict[str, list[int]]) -> bool:
    return all(numbers == sorted(set(numbers)) for numbers in handed.values())


async def test_valkey_away_for_ten_seconds_is_noticed_by_no_caller_and_costs_no_message(
    database: str, pool: Pool, own_valkey: Valkey, tmp_path: Path, started: Callable[[Program], None]
) -> None:
    valkey = own_valkey.start()
    frontend = Frontend(database, own_valkey.url(), tmp_path)
    sender = Sender(database, own_valkey.url(), tmp_path, REDIS_LOCK_TTL="8s")  # less than Valkey is away
    load = Load(frontend, [await insert_caller(pool) for _ in range(4)])
    started(frontend)
    started(sender)
    await frontend.ready()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(load.run)
        await load.accepted_more(20)
        await sender.handed_at_least(1)  # a program that finds no store as it starts ends
        own_valkey.stop(valkey)
        await anyio.sleep(10)
        valkey = own_valkey.start()
        await load.accepted_more(20)
        load.stop()
    handed = await all_handed(sender, load)
    own_valkey.stop(valkey)
    assert load.refused == []
    assert handed == load.accepted
    assert "uncertain" not in await statuses(pool)
    assert frontend.is_alive
    assert sender.is_alive


async def test_postgres_restarted_under_load_is_told_with_503_and_both_programs_recover(
    own_postgres: Postgres, redis_url: str, tmp_path: Path, started: Callable[[Program], None]
) -> None:
    postgres = own_postgres.start()
    await migrate(own_postgres.dsn(), shards=SHARDS)
    frontend = Frontend(own_postgres.dsn(), redis_url, tmp_path)
    sender = Sender(own_postgres.dsn(), redis_url, tmp_path, REDIS_LOCK_TTL="60s")
    pool = await open_pool(own_postgres.dsn(), 2, "test")
    load = Load(frontend, [await insert_caller(pool) for _ in range(4)])
    started(frontend)
    started(sender)
    await frontend.ready()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(load.run)
        await load.accepted_more(40)
        await sender.handed_at_least(1)  # a program that finds no store as it starts ends
        own_postgres.stop(postgres)
        with anyio.fail_after(PATIENCE):
            while len(load.refused) < 8:
                await anyio.sleep(0.02)
        postgres = own_postgres.start()
        await load.accepted_more(40)
        load.stop()
    handed = await all_handed(sender, load)
    assert {status for status, _ in load.refused} == {503}
    assert all(set(body) == {"error"} for _, body in load.refused)
    assert in_order_and_once(handed)
    assert "uncertain" not in await statuses(pool)
    assert frontend.is_alive
    assert sender.is_alive
    await pool.close()
    own_postgres.stop(postgres)


async def test_a_frontend_killed_after_the_commit_and_before_the_append_loses_nothing(
    database: str, pool: Pool, own_valkey: Valkey, tmp_path: Path, started: Callable[[Program], None]
) -> None:
    valkey = own_valkey.start()
    frontend, sender = Frontend(database, own_valkey.url(), tmp_path), Sender(database, own_valkey.url(), tmp_path)
    instance = await insert_caller(pool)
    started(frontend)
    await frontend.ready()
    own_valkey.stop(valkey)
    for number in range(5):
        status, _ = await frontend.send(instance, str(number))
        assert status == 200
    frontend.kill()
    valkey = own_valkey.start()
    redis = Redis.from_url(own_valkey.url())
    shard = await pool.fetchval("SELECT shard FROM instance")
    assert await redis.exists(keys.stream(shard, instance)) == 0
    started(sender)
    handed = await sender.handed_at_least(5)
    assert by_instance(handed) == {instance.hex: list(range(5))}
    await redis.aclose()
    own_valkey.stop(valkey)


async def test_a_frontend_killed_under_load_loses_nothing_that_it_accepted(
    database: str, pool: Pool, redis_url: str, tmp_path: Path, started: Callable[[Program], None]
) -> None:
    frontend, sender = Frontend(database, redis_url, tmp_path), Sender(database, redis_url, tmp_path)
    load = Load(frontend, [await insert_caller(pool) for _ in range(8)])
    started(frontend)
    started(sender)
    await frontend.ready()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(load.run)
        for _ in range(2):
            await load.accepted_more(60)
            frontend.kill()
            frontend.start()
            await frontend.ready()
        load.stop()
    assert in_order_and_once(await all_handed(sender, load))


async def test_a_sender_told_to_stop_leaves_nothing_in_doubt_and_doubles_nothing(
    database: str, pool: Pool, redis_url: str, tmp_path: Path, started: Callable[[Program], None]
) -> None:
    sender = Sender(database, redis_url, tmp_path, SIMULATED_LATENCY="30ms")
    instances = [await insert_instance(pool) for _ in range(10)]
    async with enqueue_on(pool, redis_url) as enqueue:
        for number in range(30):
            for instance in instances:
                await enqueue.put(new_message(instance, str(number)))
    started(sender)
    for part in (1, 2):
        await sender.handed_at_least(part * 60)
        assert sender.terminate() == 0
        assert {"sending", "uncertain"}.isdisjoint(await statuses(pool))
        assert await pool.fetchval("SELECT count(*) FROM shard WHERE node IS NOT NULL") == 0
        sender.start()
    handed = await sender.handed_at_least(300)
    assert by_instance(handed) == {instance.hex: list(range(30)) for instance in instances}
    with anyio.fail_after(PATIENCE):
        while await statuses(pool) != {"delivered": 300}:
            await anyio.sleep(0.05)


async def test_a_sender_that_stood_still_past_its_lease_sends_nothing_of_what_its_successor_has(
    database: str, pool: Pool, redis_url: str, tmp_path: Path, started: Callable[[Program], None]
) -> None:
    settings = {"SIMULATED_LATENCY": "20ms", "REDIS_LOCK_TTL": "6s"}
    first = Sender(database, redis_url, tmp_path, **settings)
    second = Sender(database, redis_url, tmp_path, "sender-2", **settings)
    instances = [await insert_instance(pool) for _ in range(5)]
    await pool.fetch(
        message.ENQUEUE,
        *message.columns_of([new_message(one, str(number)) for number in range(60) for one in instances]),
    )
    started(first)
    await first.handed_at_least(50)
    started(second)
    first.signal(signal.SIGSTOP)
    await second.handed_at_least(20)
    first.signal(signal.SIGCONT)
    with anyio.fail_after(PATIENCE):
        while {"queued", "sending"} & (await statuses(pool)).keys():
            await anyio.sleep(0.05)
    wires = Counter(wire for _, _, wire, _ in first.handed() + second.handed())
    assert max(wires.values()) == 1
    assert in_order_and_once(by_instance(second.handed()))
    # What was in the first one's hands may have left or not: it is in doubt, and it is all that is.
    doubtful = await pool.fetch("SELECT instance_id, message_id FROM message_queue WHERE status = 'uncertain'")
    assert max(Counter(row[0] for row in doubtful).values(), default=0) <= 1
    assert len(wires) >= 300 - len(doubtful)
