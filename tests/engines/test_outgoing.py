"""Messages that fail on their way through the relay: an id never lands on another message, and nobody is held up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.addresses import Jid, user_of
from common.errors import DeliveryError, LostOwnership, NotConnected, OutcomeUnknown, Refused, TemporaryFailure
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import Account, Connected, Disconnected, Session, Taken
from tests.databases import Databases
from tests.engines.listening import Ear
from tests.engines.test_conformance import GIVEN, send
from tests.engines.worlds import NeonizeWorld, emulated, neonize_world
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.waiting import eventually, within

pytestmark = pytest.mark.anyio

NEXT = "3EB0000000000000000002"
ACK = 0.5  # seconds


@pytest.fixture(scope="module")
async def engine(emulator: EmulatorProgram, databases: Databases, anyio_backend: str) -> AsyncIterator[NeonizeEngine]:
    dsn = databases.create(migrated=False)
    patience = replace(Patience(), ack=ACK, send=1.5, between_questions=0)
    async with NeonizeEngine(f"{dsn}_whatsapp", await emulated(emulator), patience) as engine:
        yield engine
    databases.drop(dsn)


@pytest.fixture
async def world(engine: NeonizeEngine, emulator: EmulatorProgram) -> AsyncIterator[NeonizeWorld]:
    async with neonize_world(engine, emulator, "relay") as world:
        yield world
    await emulator.ask("DELETE", "faults")


class Trial:
    """One message that does not get away."""

    def __init__(self, world: NeonizeWorld, account: Account, session: Session) -> None:
        self.world = world
        self.account = account
        self.session = session
        self.contact = world.contacts[0]

    async def fault(self, kind: str, **more: object) -> None:
        await self.world.emulator.post("faults", kind=kind, phone=user_of(Jid(self.account.device)), **more)

    def begin(self, to: Jid | None = None, reached: asyncio.Event | None = None) -> asyncio.Task[object]:
        """`reached`: it waits, once its bytes could leave, until it is cancelled."""

        async def on_wire(whatsapp_id: str) -> None:
            if reached is not None:
                reached.set()
                await asyncio.Event().wait()

        return asyncio.create_task(
            self.session.send(to or self.contact, Message(conversation="hello"), id=GIVEN, on_wire=on_wire)
        )

    async def asked(self) -> bool:
        """Whether the library waits for an answer that will not come."""
        return not (await self.world.emulator.get("faults"))["faults"]


async def is_not_valid(trial: Trial) -> None:
    with pytest.raises(Refused):
        await trial.begin(Jid(f"{user_of(trial.contact)}:7@s.whatsapp.net"))


async def has_no_devices(trial: Trial) -> None:
    await trial.fault("refuse-question", xmlns="usync", code=500)
    with pytest.raises(TemporaryFailure):
        await trial.begin()


async def waits_for_devices(trial: Trial) -> None:
    await trial.fault("drop-question", xmlns="usync")
    with pytest.raises(TemporaryFailure):
        await trial.begin()


async def is_cancelled_before(trial: Trial) -> None:
    await trial.fault("drop-question", xmlns="usync")
    sending = trial.begin()
    await eventually(trial.asked)
    await _cancel(sending)


async def is_cancelled_before_and_slow(trial: Trial) -> None:
    """Its bytes are about to leave when nobody wants them any more."""
    await trial.fault("slow-question", xmlns="usync", seconds=0.5)
    sending = trial.begin()
    await eventually(trial.asked)
    await _cancel(sending)
    assert trial.session.is_connected


async def is_cancelled_at_the_last_moment(trial: Trial) -> None:
    reached = asyncio.Event()
    sending = trial.begin(reached=reached)
    await reached.wait()
    await _cancel(sending)
    assert trial.session.is_connected


async def is_forbidden(trial: Trial) -> None:
    async def on_wire(whatsapp_id: str) -> None:
        raise LostOwnership([1])

    with pytest.raises(LostOwnership):
        await trial.session.send(trial.contact, Message(conversation="hello"), id=GIVEN, on_wire=on_wire)
    assert trial.session.is_connected


async def loses_its_host(trial: Trial) -> None:
    await trial.fault("drop-question", xmlns="usync")
    sending = trial.begin()
    await eventually(trial.asked)
    for host in trial.world.engine.hosts:  # type: ignore[attr-defined]
        host.kill()
    with pytest.raises(DeliveryError) as caught:
        await sending
    assert caught.value.certain


async def finds_no_connection(trial: Trial) -> None:
    await trial.world.emulator.post("outage", is_out=True)
    await eventually(lambda: not trial.session.is_connected)
    with pytest.raises(NotConnected):
        await trial.begin()
    await trial.world.emulator.post("outage", is_out=False)


async def _cancel(sending: asyncio.Task[object]) -> None:
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


@pytest.mark.parametrize(
    "fail",
    [
        is_not_valid,
        has_no_devices,
        waits_for_devices,
        is_cancelled_before,
        is_cancelled_before_and_slow,
        is_cancelled_at_the_last_moment,
        is_forbidden,
        loses_its_host,
        finds_no_connection,
    ],
)
async def test_the_id_of_a_message_that_did_not_leave_is_taken_back(
    world: NeonizeWorld, account: Account, session: Session, fail: Callable[[Trial], Awaitable[None]]
) -> None:
    await fail(Trial(world, account, session))
    contact = world.contacts[0]
    await eventually(lambda: _sent(session, contact, "next", NEXT), 20)
    assert await world.received(contact, 1) == [(NEXT, "next")]
    await send(session, contact, "hello")
    assert await world.received(contact, 2) == [(NEXT, "next"), (GIVEN, "hello")]
    assert await traffic(world, account) == [NEXT, GIVEN]


async def _sent(session: Session, contact: Jid, text: str, whatsapp_id: str) -> bool:
    """Once the session is itself again; what surely did not leave may be tried as often as one likes."""
    try:
        await send(session, contact, text, given=whatsapp_id)
    except (NotConnected, TemporaryFailure):
        return False
    return True


async def traffic(world: NeonizeWorld, account: Account) -> list[str]:
    """The ids of all messages that the account's device put on the wire."""
    phone = user_of(Jid(account.device))
    return [each["id"] for each in (await world.emulator.get("traffic"))["messages"] if each["sender"] == phone]


