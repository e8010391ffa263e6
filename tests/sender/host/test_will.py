"""What a host leaves when its node dies: everything that its sessions tell and nobody made safe, once and in order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import anyio.to_thread
import pytest

from common.addresses import Jid
from sender.host.gate import Gate
from sender.host.hosted import Hosted
from sender.host.link import Link
from sender.host.will import leave_events
from sender.whatsapp.neonize.library import Library
from sender.whatsapp.neonize.protobuf import to_engine
from sender.whatsapp.neonize.store import Store
from tests.sender.host.fake_library import CONNECTED, FakeLibrary
from tests.sender.host.test_hosted import Node

pytestmark = pytest.mark.anyio

DEVICE = "5511900000001:1@s.whatsapp.net"
MESSAGE = 17


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


async def test_what_nobody_made_safe_is_left_to_the_next_owner(database: str, threads: ThreadPoolExecutor) -> None:
    store = await Store(f"{database}_whatsapp").open()
    await store.make_tables()
    library, node = FakeLibrary(), Node()
    node.session = session = Hosted("s", cast(Library, library), Gate(), cast(Link, node), threads)
    session.start(store.url, to_engine(Jid(DEVICE)), b"")
    node.next_event(CONNECTED)
    library.emit("s", MESSAGE, b"safe")
    node.next_event(MESSAGE)
    node.acknowledges = False
    for number in range(50):  # the first waits for its acknowledgement, the others in the library
        library.emit("s", MESSAGE, str(number).encode())
    node.next_event(MESSAGE)
    await anyio.to_thread.run_sync(leave_events, [session], threads.submit)
    left = await store.find_left_events(DEVICE)
    assert [(each.code, each.body) for each in left] == [(MESSAGE, str(number).encode()) for number in range(50)]
    for each in left[:49]:
        await store.forget_left_event(DEVICE, each.place)
    assert [each.body for each in await store.find_left_events(DEVICE)] == [b"49"]
    assert await store.find_left_events("5511900000001:2@s.whatsapp.net") == []
    await anyio.to_thread.run_sync(session.close)
    await store.close()


async def test_sessions_that_have_no_heirs_leave_nothing_and_hold_up_nobody(threads: ThreadPoolExecutor) -> None:
    library, node = FakeLibrary(), Node()
    node.session = pairing = Hosted("p", cast(Library, library), Gate(), cast(Link, node), threads)
    pairing.start("postgres://nobody/there", b"", b"nobody scans yet")
    node.next("qr")
    leave_events([pairing], threads.submit)
