import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import pytest

from sender.host.frames import Frame
from sender.host.options import HostOptions
from sender.host.process import HostLost, HostProcess
from sender.whatsapp.protobuf import Message
from tests.sender.host.stand_in import PROGRAM
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

LINKED = {"store": "postgres://store", "device": "", "properties": ""}


@pytest.fixture
async def host(anyio_backend: str) -> AsyncIterator[HostProcess]:
    host = await HostProcess.start(HostOptions(program=PROGRAM))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.run)
        yield host
        await host.stop()


def text(conversation: str) -> bytes:
    body: bytes = Message(conversation=conversation).SerializeToString()
    return body


async def test_a_host_says_which_library_it_loaded(host: HostProcess) -> None:
    assert await host.ready() == "fake"


async def test_a_session_that_is_unknown_is_not_ready(host: HostProcess) -> None:
    answer = await host.call("send", {"session": "none", "to": ""}, text("hello"), timeout=PATIENCE)
    assert answer.fields["error"] == "not-ready"


async def test_calls_and_sessions_hear_of_a_host_that_dies(host: HostProcess) -> None:
    heard: list[Frame] = []
    name = host.name_for("instance")
    host.attach(name, heard.append)
    await host.ready()
    os.kill(host.pid, signal.SIGSTOP)
    call = host.begin("schema", {"store": "postgres://"})
    host.kill()
    with pytest.raises(HostLost):
        await call.next()
    assert heard == [Frame("lost")]
    assert not host.is_alive
    assert host.has_died


async def test_a_dead_host_takes_no_call_and_no_session(host: HostProcess) -> None:
    await host.ready()
    await host.stop()
    heard: list[Frame] = []
    host.attach("late", heard.append)
    assert heard == [Frame("lost")]
    with pytest.raises(HostLost):
        await host.call("schema", {"store": ""}, timeout=PATIENCE)
    assert not host.has_died


async def test_a_host_that_cannot_start_is_lost(anyio_backend: str) -> None:
    host = await HostProcess.start(HostOptions(program=("-c", "raise SystemExit(3)")))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.run)
        with pytest.raises(HostLost):
            await host.ready()


async def test_a_host_whose_node_is_gone_ends_by_itself(host: HostProcess) -> None:
    await host.ready()
    host._writer.transport.abort()
    with anyio.fail_after(PATIENCE):
        await host._process.wait()


async def test_a_host_that_hangs_is_ended(anyio_backend: str) -> None:
    host = await HostProcess.start(HostOptions(program=PROGRAM, pulse=0.05, pulse_patience=0.3))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.run)
        # A machine that stands still for a moment looks the same, and then it is ended for that.
        with suppress(HostLost, ProcessLookupError):
            await host.ready()
            os.kill(host.pid, signal.SIGSTOP)
        with anyio.fail_after(PATIENCE):
            await host.ended()
    assert host.has_died


async def test_a_host_that_answers_lives(anyio_backend: str) -> None:
    host = await HostProcess.start(HostOptions(program=PROGRAM, pulse=0.01, pulse_patience=5))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.run)
        await host.ready()
        for _ in range(20):
            await host.call("ping", {}, timeout=PATIENCE)
        assert host.is_alive
        await host.stop()


async def test_a_host_that_fails_says_why_and_ends(anyio_backend: str) -> None:
    host = await HostProcess.start(HostOptions(program=PROGRAM))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.run)
        await host.ready()
        host.tell(Frame("nonsense"))
        with anyio.fail_after(PATIENCE):
            await host.ended()
    assert host.has_died
    assert any("KeyError: 'nonsense'" in line for line in host._said)
