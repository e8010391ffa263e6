"""How many requests an instance or an address may make."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from common import keys
from common.doorbell import writer
from common.postgres import Pool
from common.settings import Rate, parse_rate
from frontend.problems import Problem
from frontend.rates import RateLimits, Rates
from tests.frontend.gateway import gateway_on, settings_for

pytestmark = pytest.mark.anyio


async def test_a_budget_is_used_up_and_fills_again(redis: Redis) -> None:
    rates = Rates(redis, RateLimits(address=Rate(3, timedelta(minutes=1))))
    for _ in range(3):
        await rates.of_address("192.0.2.1")
    with pytest.raises(Problem) as refused:
        await rates.of_address("192.0.2.1")
    assert refused.value.status == 429
    ((name, seconds),) = refused.value.headers
    assert name == b"retry-after"
    assert 1 <= int(seconds) <= 20
    # A third of the time later there is one again.
    full = float(await redis.get(keys.rate("address", "192.0.2.1")))
    await redis.set(keys.rate("address", "192.0.2.1"), full - 20_000)
    await rates.of_address("192.0.2.1")
    with pytest.raises(Problem):
        await rates.of_address("192.0.2.1")


async def test_each_address_has_a_budget_of_its_own_and_leaves_nothing_behind(redis: Redis) -> None:
    rates = Rates(redis, RateLimits(address=Rate(1, timedelta(minutes=1))))
    await rates.of_address("192.0.2.1")
    await rates.of_address("192.0.2.2")
    assert 0 < await redis.pttl(keys.rate("address", "192.0.2.1")) <= 60_000


async def test_without_redis_everybody_is_let_through(unused_port: int) -> None:
    client = writer(f"redis://127.0.0.1:{unused_port}/0")
    rates = Rates(client, RateLimits(instance=Rate(1, timedelta(minutes=1))))
    await rates.of_instance("a")
    await rates.of_instance("a")
    await client.aclose()


async def test_an_instance_above_its_rate_is_told_when_to_come_again(database: str, redis_url: str, pool: Pool) -> None:
    async with gateway_on(settings_for(database, redis_url, rate_limit_instance="2/1m")) as gateway:
        caller, other = await gateway.create(pool), await gateway.create(pool)
        assert [(await caller.get("queue/count")).status_code for _ in range(3)] == [200, 200, 429]
        assert (await caller.send_text()).headers["retry-after"]
        assert (await other.send_text()).status_code == 200


@pytest.mark.parametrize("text", ["100", "0/1s", "x/1s", "1/x", "-1/1s", "1/0s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|duration"):
        parse_rate(text)


def test_a_rate_is_an_amount_in_a_time() -> None:
    assert parse_rate("600/1m") == Rate(600, timedelta(minutes=1))
    assert parse_rate(" ") is None
