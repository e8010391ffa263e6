import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import cast
from uuid import uuid4

import pytest

from common.errors import NotConnected
from common.tables.session import SessionOwner
from sender.profiles import AGAIN, LATEST, PRESENTLY, SOONEST, ProfileReader
from sender.whatsapp.session import Profile, Session
from tests.clock import ManualClock
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

OWNER = SessionOwner(uuid4(), 7, "5511900000001:1@s.whatsapp.net", "name", "session name")
PROFILE = Profile("Ana", "busy", "https://pictures.invalid/1")


class Account:
    """A session with a profile."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_connected = True

    async def profile(self) -> Profile:
        self.asked += 1
        if not self.is_connected:
            raise NotConnected
        return PROFILE

    async def change_name(self, name: str) -> None: ...
    async def change_about(self, about: str) -> None: ...
    async def change_picture(self, jpeg: bytes) -> None: ...


class Reading:
    def __init__(self, clock: ManualClock) -> None:
        self.written: list[Profile] = []
        self.account = Account()
        self.reader = ProfileReader(self._write, clock, Random(1))

    def connected(self) -> None:
        self.reader.connected(OWNER, cast(Session, self.account))

    async def _write(self, owner: SessionOwner, profile: Profile) -> None:
        self.written.append(profile)


@pytest.fixture
async def reading(clock: ManualClock, anyio_backend: str) -> AsyncIterator[Reading]:
    reading = Reading(clock)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(reading.reader.run())
        await asyncio.sleep(0)
        yield reading
        task.cancel()


async def test_a_profile_is_read_some_time_after_the_connection(reading: Reading, clock: ManualClock) -> None:
    reading.connected()
    assert SOONEST <= await clock.until_asleep() <= LATEST
    assert reading.account.asked == 0
    clock.move(LATEST)
    await eventually(lambda: reading.written == [PROFILE])


async def test_reconnects_ask_nothing_for_a_while(reading: Reading, clock: ManualClock) -> None:
    reading.connected()
    await clock.until_asleep()
    clock.move(LATEST)
    await eventually(lambda: reading.account.asked == 1)
    reading.connected()
    assert clock.wakes_at == []
    clock.move(AGAIN)
    reading.connected()
    await clock.until_asleep()


async def test_a_profile_that_could_not_be_read_is_read_after_the_next_connection(
    reading: Reading, clock: ManualClock
) -> None:
    reading.account.is_connected = False
    reading.connected()
    await clock.until_asleep()
    clock.move(LATEST)
    await eventually(lambda: reading.account.asked == 1)
    reading.account.is_connected = True
    reading.connected()
    await clock.until_asleep()
    clock.move(LATEST)
    await eventually(lambda: reading.written == [PROFILE])


async def test_a_session_without_a_profile_is_not_asked(reading: Reading, clock: ManualClock) -> None:
    reading.reader.connected(OWNER, cast(Session, object()))
    assert clock.wakes_at == []


async def test_a_change_is_looked_at_at_once_and_many_of_them_once(reading: Reading, clock: ManualClock) -> None:
    reading.connected()
    await clock.until_asleep()
    clock.move(LATEST)
    await eventually(lambda: reading.account.asked == 1)
    for _ in range(3):
        reading.reader.changed(OWNER, cast(Session, reading.account))
    assert await clock.until_asleep() == PRESENTLY
    clock.move(PRESENTLY)
    await eventually(lambda: reading.account.asked == 2)
