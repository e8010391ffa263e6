"""Dead letters: listed page by page, and put back at the tail of the queue."""

import pytest
from redis.asyncio import Redis

from common import keys
from common.postgres import Pool
from common.tables.instance import shard_of
from tests.databases import SHARDS
from tests.frontend.gateway import Caller, Gateway
from tests.frontend.outcomes import Outcomes

pytestmark = pytest.mark.anyio


@pytest.fixture
async def failed(caller: Caller, outcomes: Outcomes) -> list[str]:
    """The zaapIds of five dead letters, `0` to `4`."""
    ids = [(await caller.send_text(str(number))).json()["zaapId"] for number in range(5)]
    for zaap_id in ids:
        await outcomes.fail(zaap_id)
    return ids


async def waiting(caller: Caller) -> list[str]:
    return [message["Message"] for message in (await caller.post("queue")).json()["messages"]]


async def letters(caller: Caller) -> list[str]:
    return [letter["message"] for letter in (await caller.get("dead-letters")).json()["messages"]]


async def test_a_dead_letter_tells_what_it_was_and_why_it_failed(caller: Caller, failed: list[str]) -> None:
    page = (await caller.get("dead-letters?pageSize=1")).json()
    letter = page["messages"][0]
    assert letter.pop("acceptedAt") <= letter.pop("failedAt")
    assert letter.pop("messageId").startswith("3EB0")
    assert letter == {
        "zaapId": failed[0],
        "kind": "text",
        "phone": "5511988887777",
        "message": "0",
        "attempts": 1,
        "maxAttempts": 3,
        "node": "sender-1",
        "error": "The number has no WhatsApp account.",
        "errorClass": "not-on-whatsapp",
    }


@pytest.mark.usefixtures("failed")
async def test_pages_together_are_all_dead_letters_the_oldest_first(caller: Caller) -> None:
    found: list[str] = []
    asked: dict[str, str | int] = {"pageSize": 2}
    while True:
        page = (await caller.get("dead-letters", params=asked)).json()
        found += [letter["message"] for letter in page["messages"]]
        assert page["hasMore"] is (page["pagingState"] is not None)
        if not page["hasMore"]:
            break
        asked["pagingState"] = page["pagingState"]
    assert found == ["0", "1", "2", "3", "4"]


async def test_without_dead_letters_the_page_is_empty(caller: Caller) -> None:
    assert (await caller.get("dead-letters")).json() == {"messages": [], "pagingState": None, "hasMore": False}


async def test_one_dead_letter_goes_back_to_the_tail(caller: Caller, failed: list[str]) -> None:
    await caller.send_text("newer")
    answer = await caller.post(f"dead-letters/{failed[2]}/replay")
    assert (answer.status_code, answer.json()) == (200, {"replayed": 1, "hasMore": False})
    assert await waiting(caller) == ["newer", "2"]
    assert await letters(caller) == ["0", "1", "3", "4"]


async def test_all_go_back_in_their_order(caller: Caller, failed: list[str]) -> None:
    answer = await caller.post("dead-letters/replay")
    assert answer.json() == {"replayed": len(failed), "hasMore": False}
    assert await waiting(caller) == ["0", "1", "2", "3", "4"]
    assert await letters(caller) == []
    assert (await caller.post("dead-letters/replay")).json() == {"replayed": 0, "hasMore": False}


async def test_a_replayed_message_keeps_its_ids_and_its_past(
    caller: Caller, failed: list[str], outcomes: Outcomes
) -> None:
    before = (await caller.get(f"queue/{failed[0]}")).json()
    await caller.post(f"dead-letters/{failed[0]}/replay")
    story = (await caller.get(f"queue/{failed[0]}")).json()
    assert (story["status"], story["replays"], story["error"]) == ("pending", 1, None)
    assert (story["zaapId"], story["messageId"]) == (before["zaapId"], before["messageId"])
    assert [one["outcome"] for one in story["attempts"]] == ["failed"]

    await outcomes.fail(failed[0], "again")
    await caller.post(f"dead-letters/{failed[0]}/replay")
    await outcomes.send(failed[0])
    story = (await caller.get(f"queue/{failed[0]}")).json()
    assert (story["status"], story["replays"]) == ("sent", 2)
    assert [one["outcome"] for one in story["attempts"]] == ["failed", "failed", "sent"]


async def test_a_replay_is_announced_to_the_owner(caller: Caller, failed: list[str], redis: Redis, pool: Pool) -> None:
    stream = keys.stream(shard_of(caller.uuid, SHARDS), caller.uuid)
    await redis.delete(stream)
    await caller.post(f"dead-letters/{failed[0]}/replay")
    number = await pool.fetchval("SELECT id FROM message_queue WHERE zaap_id = $1::uuid", failed[0])
    assert [int(fields[b"id"]) for _, fields in await redis.xrange(stream)] == [number]


@pytest.mark.parametrize("key", ["0" * 32, "x", "%00", "5511988887777"])
async def test_what_is_no_dead_letter_cannot_be_replayed(caller: Caller, key: str) -> None:
    answer = await caller.post(f"dead-letters/{key}/replay")
    assert (answer.status_code, answer.json()) == (404, {"error": "dead letter not found"})


async def test_what_still_waits_is_no_dead_letter(caller: Caller) -> None:
    zaap_id = (await caller.send_text()).json()["zaapId"]
    assert (await caller.post(f"dead-letters/{zaap_id}/replay")).status_code == 404
    assert len(await waiting(caller)) == 1


async def test_an_instance_replays_only_its_own(gateway: Gateway, caller: Caller, failed: list[str]) -> None:
    other = await gateway.create()
    assert (await other.post(f"dead-letters/{failed[0]}/replay")).status_code == 404
    assert (await other.post("dead-letters/replay")).json() == {"replayed": 0, "hasMore": False}
    assert len(await letters(caller)) == 5
