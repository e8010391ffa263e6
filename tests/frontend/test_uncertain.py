"""Messages in doubt over the API: the instance's policy, and one decided by hand."""

import orjson
import pytest

from common.postgres import Pool
from tests.frontend.gateway import Caller

pytestmark = pytest.mark.anyio

EVENTS = "SELECT body FROM event WHERE instance_id = $1 ORDER BY seq"
DOUBT = """
    UPDATE message_queue
    SET status = 'uncertain', started_at = now(), epoch = 1, node = 'x', attempts = 3, uncertain_since = now()
    WHERE zaap_id = $1::uuid"""


async def in_doubt(caller: Caller, pool: Pool) -> str:
    zaap_id = (await caller.send_text()).json()["zaapId"]
    await pool.execute(DOUBT, zaap_id)
    return str(zaap_id)


async def test_the_policy_is_hold_until_it_is_set(caller: Caller) -> None:
    assert (await caller.get("uncertain-policy")).json() == {"value": "hold"}
    for value in ("resend", "assume-sent", "hold"):
        answer = await caller.call("PUT", "uncertain-policy", json={"value": value})
        assert (answer.status_code, answer.json()) == (200, {"value": value})
        assert (await caller.get("uncertain-policy")).json() == {"value": value}


async def test_an_id_is_had_again_only_through_the_relay(caller: Caller, pool: Pool) -> None:
    answer = await caller.call("PUT", "uncertain-policy", json={"value": "resend-same-id"})
    assert (answer.status_code, "relay" in answer.json()["error"]) == (409, True)
    await pool.execute("UPDATE instance SET wire = 'relay' WHERE id = $1", caller.uuid)
    answer = await caller.call("PUT", "uncertain-policy", json={"value": "resend-same-id"})
    assert (answer.status_code, answer.json()) == (200, {"value": "resend-same-id"})


async def test_an_unknown_policy_is_refused(caller: Caller) -> None:
    assert (await caller.call("PUT", "uncertain-policy", json={"value": "guess"})).status_code == 400


@pytest.mark.parametrize(("outcome", "status"), [("sent", "sent"), ("failed", "failed"), ("resend", "retrying")])
async def test_one_message_is_settled_by_hand(caller: Caller, pool: Pool, outcome: str, status: str) -> None:
    zaap_id = await in_doubt(caller, pool)
    answer = await caller.post(f"queue/{zaap_id}/settle", {"outcome": outcome})
    assert (answer.status_code, answer.json()) == (200, {"zaapId": zaap_id, "outcome": outcome})
    story = (await caller.get(f"queue/{zaap_id}")).json()
    assert story["status"] == status


@pytest.mark.parametrize(("outcome", "bodies"), [("sent", 2), ("failed", 1), ("resend", 0)])
async def test_what_is_settled_by_hand_is_told(caller: Caller, pool: Pool, outcome: str, bodies: int) -> None:
    await caller.call("PUT", "update-every-webhooks", json={"value": "https://hooks.example.com/zap"})
    zaap_id = await in_doubt(caller, pool)
    await caller.post(f"queue/{zaap_id}/settle", {"outcome": outcome})
    told = [orjson.loads(row[0]) for row in await pool.fetch(EVENTS, caller.uuid)]
    assert len(told) == bodies
    if told:
        assert (told[0]["type"], told[0]["zaapId"]) == ("DeliveryCallback", zaap_id)
        assert ("error" in told[0]) is (outcome == "failed")
    if outcome == "sent":
        assert (told[1]["type"], told[1]["status"]) == ("MessageStatusCallback", "SENT")


async def test_only_what_is_in_doubt_can_be_settled(caller: Caller, pool: Pool) -> None:
    zaap_id = (await caller.send_text()).json()["zaapId"]
    assert (await caller.post(f"queue/{zaap_id}/settle", {"outcome": "sent"})).status_code == 409
    assert (await caller.post(f"queue/{'0' * 32}/settle", {"outcome": "sent"})).status_code == 404
    assert (await caller.post("queue/nonsense/settle", {"outcome": "sent"})).status_code == 404
    assert (await caller.post(f"queue/{zaap_id}/settle", {"outcome": "maybe"})).status_code == 400
