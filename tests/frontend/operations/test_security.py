"""Rotation of tokens, the operator's own token, and the audit."""

from datetime import UTC, datetime, timedelta

import pytest

from common.postgres import Pool
from common.tables import retention
from tests.frontend.gateway import CLIENT_TOKEN, PARTNER_TOKEN, Caller, Gateway, gateway_on, settings_for

pytestmark = pytest.mark.anyio

ROTATE = "integrator/token/rotate"


async def rotate(gateway: Gateway, caller: Caller, **body: int) -> Caller:
    answer = await gateway.as_partner("POST", f"{caller.base}/{ROTATE}", json=body)
    assert answer.status_code == 200, answer.text
    return Caller(caller.client, caller.id, answer.json()["token"])


async def status(caller: Caller) -> int:
    return (await caller.get("queue/count")).status_code


async def test_both_tokens_open_the_instance_until_the_overlap_is_over(
    gateway: Gateway, caller: Caller, pool: Pool
) -> None:
    renewed = await rotate(gateway, caller, overlapSeconds=3600)
    assert renewed.token != caller.token
    assert (await status(caller), await status(renewed)) == (200, 200)
    await pool.execute(
        "UPDATE instance SET former_token_until = now() - interval '1 second' WHERE id = $1", caller.uuid
    )
    assert (await status(caller), await status(renewed)) == (401, 200)


async def test_a_rotation_without_overlap_ends_the_former_token_at_once(gateway: Gateway, caller: Caller) -> None:
    renewed = await rotate(gateway, caller, overlapSeconds=0)
    assert (await status(caller), await status(renewed)) == (401, 200)


async def test_of_two_rotations_only_the_last_former_token_is_good(gateway: Gateway, caller: Caller) -> None:
    second = await rotate(gateway, caller)
    third = await rotate(gateway, second)
    assert (await status(caller), await status(second), await status(third)) == (401, 200, 200)


async def test_the_partners_list_shows_the_new_token(gateway: Gateway, caller: Caller) -> None:
    renewed = await rotate(gateway, caller)
    (listed,) = (await gateway.as_partner("GET", f"/instances?query={caller.id}")).json()["content"]
    assert listed["token"] == renewed.token


async def test_a_rotation_that_does_not_say_leaves_the_former_token_a_day(gateway: Gateway, caller: Caller) -> None:
    answer = await gateway.as_partner("POST", f"{caller.base}/{ROTATE}", json={})
    left = datetime.fromisoformat(answer.json()["formerUntil"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)


async def test_an_instance_cannot_rotate_its_own_token(caller: Caller) -> None:
    assert (await caller.post(ROTATE)).status_code == 401


async def test_former_installation_tokens_are_taken_as_well(database: str, redis_url: str, pool: Pool) -> None:
    changed = settings_for(
        database, redis_url, client_auth_token="a new client token", client_auth_token_former=CLIENT_TOKEN,
        partner_auth_token="a new partner token", partner_auth_token_former=PARTNER_TOKEN,
    )  # fmt: skip
    async with gateway_on(changed) as gateway:
        caller = await gateway.create(pool)
        assert await status(caller) == 200
        assert (await caller.get("queue/count", headers={"Client-Token": "a new client token"})).status_code == 200
        new = {"Authorization": "Bearer a new partner token"}
        assert (await gateway.client.get("/instances", headers=new)).status_code == 201


async def test_the_operators_routes_have_a_token_of_their_own(database: str, redis_url: str) -> None:
    async with gateway_on(settings_for(database, redis_url, admin_auth_token="the operator's token")) as gateway:
        for path in ("/nodes", "/audit"):
            assert (await gateway.as_partner("GET", path)).status_code == 401
            own = await gateway.client.get(path, headers={"Authorization": "Bearer the operator's token"})
            assert own.status_code == 200
        other = await gateway.client.get("/instances", headers={"Authorization": "Bearer the operator's token"})
        assert other.status_code == 401


async def test_every_change_leaves_a_row_and_no_secret(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    await rotate(gateway, caller, overlapSeconds=0)
    await gateway.as_partner("POST", "/nodes/drain")  # refused: no change
    changes = (await gateway.as_partner("GET", "/audit")).json()["changes"]
    assert [(each["actor"], each["action"].rpartition("/")[2], each["instanceId"]) for each in changes[:2]] == [
        ("partner", "rotate", caller.id),
        ("partner", "on-demand", None),
    ]
    assert changes[0]["address"] == "127.0.0.1"
    stored = str(await pool.fetch("SELECT * FROM audit"))
    assert caller.token not in stored


async def test_sends_and_questions_are_no_changes(caller: Caller, pool: Pool) -> None:
    before = await pool.fetchval("SELECT count(*) FROM audit")
    await caller.send_text()
    await caller.get("queue")
    assert await pool.fetchval("SELECT count(*) FROM audit") == before
    await caller.delete("queue")
    assert await pool.fetchval("SELECT actor FROM audit ORDER BY id DESC LIMIT 1") == "client"


async def test_the_audit_is_read_page_by_page(gateway: Gateway, caller: Caller) -> None:
    for _ in range(3):
        await caller.delete("queue")
    asked = f"/audit?pageSize=2&instanceId={caller.id}"
    first = (await gateway.as_partner("GET", asked)).json()
    second = (await gateway.as_partner("GET", f"{asked}&before={first['before']}")).json()
    assert len(first["changes"]) == 2
    assert len(second["changes"]) == 1
    assert second["before"] is None


async def test_old_rows_of_the_audit_are_forgotten(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    day = timedelta(days=1)
    await pool.execute("UPDATE audit SET at = now() - interval '91 days'")
    await caller.delete("queue")
    await retention.clean(pool, datetime.now(UTC), day, day, day, 90 * day)
    assert await pool.fetchval("SELECT count(*) FROM audit") == 1
