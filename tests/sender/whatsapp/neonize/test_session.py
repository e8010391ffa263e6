from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import asyncpg
import pytest

from common.addresses import Jid
from common.errors import (
    DeliveryError,
    MediaAway,
    MediaNotUsable,
    NewChatLimit,
    NotConnected,
    NotOnWhatsApp,
    OutcomeUnknown,
    Refused,
    TemporaryFailure,
)
from sender.host.options import HostOptions
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.protobuf import KeepAliveTimeout
from sender.whatsapp.neonize.session import NeonizeSession
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import (
    Accepted,
    Account,
    Banned,
    Connected,
    Disconnected,
    LoggedOut,
    MediaKind,
    Outdated,
    Raw,
    ReceivedFile,
    Replaced,
)
from tests.engines.listening import Ear
from tests.sender.host.stand_in import PROGRAM
from tests.sender.whatsapp.neonize.conftest import QUICK, NewDevice
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

CHAT = Jid("5511988887777@s.whatsapp.net")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def device(new_device: NewDevice) -> str:
    return await new_device()


@pytest.fixture
async def session(engine: NeonizeEngine, ear: Ear, device: str) -> AsyncIterator[NeonizeSession]:
    session = await engine.open(Account("instance", device), ear)
    await ear.next(Connected)
    yield session
    await session.close()


class Wire:
    """Remembers the ids it is told; `objection` forbids the message to leave."""

    def __init__(self, objection: Exception | None = None) -> None:
        self.ids: list[str] = []
        self._objection = objection

    async def __call__(self, whatsapp_id: str) -> None:
        self.ids.append(whatsapp_id)
        if self._objection:
            raise self._objection


async def send(session: NeonizeSession, text: str, wire: Wire | None = None) -> Accepted:
    return await session.send(CHAT, Message(conversation=text), id="3EB0GIVEN", on_wire=wire or Wire())


async def test_a_session_says_whose_it_is(session: NeonizeSession, ear: Ear, device: str) -> None:
    assert Connected(device.partition(":")[0], "100@lid", "Ana", "fake") in ear.events
    assert session.is_connected


async def test_the_id_is_told_before_the_answer_comes(session: NeonizeSession) -> None:
    wire = Wire()
    accepted = await send(session, "hello", wire)
    assert wire.ids == [accepted.whatsapp_id]
    assert accepted.at.year == 2027


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("not on whatsapp", NotOnWhatsApp),
        ("offline", NotConnected),
        ("refused by the library", Refused),
        ("devices not found", TemporaryFailure),
        ("463", NewChatLimit),
        ("479", Refused),
        ("503", TemporaryFailure),
        ("answer lost", OutcomeUnknown),
    ],
)
async def test_an_error_says_what_is_certain(session: NeonizeSession, text: str, kind: type[DeliveryError]) -> None:
    with pytest.raises(DeliveryError) as caught:
        await send(session, text)
    assert type(caught.value) is kind


async def test_a_host_that_dies_before_the_message_left_is_certain(session: NeonizeSession, ear: Ear) -> None:
    with pytest.raises(TemporaryFailure) as caught:
        await send(session, "abort")
    assert caught.value.certain
    await ear.next(Disconnected)
    await ear.next(Connected)
    await send(session, "hello")


async def test_a_host_that_dies_after_the_message_left_leaves_its_outcome_open(
    session: NeonizeSession, ear: Ear
) -> None:
    wire = Wire()
    with pytest.raises(OutcomeUnknown):
        await send(session, "abort on wire", wire)
    assert len(wire.ids) == 1
    await ear.next(Disconnected)
    await ear.next(Connected)


async def test_a_message_whose_id_cannot_be_made_safe_does_not_leave(session: NeonizeSession, ear: Ear) -> None:
    with pytest.raises(OSError, match="the database is away"):
        await send(session, "hello", Wire(OSError("the database is away")))
    await ear.next(Disconnected)
    await ear.next(Connected)


