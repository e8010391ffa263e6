"""The contract's calls that a session answers, made to a simulated one: each is answered as the document says."""

from collections.abc import AsyncIterator

import pytest

from common.local.valkey import Valkey
from common.postgres import open_pool
from frontend.operation import Ask
from tests.contract.remaining_routes import ROUTES, Route
from tests.contract.test_remaining_routes import OPERATIONS
from tests.databases import Databases
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.system.documented import answers_as_documented
from tests.system.programs import Sender
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

ASKED = [route for route in ROUTES if isinstance(OPERATIONS[route.method, route.path].effect, Ask)]


@pytest.fixture(scope="module")
async def caller(
    databases: Databases, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Caller]:
    dsn = databases.create()
    sender = Sender(dsn, valkey.url(), tmp_path_factory.mktemp("simulated"), WHATSAPP_WIRE="relay")
    pool = await open_pool(dsn, 2, "test")
    try:
        async with gateway_on(settings_for(dsn, valkey.url(), ask_timeout=60)) as gateway:
            caller = await gateway.create(pool)
            sender.start()

            async def is_answered() -> bool:
                return (await caller.get("phone-exists/5511988887777")).status_code == 200

            await eventually(is_answered)
            yield caller
    finally:
        sender.kill()
        await pool.close()
    databases.drop(dsn)


@pytest.mark.parametrize("route", ASKED, ids=lambda one: f"{one.method} {one.path}")
async def test_a_call_of_the_contract_is_answered_as_the_document_says(caller: Caller, route: Route) -> None:
    await answers_as_documented(caller, route)
