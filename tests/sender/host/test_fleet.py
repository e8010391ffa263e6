import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from random import Random

import anyio
import pytest

from common.clock import SystemClock
from sender.host.fleet import Fleet
from sender.host.frames import Frame
from sender.host.options import HostOptions
from sender.host.process import HostLost
from tests.sender.host.stand_in import PROGRAM
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

FleetMaker = Callable[..., Fleet]


@pytest.fixture
async def fleet_of(anyio_backend: str) -> AsyncIterator[FleetMaker]:
    fleets: list[Fleet] = []
    async with asyncio.TaskGroup() as tasks:

        def make(sessions: int, *program: str, openings: int = 100) -> Fleet:
            options = HostOptions(sessions=sessions, program=program or PROGRAM, openings=openings)
            fleets.append(Fleet(options, tasks, SystemClock(), Random(0)))
            return fleets[-1]

        yield make
        for fleet in fleets:
            await fleet.stop()


async def test_a_host_takes_as_many_sessions_as_it_may(fleet_of: FleetMaker) -> None:
    fleet = fleet_of(2)
    async with AsyncExitStack() as stack:
        seats = [await stack.enter_async_context(fleet.seat()) for _ in range(5)]
        assert [fleet.hosts.index(host) for host in seats] == [0, 0, 1, 1, 2]


async def test_a_seat_that_is_left_is_taken_again(fleet_of: FleetMaker) -> None:
    fleet = fleet_of(2)
    async with fleet.seat() as host, fleet.seat():
        pass
    async with fleet.seat() as first:
        async with fleet.seat():
            pass
        async with fleet.seat() as again:
            assert again is first
        assert fleet.hosts == (first,)
    assert first is not host


async def test_a_host_that_nobody_sits_in_ends(fleet_of: FleetMaker) -> None:
    fleet = fleet_of(2)
    async with fleet.seat() as host:
        pass
    assert not host.is_alive
    assert not host.has_died
    assert fleet.hosts == ()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
async def test_only_those_in_a_host_that_dies_notice(fleet_of: FleetMaker, number: signal.Signals) -> None:
    fleet = fleet_of(1)
    heard: list[list[Frame]] = [[], []]
    async with fleet.seat() as first, fleet.seat() as second:
        first.attach("first", heard[0].append)
        second.attach("second", heard[1].append)
        os.kill(first.pid, number)
        with anyio.fail_after(PATIENCE):
            await first.ended()
        assert heard == [[Frame("lost")], []]
        assert second.is_alive
        async with fleet.seat() as third:
            assert third.is_alive
    assert first.has_died
    assert fleet.deaths == 1


async def test_a_throw_away_host_serves_one_purpose_and_is_gone(fleet_of: FleetMaker) -> None:
    fleet = fleet_of(5)
    async with fleet.throw_away() as host, fleet.throw_away() as other:
        assert host is not other
        assert fleet.hosts == ()
    assert not host.is_alive
    assert not host.has_died


async def test_a_fleet_without_a_working_program_says_so(fleet_of: FleetMaker) -> None:
    fleet = fleet_of(2, "-c", "raise SystemExit(1)")
    with pytest.raises(HostLost):
        async with fleet.seat():
            pass
    assert fleet.hosts == ()


async def test_a_host_that_was_used_often_is_left_to_run_empty(fleet_of: FleetMaker) -> None:
    fleet = fleet_of(5, openings=3)
    async with fleet.seat() as first:
        for _ in range(2):
            async with fleet.seat() as host:
                assert host is first
        async with fleet.seat() as fresh:
            assert fresh is not first
            assert fleet.hosts == (first, fresh)
    assert not first.is_alive


async def test_who_lost_its_host_again_and_again_sits_in_ever_smaller_company(fleet_of: FleetMaker) -> None:
    fleet = fleet_of(4)
    async with AsyncExitStack() as stack:
        seats = [await stack.enter_async_context(fleet.seat(losses)) for losses in (0, 1, 2, 2, 2, 3, 3, 9)]
        assert [fleet.hosts.index(host) for host in seats] == [0, 0, 1, 1, 2, 3, 4, 5]