async def test_a_lost_answer_costs_no_connection_and_is_not_written_again(
    world: NeonizeWorld, account: Account, session: Session, ear: Ear
) -> None:
    contact, other = world.contacts
    await send(session, other, "first", given="3EB0000000000000000003")
    await world.fail(contact, OutcomeUnknown)
    with within(ACK + 5), pytest.raises(OutcomeUnknown):
        await send(session, contact, "hello")
    with within(ACK + 5):
        await send(session, other, "next", given=NEXT)
    assert session.is_connected
    assert not ear.count(Disconnected)
    # The library waits no more, so after a reconnect it has nothing to repeat.
    await world.cut(account)
    await ear.next(Connected)
    await send(session, contact, "last", given="3EB0000000000000000004")
    assert await traffic(world, account) == [
        "3EB0000000000000000003",
        GIVEN,
        NEXT,
        "3EB0000000000000000004",
    ]


async def test_a_late_answer_settles_what_was_in_doubt(
    world: NeonizeWorld, account: Account, session: Session, ear: Ear
) -> None:
    contact = world.contacts[0]
    await Trial(world, account, session).fault("delay-ack", seconds=ACK * 2)
    with pytest.raises(OutcomeUnknown):
        await send(session, contact, "hello")
    taken = await ear.next(Taken)
    assert taken.whatsapp_id == GIVEN
    assert abs(datetime.now(UTC) - taken.at) < timedelta(minutes=1)
