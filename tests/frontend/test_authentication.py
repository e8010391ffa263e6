"""Who may call: id and token, the Client-Token in the contract's words, partners, trials, and in which order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from pydantic import SecretStr

from common.clock import SystemClock
from common.postgres import Pool
from common.settings import FrontendSettings
from frontend.authentication import Authentication, Instances, Tokens
from frontend.problems import Problem
from frontend.tokens import digest
from tests.builders import insert_instance
from tests.frontend.conftest import Standing
from tests.frontend.gateway import CLIENT_TOKEN, Caller, Gateway, gateway_on

pytestmark = pytest.mark.anyio

UNKNOWN = (401, {"error": "instance not found or token not valid"})
TRIAL_OVER = (403, {"error": "the trial of this instance has ended; subscribe it to go on"})
NO_PARTNER = (401, {"error": "partner token not valid"})

END = "UPDATE instance SET due = now() - interval '1 second' WHERE id = $1"


@pytest.fixture
def gateway(standing: Standing) -> Gateway:
    return standing.gateway


@pytest.fixture
def pool(standing: Standing) -> Pool:
    return standing.pool


def told(answer: httpx2.Response) -> tuple[int, object]:
    return answer.status_code, answer.json()


# --- id and token ---


async def test_id_and_token_together_open_the_instance(caller: Caller) -> None:
    assert (await caller.get("status")).status_code == 200


async def test_the_id_may_be_spelled_in_any_usual_way(caller: Caller) -> None:
    for name in (caller.id.upper(), caller.id.lower(), str(caller.uuid), str(caller.uuid).upper()):
        assert (await Caller(caller.client, name, caller.token).get("status")).status_code == 200


async def test_a_wrong_id_and_a_wrong_token_are_refused_in_the_same_words(gateway: Gateway, caller: Caller) -> None:
    other = await gateway.create()
    for name, token in (
        (caller.id, "wrong"),
        (caller.id, caller.token.lower()),
        (caller.id, caller.token + "0"),
        (caller.id, other.token),
        (other.id, caller.token),
        (uuid4().hex, caller.token),
        ("nobody", caller.token),
        ("x" * 32, caller.token),
        ("{" + caller.id[:30] + "}", caller.token),
        (caller.id[:31] + "%00", caller.token),
        (caller.id, "%00"),
        (caller.id, "ol%C3%A1"),
        (caller.id, "%FF%FE"),
    ):
        assert told(await Caller(caller.client, name, token).get("status")) == UNKNOWN


# --- Client-Token ---


async def test_a_missing_client_token_is_null_not_allowed(caller: Caller) -> None:
    answer = await caller.client.get(f"{caller.base}/status")
    assert told(answer) == (403, {"error": "null not allowed"})


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("wrong", "wrong"),
        ("", ""),
        (CLIENT_TOKEN.upper(), CLIENT_TOKEN.upper()),
        (CLIENT_TOKEN + "x", CLIENT_TOKEN + "x"),
        ("y" * 500, "y" * 64),
    ],
)
async def test_a_wrong_client_token_is_repeated_as_not_allowed(caller: Caller, sent: str, shown: str) -> None:
    answer = await caller.get("status", headers={"Client-Token": sent})
    assert told(answer) == (403, {"error": f"{shown} not allowed"})


async def test_what_is_repeated_of_a_client_token_can_be_shown(caller: Caller) -> None:
    headers = {b"Client-Token": b"caf\xe9\x07"}
    answer = await caller.client.get(f"{caller.base}/status", headers=headers)
    assert told(answer) == (403, {"error": "caf\xe9? not allowed"})


# --- partners ---


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic partner-token-of-the-tests",
        "partner-token-of-the-tests",
        "Bearer partner-token-of-the-tests2",
        "Bearer partner-token-of-the-test",
    ],
)
async def test_a_partner_route_wants_the_partner_token(gateway: Gateway, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await gateway.client.get("/instances", headers={"Client-Token": CLIENT_TOKEN, **headers})
    assert told(answer) == NO_PARTNER
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_may_be_written_in_any_case(gateway: Gateway, scheme: str) -> None:
    answer = await gateway.client.get("/instances", headers={"Authorization": f"{scheme} partner-token-of-the-tests"})
    assert answer.status_code == 201


@pytest.mark.parametrize("token", [None, "", "  "])
async def test_without_a_partner_token_every_partner_route_is_closed(
    settings: FrontendSettings, token: str | None
) -> None:
    changed = settings.model_copy(update={"partner_auth_token": None if token is None else SecretStr(token)})
    async with gateway_on(changed) as gateway:
        for authorization in ("Bearer", "Bearer ", "Bearer   ", "Bearer partner-token-of-the-tests"):
            answer = await gateway.client.get("/instances", headers={"Authorization": authorization})
            assert told(answer) == NO_PARTNER


async def test_a_partner_needs_no_client_token_and_the_right_instance_token(gateway: Gateway, caller: Caller) -> None:
    route = "integrator/on-demand/cancel"
    assert (await gateway.as_partner("POST", f"{caller.base}/{route}")).status_code == 201
    wrong = Caller(caller.client, caller.id, "wrong")
    assert told(await gateway.as_partner("POST", f"{wrong.base}/{route}")) == UNKNOWN


async def test_the_client_token_opens_no_partner_route(caller: Caller) -> None:
    assert told(await caller.post("integrator/on-demand/cancel")) == NO_PARTNER
    answer = await caller.post("integrator/on-demand/cancel", headers={"Authorization": f"Bearer {CLIENT_TOKEN}"})
    assert told(answer) == NO_PARTNER


async def test_the_partner_token_opens_no_instance(gateway: Gateway, caller: Caller) -> None:
    answer = await gateway.as_partner("GET", f"{caller.base}/status")
    assert told(answer) == (403, {"error": "null not allowed"})


# --- trials and subscriptions ---


async def test_a_trial_that_is_over_is_refused_until_it_is_subscribed(
    gateway: Gateway, caller: Caller, pool: Pool
) -> None:
    await pool.execute(END, caller.uuid)
    assert told(await caller.send_text()) == TRIAL_OVER
    assert told(await caller.get("status")) == TRIAL_OVER
    subscribed = await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/subscription")
    assert subscribed.status_code == 201
    assert (await caller.send_text()).status_code == 200


async def test_a_canceled_subscription_ends_with_its_time(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/subscription")
    await pool.execute(END, caller.uuid)
    assert (await caller.send_text()).status_code == 200
    await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/cancel")
    assert (await caller.send_text()).status_code == 200
    await pool.execute(END, caller.uuid)
    answer = await caller.send_text()
    assert told(answer) == (403, {"error": "the subscription of this instance has ended; subscribe it to go on"})


# --- the order of the checks ---


async def test_checks_are_made_in_order_and_nobody_learns_more_than_that(caller: Caller, pool: Pool) -> None:
    """Each request has every fault from its own on; the first is the one that is told."""
    await pool.execute(END, caller.uuid)
    stranger = Caller(caller.client, caller.id, "wrong")

    async def status(who: Caller, method: str, route: str, client_token: str | None = CLIENT_TOKEN) -> int:
        headers = {"Content-Type": "text/plain", **({} if client_token is None else {"Client-Token": client_token})}
        answer = await who.client.request(method, f"{who.base}/{route}", content=b"{", headers=headers)
        return answer.status_code

    assert await status(stranger, "PUT", "send-text", None) == 401
    assert await status(stranger, "POST", "no-such-route", None) == 401
    assert await status(caller, "PUT", "send-text", None) == 403
    assert await status(caller, "PUT", "send-text", "wrong") == 403
    await pool.execute("UPDATE instance SET due = now() + interval '1 day' WHERE id = $1", caller.uuid)
    assert await status(caller, "PUT", "send-text") == 405
    assert await status(caller, "POST", "no-such-route") == 404
    assert await status(caller, "POST", "send-text") == 415
    json = {"Content-Type": "application/json"}
    assert (await caller.call("POST", "send-text", content=b"{", headers=json)).status_code == 400


# --- what is remembered of instances ---


class Instanced:
    """A pool that counts what it is asked."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.asked: list[list[UUID]] = []

    async def fetch(self, statement: str, ids: list[UUID]) -> object:
        self.asked.append(list(ids))
        return await self._pool.fetch(statement, ids)


