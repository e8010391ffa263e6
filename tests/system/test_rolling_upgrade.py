"""Programs are replaced one by one, under a schema that is newer than they are, while messages flow."""

import asyncio
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import anyio
import pytest

from common.postgres import Pool
from common.schema import FOLDER, migrate
from tests.builders import insert_instance, new_message
from tests.databases import SHARDS
from tests.system.programs import Sender, enqueue_on, statuses
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio

# What a later version may do before its roll-out: everything that is written to gets more columns.
LATER = """-- before: what a later version brings
ALTER TABLE instance ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE message_queue ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE message_history ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE message_attempt ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE message_dead_letter ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE idempotency ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE event ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE shard ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE node ADD COLUMN later text NOT NULL DEFAULT 'x';
ALTER TABLE media ADD COLUMN later text NOT NULL DEFAULT 'x';
CREATE TABLE later (id bigint PRIMARY KEY);
"""
MESSAGES, INSTANCES = 30, 4


async def test_nothing_is_lost_doubled_or_reordered_by_an_upgrade(
    database: str, redis_url: str, pool: Pool, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    (folder / "9999_later.sql").write_text(LATER)
    instances = [await insert_instance(pool) for _ in range(INSTANCES)]
    first = Sender(database, redis_url, tmp_path, "sender-1")
    second = Sender(database, redis_url, tmp_path, "sender-2")
    try:
        first.start()
        async with enqueue_on(pool, redis_url) as enqueue:

            async def post(numbers: range) -> None:
                for number in numbers:
                    for instance in instances:
                        await enqueue.put(new_message(instance, str(number)))

            await post(range(MESSAGES // 3))
            await first.handed_at_least(1)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(post(range(MESSAGES // 3, 2 * MESSAGES // 3)))
                assert await migrate(database, shards=SHARDS, folder=folder) == ["9999_later"]
            second.start()
            await eventually(lambda: owned(pool, "sender-2"))
            await anyio.to_thread.run_sync(drain, first)
            assert not await owned(pool, "sender-1")
            assert first.terminate() == 0
            await post(range(2 * MESSAGES // 3, MESSAGES))
        await eventually(lambda: is_done(pool))
    finally:
        first.kill()
        second.kill()
    by_instance: dict[str, list[int]] = defaultdict(list)
    # The first had all of them handed over before the second began with the same instance.
    for instance, _, _, text in [*first.handed(), *second.handed()]:
        by_instance[instance].append(int(text))
    assert {name: numbers == list(range(MESSAGES)) for name, numbers in by_instance.items()} == {
        instance.hex: True for instance in instances
    }
    assert second.handed()


async def owned(pool: Pool, name: str) -> int:
    statement = "SELECT count(*) FROM shard WHERE node LIKE $1 || '-%' AND lease_until > now()"
    return int(await pool.fetchval(statement, name))


async def is_done(pool: Pool) -> bool:
    return (await statuses(pool)) == {"delivered": MESSAGES * INSTANCES}


def drain(sender: Sender) -> None:
    """What the hook of its pod runs."""
    subprocess.run([sys.executable, "-m", "sender.drain"], env=sender.environment, check=True, timeout=PATIENCE)
