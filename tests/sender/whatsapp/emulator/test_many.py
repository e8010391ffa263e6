"""Many accounts at once: nobody gets what is meant for another, and all of it is there after a restart."""

from pathlib import Path

import pytest

from sender.whatsapp.emulator.server import Server, build
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import add_account

pytestmark = pytest.mark.anyio

ACCOUNTS = 200


def phone_of(number: int) -> str:
    return f"55118000{number % ACCOUNTS:05}"


@pytest.fixture
async def ring(server: Server) -> list[Companion]:
    """A linked companion for each account."""
    for number in range(ACCOUNTS):
        add_account(server, phone_of(number))
    return [await linked(server, phone_of(number)) for number in range(ACCOUNTS)]


async def test_each_of_many_writes_to_the_next(server: Server, ring: list[Companion], folder: Path) -> None:
    for number, companion in enumerate(ring):
        companion.send(lid_of(server, phone_of(number + 1)), f"from {number}")
    expected = [[f"from {(number - 1) % ACCOUNTS}"] for number in range(ACCOUNTS)]
    assert [companion.texts() for companion in ring] == expected
    server.database.close()
    again = build(folder)
    # The phone of each account has what it got, and what its own companion wrote.
    kept = [
        [each.text for each in again.inbox.of(phone_of(number)) if each.sender != phone_of(number)]
        for number in range(ACCOUNTS)
    ]
    assert kept == expected
    again.database.close()
