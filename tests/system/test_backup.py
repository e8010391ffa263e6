"""A dump of the main database, restored elsewhere, goes on where it was."""

import subprocess
from pathlib import Path

import anyio
import asyncpg
import pytest

from common.local.postgres import find_binaries
from common.postgres import Pool
from tests.builders import insert_instance, new_message
from tests.system.programs import Sender, enqueue_on, statuses
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio


async def test_a_restored_queue_is_delivered_and_a_finished_message_not_again(
    database: str, empty_database: str, redis_url: str, pool: Pool, tmp_path: Path
) -> None:
    instance = await insert_instance(pool)
    sender = Sender(database, redis_url, tmp_path, "before")
    async with enqueue_on(pool, redis_url) as enqueue:
        sender.start()
        await enqueue.put(new_message(instance, "finished before"))
        await eventually(lambda: statuses_are(pool, {"delivered": 1}))
        sender.terminate()
        await enqueue.put(new_message(instance, "waiting"))
        await enqueue.put(new_message(instance, "waiting too"))

    await anyio.to_thread.run_sync(copy, database, empty_database, tmp_path / "pombo.dump")

    restored = Sender(empty_database, redis_url, tmp_path, "after")
    try:
        restored.start()
        handed = await restored.handed_at_least(2)
    finally:
        restored.kill()
    assert [text for *_, text in handed] == ["waiting", "waiting too"]
    connection = await asyncpg.connect(empty_database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM schema_migration") == await pool.fetchval(
            "SELECT count(*) FROM schema_migration"
        )
    finally:
        await connection.close()


def copy(source: str, target: str, dump: Path) -> None:
    tools = find_binaries()
    subprocess.run([tools / "pg_dump", "-Fc", "-f", dump, source], check=True, timeout=PATIENCE)
    subprocess.run([tools / "pg_restore", "--no-owner", "-d", target, dump], check=True, timeout=PATIENCE)


async def statuses_are(pool: Pool, expected: dict[str, int]) -> bool:
    return (await statuses(pool)) == expected
