"""Messages in doubt over the API: the instance's policy, and one decided by hand."""

import pytest

from common.postgres import Pool
from tests.frontend.gateway import Caller

pytestmark = pytest.mark.anyio

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


async def test_an_unknown_policy_is_refused(caller: Caller) -> None:
    assert (await caller.call("PUT", "uncertain-policy", json={"value": "guess"})).status_code == 400


@pytest.mark.parametrize(("outcome", "status"), [("sent", "sent"), ("failed", "failed"), ("resend", "retrying")])
async def test_one_message_is_settled_by_hand(caller: Caller, pool: Pool, outcome: str, status: str) -> None:
    zaap_id = await in_doubt(caller, pool)
    answer = await caller.post(f"queue/{zaap_id}/settle", {"outcome": outcome})
    assert (answer.status_code, answer.json()) == (200, {"zaapId": zaap_id, "outcome": outcome})
    story = (await caller.get(f"queue/{zaap_id}")).json()
    assert story["status"] == status


async def test_only_what_is_in_doubt_can_be_settled(caller: Caller, pool: Pool) -> None:
    zaap_id = (await caller.send_text()).json()["zaapId"]
    assert (await caller.post(f"queue/{zaap_id}/settle", {"outcome": "sent"})).status_code == 409
    assert (await caller.post(f"queue/{'0' * 32}/settle", {"outcome": "sent"})).status_code == 404
    assert (await caller.post("queue/nonsense/settle", {"outcome": "sent"})).status_code == 404
    assert (await caller.post(f"queue/{zaap_id}/settle", {"outcome": "maybe"})).status_code == 400
