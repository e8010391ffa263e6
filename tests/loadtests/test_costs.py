"""The price of a message may not rise unseen: statements are counted, processor time is held against a yardstick.

Bounds of processor time leave room for a machine where others work; what a planted burden does is shown as well.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from common.postgres import Pool, open_pool
from frontend.app import open_app
from loadtests.measure import bare
from loadtests.measure.statements import Statements
from tests.frontend.gateway import gateway_on, settings_for
from tests.loadtests import costs
from tests.sender.station import Station

pytestmark = pytest.mark.anyio

STATEMENTS_OF_ACCEPT = 1
STATEMENTS_OF_DELIVERY = 8
"""What is due, the fence and the intent, the fence and the outcome, its chat, its pace, whose message it was."""

ACCEPT_OVER_BARE = 2.2  # 1.3 to 2.1 are found
DELIVERY_OVER_PLAIN_PYTHON = 22.0  # 12 to 20 are found


@asynccontextmanager
async def station_on(dsn: str) -> AsyncIterator[Station]:
    pool = await open_pool(dsn, 10, "test")
    station = Station(pool)
    async with station.running():
        yield station
    await pool.close()


def burdened(station: Station, burden: Any) -> None:
    """`burden` is done before each message is composed."""
    compose = station.couriers._compose

    async def slower(*arguments: Any) -> Any:
        if (waiting := burden()) is not None:
            await waiting
        return await compose(*arguments)

    station.couriers._compose = slower


async def test_accepting_makes_one_statement(database: str, redis_url: str, pool: Pool) -> None:
    async with (
        Statements(database).listening() as statements,
        gateway_on(settings_for(statements.dsn, redis_url, auth_cache_ttl=60)) as gateway,
    ):
        counted = await costs.statements_of_accepts(statements, await gateway.create(pool))
        assert not (found := costs.too_many(counted, STATEMENTS_OF_ACCEPT)), found


async def test_delivering_makes_eight_statements(database: str, pool: Pool) -> None:
    async with Statements(database).listening() as statements, station_on(statements.dsn) as station:
        counted = await costs.statements_of_deliveries(statements, station, pool)
        assert not (found := costs.too_many(counted, STATEMENTS_OF_DELIVERY)), found


async def test_one_statement_more_is_noticed(database: str, pool: Pool) -> None:
    async with Statements(database).listening() as statements, station_on(statements.dsn) as station:
        burdened(station, lambda: station.pool.execute("SELECT 'one more'"))
        counted = await costs.statements_of_deliveries(statements, station, pool)
        assert "1.0 x SELECT 'one more'" in str(costs.too_many(counted, STATEMENTS_OF_DELIVERY))


async def test_accepting_costs_about_what_a_bare_app_costs(database: str, redis_url: str, pool: Pool) -> None:
    settings = settings_for(database, redis_url, auth_cache_ttl=60)
    async with gateway_on(settings) as gateway:
        path = f"{(await gateway.create(pool)).base}/send-text"
    async with open_app(settings) as app:
        yardstick = costs.accepting(bare.build(), path)
        assert await costs.lowest_ratio(costs.accepting(app, path), yardstick, ACCEPT_OVER_BARE) <= ACCEPT_OVER_BARE

        async def slower(scope: Scope, receive: Receive, send: Send) -> None:
            costs.burn(0.0001)
            await app(scope, receive, send)

        found = await costs.lowest_ratio(costs.accepting(slower, path), yardstick, ACCEPT_OVER_BARE, turns=3)
        assert found > ACCEPT_OVER_BARE, "a burden is not noticed"


async def test_delivering_costs_little_plain_python(database: str, pool: Pool) -> None:
    async with station_on(database) as station:
        turn = await costs.delivering(station, pool)
        bound = DELIVERY_OVER_PLAIN_PYTHON
        assert await costs.lowest_ratio(turn, costs.plain_python, bound) <= bound
        burdened(station, lambda: costs.burn(0.0005))
        found = await costs.lowest_ratio(turn, costs.plain_python, bound, turns=3)
        assert found > bound, "a burden is not noticed"
