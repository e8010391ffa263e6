"""GET queue/{zaapId} says why a message has not gone yet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.postgres import Pool
from common.tables import shard
from tests.frontend.gateway import Caller, Gateway

pytestmark = pytest.mark.anyio

NODE = ("sender-1-abc", timedelta(seconds=60))
SET = "UPDATE message_queue SET {} WHERE zaap_id = $1::uuid"


async def own(pool: Pool, caller: Caller) -> None:
    number = await pool.fetchval("SELECT shard FROM instance WHERE id = $1", caller.uuid)
    await pool.fetch(shard.CLAIM, [number], *NODE)


async def accepted(caller: Caller, **fields: Any) -> str:
    return str((await caller.send_text(**fields)).json()["zaapId"])


async def waiting(caller: Caller, zaap_id: str) -> dict[str, Any]:
    answer = await caller.get(f"queue/{zaap_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["waiting"]
    return found


async def test_nobody_holds_the_instance(caller: Caller) -> None:
    told = await waiting(caller, await accepted(caller))
    assert (told["reason"], told["owner"], told["leaseUntil"]) == ("no-owner", None, None)


async def test_nothing_is_in_the_way_and_the_owner_is_named_with_the_age_of_its_lease(
    caller: Caller, pool: Pool
) -> None:
    await own(pool, caller)
    told = await waiting(caller, await accepted(caller))
    assert (told["reason"], told["owner"], told["epoch"], told["ahead"]) == ("soon", "sender-1-abc", 1, 0)
    assert 0 <= told["leaseAge"] < 30


async def test_the_instance_is_not_connected_since(gateway: Gateway, pool: Pool) -> None:
    caller = await gateway.create(pool, state="disconnected")
    await own(pool, caller)
    told = await waiting(caller, await accepted(caller))
    assert (told["reason"], told["sessionState"]) == ("not-connected", "disconnected")
    assert datetime.fromisoformat(told["since"]) <= datetime.now(UTC)


async def test_the_instance_is_not_linked(unlinked: Caller, pool: Pool) -> None:
    await own(pool, unlinked)
    assert (await waiting(unlinked, await accepted(unlinked)))["reason"] == "not-linked"


async def test_the_queue_is_paused_since(caller: Caller, pool: Pool) -> None:
    await own(pool, caller)
    since = (await caller.call("PUT", "queue/pause", json={"value": True})).json()["since"]
    told = await waiting(caller, await accepted(caller))
    assert (told["reason"], told["since"]) == ("paused", since)


async def test_its_time_has_not_come(caller: Caller) -> None:
    moment = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    told = await waiting(caller, await accepted(caller, scheduledFor=moment))
    assert (told["reason"], told["until"]) == ("scheduled", moment)


async def test_the_head_of_its_chat_blocks_it(caller: Caller, pool: Pool) -> None:
    await own(pool, caller)
    first, second = await accepted(caller), await accepted(caller)
    told = await waiting(caller, second)
    assert (told["reason"], told["blockedBy"], told["ahead"]) == ("head", first, 1)


async def test_messages_of_other_chats_go_first(caller: Caller, pool: Pool) -> None:
    await own(pool, caller)
    await accepted(caller)
    told = await waiting(caller, await accepted(caller, phone="5511900000009"))
    assert (told["reason"], told["blockedBy"], told["ahead"]) == ("turn", None, 1)


async def test_it_is_tried_again_later(caller: Caller, pool: Pool) -> None:
    await own(pool, caller)
    zaap_id = await accepted(caller)
    await pool.execute(SET.format("next_attempt_at = now() + interval '1 minute', attempts = 1"), zaap_id)
    told = await waiting(caller, zaap_id)
    assert told["reason"] == "retry"
    assert datetime.fromisoformat(told["until"]) > datetime.now(UTC)


async def test_the_pause_of_the_instance_is_not_over(caller: Caller, pool: Pool) -> None:
    await own(pool, caller)
    zaap_id = await accepted(caller)
    await pool.execute("INSERT INTO instance_pace VALUES ($1, now() + interval '1 minute')", caller.uuid)
    assert (await waiting(caller, zaap_id))["reason"] == "pace"


async def test_the_one_before_is_in_doubt(caller: Caller, pool: Pool) -> None:
    await own(pool, caller)
    first, second = await accepted(caller), await accepted(caller)
    doubt = "status = 'uncertain', started_at = now(), epoch = 1, node = 'x', attempts = 1, uncertain_since = now()"
    await pool.execute(SET.format(doubt), first)
    assert (await waiting(caller, first))["reason"] == "uncertain"
    told = await waiting(caller, second)
    assert (told["reason"], told["blockedBy"]) == ("doubt", first)


async def test_a_message_that_is_final_waits_for_nothing(caller: Caller) -> None:
    zaap_id = await accepted(caller)
    await caller.delete(f"queue/{zaap_id}")
    assert (await caller.get(f"queue/{zaap_id}")).json()["waiting"] is None