class Lookup:
    def __init__(self, pool: Pool, lifetime: timedelta, size: int) -> None:
        self.pool = Instanced(pool)
        self.instances = Instances(self.pool, lifetime, size)  # type: ignore[arg-type]
        self._running = asyncio.ensure_future(self.instances.run())

    async def __aenter__(self) -> Instances:
        return self.instances

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])


def instances_on(pool: Pool, lifetime: float = 2.0, size: int = 100) -> Lookup:
    return Lookup(pool, timedelta(seconds=lifetime), size)


@pytest.fixture
async def lookup(pool: Pool) -> AsyncIterator[Lookup]:
    lookup = instances_on(pool)
    async with lookup:
        yield lookup


async def test_an_instance_is_read_once_for_its_lifetime(lookup: Lookup, pool: Pool) -> None:
    instance = await insert_instance(pool)
    for now in (0.0, 1.0, 1.9):
        assert await lookup.instances.get(instance.hex, now)
    assert len(lookup.pool.asked) == 1
    assert await lookup.instances.get(instance.hex, 2.1)
    assert len(lookup.pool.asked) == 2


async def test_instances_that_are_wanted_together_are_read_together(lookup: Lookup, pool: Pool) -> None:
    ids = [await insert_instance(pool) for _ in range(10)]
    found = await asyncio.gather(*(lookup.instances.get(one.hex, 0.0) for one in ids * 3))
    assert [access.id for access in found if access is not None] == ids * 3
    assert len(lookup.pool.asked) <= 2
    assert sorted(one for asked in lookup.pool.asked for one in asked) == sorted(ids)


