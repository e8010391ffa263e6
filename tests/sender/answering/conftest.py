"""Instances whose sessions go directly, or through the relay."""

from collections.abc import AsyncIterator

import pytest

from common.postgres import Pool
from tests.sender.answering.chats import Desk, desk_on


@pytest.fixture
async def direct(pool: Pool) -> AsyncIterator[Desk]:
    async with desk_on(pool, "direct") as desk:
        yield desk


@pytest.fixture
async def relayed(pool: Pool) -> AsyncIterator[Desk]:
    async with desk_on(pool, "relay") as desk:
        yield desk
