"""The largest batch of numbers, through the death of the node that looks them up."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import pytest

from common.postgres import Pool
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.system.programs import Sender, let_leases_run_out
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio

LARGEST = 50_000
KNOWN = "SELECT count(*) FROM number_lookup WHERE number < '5511900050000'"
MISSES = 'session_cache_lookups_total{cache="numbers",outcome="miss"}'


@pytest.fixture
def senders(database: str, redis_url: str, tmp_path: Path) -> Iterator[tuple[Sender, Sender]]:
    # The first takes its time, so that it is surely killed before the end.
    made = [
        Sender(database, redis_url, tmp_path, name, NUMBER_LOOKUP_PAUSE=pause, NUMBER_LOOKUP_BATCH="1000")
        for name, pause in (("sender-1", "150ms"), ("sender-2", "1ms"))
    ]
    yield made[0], made[1]
    for sender in made:
        sender.kill()


async def test_fifty_thousand_numbers_are_answered_in_order_though_their_node_is_killed(
    senders: tuple[Sender, Sender], database: str, redis_url: str, pool: Pool
) -> None:
    phones = [f"55119{number:08d}" for number in range(LARGEST)]
    first, second = senders
    answers: list[httpx2.Response] = []
    async with gateway_on(settings_for(database, redis_url, number_lookup_patience=PATIENCE)) as gateway:
        caller = await gateway.create(pool)
        first.start()
        await eventually(lambda: can_look_up(caller))

        async def ask() -> None:
            answers.append(await caller.post("phone-exists-batch", {"phones": phones}, timeout=PATIENCE))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            with anyio.fail_after(PATIENCE):
                while not answers and await pool.fetchval(KNOWN) < LARGEST // 5:
                    await anyio.sleep(0.02)
            first.kill()
            known = await pool.fetchval(KNOWN)
            await let_leases_run_out(pool, redis_url)
            second.start()
    assert known < LARGEST, "the batch was over before the node was killed"
    (answer,) = answers
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [one["inputPhone"] for one in told] == phones
    assert Counter(one["exists"] for one in told) == {True: LARGEST}
    # What the first node had committed is not asked of WhatsApp again.
    assert 0 < await misses(second) <= LARGEST - known


async def can_look_up(caller: Caller) -> bool:
    return (await caller.get("phone-exists/5511988887777")).status_code == 200


async def misses(sender: Sender) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"{sender.url}/metrics")).text
    return sum(int(float(line.rpartition(" ")[2])) for line in text.splitlines() if MISSES in line)