async def test_a_message_without_an_answer_is_unknown_and_its_session_starts_anew(
    store_dsn: str, device: str, ear: Ear
) -> None:
    impatient = QUICK.__class__(send=0.2, call=5, connect=5, reconnect=0.5, close=5, first_pause=0.02)
    async with NeonizeEngine(store_dsn, HostOptions(program=PROGRAM), impatient) as engine:
        session = await engine.open(Account("instance", device), ear)
        await ear.next(Connected)
        with pytest.raises(OutcomeUnknown):
            await send(session, "no answer")
        await ear.next(Disconnected)
        await ear.next(Connected)
        await send(session, "hello")


async def test_once_an_id_comes_too_late_no_outcome_is_certain_by_its_absence(
    store_dsn: str, device: str, ear: Ear
) -> None:
    async with NeonizeEngine(store_dsn, HostOptions(program=PROGRAM), QUICK) as engine:
        session = await engine.open(Account("instance", device), ear)
        await ear.next(Connected)
        wire = Wire()
        accepted = await send(session, "untold", wire)
        assert wire.ids == [accepted.whatsapp_id]
        with pytest.raises(OutcomeUnknown):
            await send(session, "abort")


async def test_a_caller_may_give_up(session: NeonizeSession) -> None:
    with anyio.move_on_after(0.2) as scope:
        await send(session, "no answer")
    assert scope.cancelled_caught


async def test_a_session_that_was_cut_off_for_a_message_that_nobody_wants_any_more_is_made_anew(
    session: NeonizeSession, ear: Ear
) -> None:
    async def on_wire(whatsapp_id: str) -> None:
        await anyio.sleep_forever()

    with anyio.move_on_after(0.2):
        await session.send(CHAT, Message(conversation="hello"), id="3EB0GIVEN", on_wire=on_wire)
    assert (await ear.next(Disconnected)).reason == "a message was held back"
    await ear.next(Connected)
    await send(session, "hello")


async def test_a_connection_that_does_not_come_back_is_made_anew(session: NeonizeSession, ear: Ear) -> None:
    await send(session, "event 12")
    assert (await ear.next(Disconnected)).reason == "the connection broke"
    assert (await ear.next(Disconnected)).reason == "no connection in time"
    await ear.next(Connected)


async def test_a_connection_that_only_looks_well_is_made_anew(session: NeonizeSession, ear: Ear) -> None:
    missed = [KeepAliveTimeout(ErrorCount=count, LastSuccess=0).SerializeToString().hex() for count in (1, 2)]
    await send(session, f"event 4 with {missed[0]}")
    assert isinstance(await ear.next(Raw), Raw)
    assert session.is_connected
    await send(session, f"event 4 with {missed[1]}")
    assert (await ear.next(Disconnected)).reason == "WhatsApp does not answer on an open connection"
    await ear.next(Connected)


@pytest.mark.parametrize(("code", "kind"), [(6, LoggedOut), (7, Replaced), (8, Banned), (10, Outdated)])
async def test_after_an_end_nothing_is_tried_again(
    engine: NeonizeEngine, session: NeonizeSession, ear: Ear, code: int, kind: type
) -> None:
    (host,) = engine.hosts
    await send(session, f"event {code}")
    await ear.next(kind)
    with anyio.fail_after(PATIENCE):
        await host.ended()
    assert not session.is_connected
    with pytest.raises(NotConnected):
        await send(session, "hello")
    await session.close()
    assert ear.count(Connected) == 1


async def test_a_device_that_left_the_store_is_logged_out(
    session: NeonizeSession, ear: Ear, store_dsn: str, device: str
) -> None:
    connection = await asyncpg.connect(store_dsn)
    await connection.execute("DELETE FROM whatsmeow_device WHERE jid = $1", device)
    await connection.close()
    with pytest.raises(TemporaryFailure):
        await send(session, "abort")
    await ear.next(LoggedOut)


