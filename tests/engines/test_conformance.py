"""What every engine does, run on each of them."""

import pytest

from common.addresses import without_device
from common.errors import DeliveryError, NewChatLimit, NotConnected, OutcomeUnknown, Refused, TemporaryFailure
from sender.whatsapp.engine_events import CallOffer, EventCode, ReceivedMessage, address
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import (
    Accepted,
    Account,
    Banned,
    Calls,
    Connected,
    Disconnected,
    Event,
    LoggedOut,
    Outdated,
    QrCode,
    Raw,
    ReadMarks,
    Receipts,
    Replaced,
    Session,
)
from tests.engines.listening import Ear
from tests.engines.worlds import INSTANCE, World

pytestmark = pytest.mark.anyio

GIVEN = "3EB0000000000000000001"


async def send(session: Session, to: str, text: str, told: list[str] | None = None, given: str = GIVEN) -> Accepted:
    async def on_wire(whatsapp_id: str) -> None:
        if told is not None:
            told.append(whatsapp_id)

    return await session.send(to, Message(conversation=text), id=given, on_wire=on_wire)  # type: ignore[arg-type]


async def test_a_pairing_shows_a_code_first(world: World) -> None:
    async for step in world.engine.pair(INSTANCE, "Pombo"):
        assert isinstance(step, QrCode)
        assert step.text
        break


async def test_a_linked_device_connects_and_says_whose_it_is(session: Session, account: Account, ear: Ear) -> None:
    assert session.is_connected
    (connected,) = (event for event in ear.events if isinstance(event, Connected))
    assert account.device.startswith(f"{connected.phone}:")


async def test_a_device_connects_again_without_a_new_code(
    world: World, session: Session, account: Account, ear: Ear
) -> None:
    await session.close()
    again = await world.engine.open(account, ear)
    await ear.next(Connected)
    await send(again, world.contacts[0], "hello")
    await again.close()


async def test_a_text_arrives_as_it_was_given(world: World, session: Session) -> None:
    text = "Olá 👋🏽\nline two\n\n  — fim"
    accepted = await send(session, world.contacts[0], text)
    assert await world.received(world.contacts[0], 1) == [(accepted.whatsapp_id, text)]


async def test_the_id_on_the_wire_is_the_given_or_the_told_one(world: World, session: Session) -> None:
    told: list[str] = []
    accepted = await send(session, world.contacts[0], "hello", told)
    assert accepted.whatsapp_id == GIVEN if session.uses_given_id else [accepted.whatsapp_id] == told


async def test_delivery_and_reading_are_told(world: World, session: Session, account: Account, ear: Ear) -> None:
    accepted = await send(session, world.contacts[0], "hello")
    delivered = await ear.next(Receipts)
    assert (delivered.ids, delivered.kind) == ((accepted.whatsapp_id,), "delivered")
    await world.received(world.contacts[0], 1)
    await world.read(account, world.contacts[0], accepted.whatsapp_id)
    read = await ear.next(Receipts)
    assert (read.ids, read.kind) == ((accepted.whatsapp_id,), "read")


async def test_messages_arrive_in_the_order_of_their_sends(world: World, session: Session) -> None:
    for number in range(20):
        await send(session, world.contacts[number % 2], str(number), given=f"3EB0{number:018X}")
    for place, contact in enumerate(world.contacts):
        texts = [text for _, text in await world.received(contact, 10)]
        assert texts == [str(number) for number in range(20) if number % 2 == place]


async def test_a_broken_connection_comes_back(world: World, session: Session, account: Account, ear: Ear) -> None:
    await world.cut(account)
    await ear.next(Disconnected)
    await ear.next(Connected)
    await send(session, world.contacts[0], "hello")


@pytest.mark.parametrize("kind", [LoggedOut, Replaced, Banned, Outdated])
async def test_an_end_is_told_once_and_stays_the_end(
    world: World, session: Session, account: Account, ear: Ear, kind: type[Event]
) -> None:
    await world.end(account, kind)
    await ear.next(kind)
    assert not session.is_connected
    with pytest.raises(NotConnected):
        await send(session, world.contacts[0], "hello")
    await session.close()
    assert (ear.count(kind), ear.count(Connected)) == (1, 1)


@pytest.mark.parametrize("kind", [Refused, NewChatLimit, TemporaryFailure, OutcomeUnknown])
async def test_a_failure_says_what_is_certain(
    world: World, session: Session, ear: Ear, kind: type[DeliveryError]
) -> None:
    first, second = world.contacts
    await send(session, first, "before")
    await world.fail(first, kind)
    with pytest.raises(DeliveryError) as caught:
        await send(session, first, "fails")
    assert type(caught.value) is kind
    if not session.is_connected:
        await ear.next(Connected)
    await send(session, second, "after")


async def test_what_a_contact_writes_is_told_and_can_be_marked_as_read(
    world: World, session: Session, account: Account, ear: Ear
) -> None:
    whatsapp_id = await world.write(account, world.contacts[0], "Olá 👋🏽")
    told = ReceivedMessage.FromString((await heard(ear, EventCode.MESSAGE)).body)
    while whatsapp_id != told.Info.ID:  # an account's own devices have things to say to each other
        told = ReceivedMessage.FromString((await heard(ear, EventCode.MESSAGE)).body)
    assert told.Message.conversation == "Olá 👋🏽"
    assert isinstance(session, ReadMarks)
    chat = address(told.Info.MessageSource.Chat)
    assert chat is not None
    await session.mark_read(chat, None, [whatsapp_id])
    assert await world.was_read(account, world.contacts[0], whatsapp_id)


async def test_a_call_that_rings_is_told_and_can_be_rejected(
    world: World, session: Session, account: Account, ear: Ear
) -> None:
    call = await world.call(account, world.contacts[0])
    meta = CallOffer.FromString((await heard(ear, EventCode.CALL_OFFER)).body).basicCallMeta
    caller = address(getattr(meta, "from"))
    assert meta.callID == call
    assert caller is not None
    assert isinstance(session, Calls)
    await session.reject_call(without_device(caller), call)
    assert await world.was_rejected(account, world.contacts[0], call)


async def heard(ear: Ear, code: int) -> Raw:
    """The next event of this code."""
    while (event := await ear.next(Raw)).code != code:
        continue
    return event


async def test_typing_is_shown_while_connected_only(world: World, session: Session, account: Account) -> None:
    await session.show_typing(world.contacts[0])
    assert await world.saw_typing(account, world.contacts[0])
    await session.show_typing(world.contacts[0], recording=True)
    await session.stop_typing(world.contacts[0])
    await session.close()
    with pytest.raises(NotConnected):
        await session.show_typing(world.contacts[0])


async def test_a_logout_ends_the_session_for_good(world: World, session: Session, ear: Ear) -> None:
    await session.logout()
    assert not session.is_connected
    with pytest.raises(NotConnected):
        await session.logout()
    await session.close()
    assert ear.count(Connected) == 1


async def test_closing_twice_is_closing_once(world: World, session: Session, ear: Ear) -> None:
    await session.close()
    await session.close()
    assert not session.is_connected
    with pytest.raises(NotConnected):
        await send(session, world.contacts[0], "hello")
    assert not any(isinstance(event, Disconnected | LoggedOut) for event in ear.events)