async def test_an_instance_that_does_not_exist_is_not_remembered(lookup: Lookup) -> None:
    nobody = uuid4()
    assert await lookup.instances.get(nobody.hex, 0.0) is None
    assert await lookup.instances.get(nobody.hex, 0.0) is None
    assert len(lookup.pool.asked) == 2


async def test_what_cannot_be_an_id_is_never_asked_for(lookup: Lookup) -> None:
    for name in ("", "x", "x" * 32, "0" * 31, "0" * 37, "z" * 36):
        assert await lookup.instances.get(name, 0.0) is None
    assert lookup.pool.asked == []


async def test_the_oldest_makes_room_when_the_memory_is_full(pool: Pool) -> None:
    ids = [await insert_instance(pool) for _ in range(3)]
    lookup = instances_on(pool, size=2)
    async with lookup as instances:
        for one in ids:
            await instances.get(one.hex, 0.0)
        await instances.get(ids[2].hex, 0.0)
        await instances.get(ids[1].hex, 0.0)
        assert len(lookup.pool.asked) == 3
        await instances.get(ids[0].hex, 0.0)
        assert len(lookup.pool.asked) == 4


async def test_a_forgotten_instance_is_read_again_however_it_was_spelled(lookup: Lookup, pool: Pool) -> None:
    instance = UUID("00a1b2c3-0000-4000-8000-000000000001")
    await insert_instance(pool, id=instance)
    # Python's UUID takes the last two for the same id.
    braced = f"{{{instance.hex[:8]}-{instance.hex[8:16]}-{instance.hex[16:]}}}"
    names = [instance.hex, str(instance), instance.hex.upper(), f" {instance.hex[1:]}", braced]
    for name in names:
        await lookup.instances.get(name, 0.0)
    lookup.instances.forget(instance)
    await pool.execute("UPDATE instance SET disable_enqueue_when_disconnected = true WHERE id = $1", instance)
    for name in names:
        access = await lookup.instances.get(name, 0.0)
        assert access is not None
        assert access.disable_enqueue_when_disconnected


async def test_an_outage_is_told_to_everybody_who_waits_and_is_not_remembered(pool: Pool) -> None:
    instance = await insert_instance(pool)
    lookup = instances_on(pool)
    async with lookup as instances:
        await pool.execute("ALTER TABLE instance RENAME TO away")
        answers = await asyncio.gather(*(instances.get(instance.hex, 0.0) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(answer, Exception) for answer in answers)
        await pool.execute("ALTER TABLE away RENAME TO instance")
        assert await instances.get(instance.hex, 0.0)


async def test_a_caller_who_goes_away_takes_nothing_from_the_others(lookup: Lookup, pool: Pool) -> None:
    instance = await insert_instance(pool)
    waiting = [asyncio.ensure_future(lookup.instances.get(instance.hex, 0.0)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait(waiting)
    assert waiting[0].cancelled()
    assert all(other.result() is not None for other in waiting[1:])


async def test_a_token_is_compared_by_its_hash(pool: Pool) -> None:
    instance = await insert_instance(pool, token_hash=digest("F2A41C55B0E35D668A10C3D4"))
    async with instances_on(pool) as instances:
        guard = Authentication(instances, Tokens(b"client", None), SystemClock())
        assert (await guard.instance(instance.hex, "F2A41C55B0E35D668A10C3D4", 0.0)).id == instance
        with pytest.raises(Problem, match="token not valid"):
            await guard.instance(instance.hex, "F2A41C55B0E35D668A10C3D5", 0.0)