async def test_an_event_is_offered_until_it_is_safe(session: NeonizeSession, ear: Ear) -> None:
    ear.fails = 3
    await send(session, "event 17")
    await send(session, "event 21")
    assert [(await ear.next(Raw)).code for _ in range(2)] == [17, 21]


@pytest.mark.parametrize(
    ("phone", "account"),
    [
        ("5511988887777", "5511988887777@s.whatsapp.net"),
        ("5511988887778", "5511988887777@s.whatsapp.net"),
        ("5511988887771", None),
        ("5511988887770", None),
    ],
)
async def test_a_number_is_looked_up(session: NeonizeSession, phone: str, account: str | None) -> None:
    assert await session.look_up_number(phone) == account


async def test_messages_are_marked_as_read(session: NeonizeSession) -> None:
    await session.mark_read(CHAT, None, ["A", "B"])
    await session.mark_read(Jid("120363041234567890@g.us"), Jid("100@lid"), ["A"])
    with pytest.raises(NotConnected):
        await session.mark_read(CHAT, None, ["OFFLINE"])


async def test_a_call_is_rejected_by_its_id(session: NeonizeSession) -> None:
    await session.reject_call(Jid("100@lid"), "0A1B")
    with pytest.raises(Refused):
        await session.reject_call(Jid("100@lid"), "0A\0B")


async def test_an_id_with_a_space_never_reaches_the_library(session: NeonizeSession) -> None:
    with pytest.raises(Refused):
        await session.mark_read(CHAT, None, ["A B"])


async def test_typing_is_shown_and_ended(session: NeonizeSession) -> None:
    await session.show_typing(CHAT)
    await session.show_typing(CHAT, recording=True)
    await session.stop_typing(CHAT)


async def test_a_file_is_uploaded_by_the_host(session: NeonizeSession, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    uploaded = await session.upload(tmp_path / "file", MediaKind.LINK_IMAGE)
    assert (uploaded.direct_path, uploaded.length) == ("/link-image", 7)


async def test_an_upload_that_fails_may_be_tried_again(session: NeonizeSession, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"refused")
    with pytest.raises(TemporaryFailure):
        await session.upload(tmp_path / "file", MediaKind.IMAGE)
    with pytest.raises(TemporaryFailure, match="cannot be read"):
        await session.upload(tmp_path / "missing", MediaKind.IMAGE)
    assert session.is_connected


async def test_closing_twice_is_closing_once(session: NeonizeSession, ear: Ear) -> None:
    await session.close()
    await session.close()
    assert not session.is_connected
    with pytest.raises(NotConnected):
        await session.show_typing(CHAT)
    assert ear.count(Disconnected) == 0


def file_at(path: str) -> ReceivedFile:
    return ReceivedFile(MediaKind.IMAGE, path, bytes(32), bytes(32), bytes(32), 7)


async def test_a_file_is_downloaded_by_the_host(session: NeonizeSession, tmp_path: Path) -> None:
    await session.download(file_at("/it"), tmp_path / "file", 10)
    assert (tmp_path / "file").read_bytes() == b"content"
    with pytest.raises(MediaNotUsable, match="larger"):
        await session.download(file_at("/11"), tmp_path / "large", 10)
    with pytest.raises(MediaNotUsable, match="any more"):
        await session.download(file_at("/gone"), tmp_path / "gone", 10)
    with pytest.raises(MediaAway, match="written"):
        await session.download(file_at("/it"), tmp_path / "missing" / "file", 10)


async def test_a_message_does_not_wait_behind_a_file(session: NeonizeSession, tmp_path: Path) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.download, file_at("/slow"), tmp_path / "slow", 10)
        assert (await send(session, "hello")).whatsapp_id
        assert not (tmp_path / "slow").exists()
        tasks.cancel_scope.cancel()
