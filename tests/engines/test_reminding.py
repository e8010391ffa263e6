"""A receiver asks for a message that the library has forgotten since: it gets that one again, and nobody else does."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from common.addresses import Jid, user_of
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import Account, Connected, Recalled, Session
from tests.databases import Databases
from tests.engines.listening import Ear
from tests.engines.test_conformance import GIVEN, send
from tests.engines.worlds import NeonizeWorld, emulated, neonize_world
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

NEXT = "3EB0000000000000000002"


class Archive:
    """What was sent, as the sender's rows know it."""

    def __init__(self) -> None:
        self.sent: dict[str, tuple[Jid, Message]] = {}
        self.is_ours = True
        self.looked_up: list[str] = []

    async def recall(self, instance: str, whatsapp_id: str, session: Session) -> Recalled | None:
        self.looked_up.append(whatsapp_id)
        found = self.sent.get(whatsapp_id)
        return None if found is None else Recalled(*found, lambda: self.is_ours)


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
async def world(emulator: EmulatorProgram, databases: Databases, archive: Archive) -> AsyncIterator[NeonizeWorld]:
    dsn = databases.create(migrated=False)
    patience = replace(Patience(), between_questions=0, answers=2)
    async with (
        NeonizeEngine(f"{dsn}_whatsapp", await emulated(emulator), patience, recall=archive.recall) as engine,
        neonize_world(engine, emulator, "relay") as world,
    ):
        yield world
    databases.drop(dsn)


async def kill_hosts(world: NeonizeWorld, ear: Ear) -> None:
    """All that the library remembered is gone afterwards."""
    for host in world.engine.hosts:
        host.kill()
    await ear.next(Connected)


async def ask_again(world: NeonizeWorld, contact: Jid, whatsapp_id: str) -> None:
    await world.emulator.ask("DELETE", f"contacts/{user_of(contact)}/messages")
    await world.emulator.post(f"contacts/{user_of(contact)}/ask-again", id=whatsapp_id)


async def outcomes(world: NeonizeWorld, count: int) -> dict[str, int]:
    return await eventually(lambda: _all_of(world, count))


def _all_of(world: NeonizeWorld, count: int) -> dict[str, int] | None:
    asked = dict(world.engine.asked_again)
    return asked if sum(asked.values()) >= count else None


async def traffic(world: NeonizeWorld, account: Account) -> list[str]:
    """The ids of all messages that the account's device put on the wire."""
    phone = user_of(Jid(account.device))
    return [each["id"] for each in (await world.emulator.get("traffic"))["messages"] if each["sender"] == phone]


async def test_a_receiver_gets_a_message_again_that_was_sent_by_a_host_that_died(
    world: NeonizeWorld, account: Account, session: Session, ear: Ear, archive: Archive
) -> None:
    contact = world.contacts[0]
    archive.sent[GIVEN] = contact, Message(conversation="hello")
    await send(session, contact, "hello")
    assert await world.received(contact, 1) == [(GIVEN, "hello")]
    await kill_hosts(world, ear)

    await ask_again(world, contact, GIVEN)
    assert await world.received(contact, 1) == [(GIVEN, "hello")]
    assert await outcomes(world, 1) == {"answered": 1}
    # What follows is one message more, in its place: nothing of the reminder went anywhere else.
    await send(session, contact, "next", given=NEXT)
    assert await world.received(contact, 2) == [(GIVEN, "hello"), (NEXT, "next")]
    assert await traffic(world, account) == [GIVEN, GIVEN, NEXT]
    # The library knows it now: it answers by itself, without another look at what was sent.
    await ask_again(world, contact, GIVEN)
    assert await world.received(contact, 1) == [(GIVEN, "hello")]
    assert archive.looked_up == [GIVEN]


async def test_a_poll_that_is_made_anew_has_the_secret_that_others_vote_with(
    world: NeonizeWorld, session: Session, ear: Ear, archive: Archive
) -> None:
    contact = world.contacts[0]
    first, anew = (Message(conversation="poll", messageContextInfo={"messageSecret": bytes([n] * 32)}) for n in (1, 2))
    archive.sent[GIVEN] = contact, anew
    await session.send(contact, first, id=GIVEN, on_wire=_nothing)
    await world.received(contact, 1)
    await kill_hosts(world, ear)

    await ask_again(world, contact, GIVEN)
    (seen,) = await world.emulator.messages(user_of(contact))
    assert Message.FromString(b64decode(seen["message"])).messageContextInfo.messageSecret == bytes([1] * 32)


async def _nothing(whatsapp_id: str) -> None:
    return


async def test_of_a_group_only_who_asks_gets_it_again(
    world: NeonizeWorld, account: Account, session: Session, ear: Ear, archive: Archive
) -> None:
    contact, other = world.contacts
    members = [user_of(Jid(account.device)), user_of(other)]
    group = await world.emulator.post("groups", subject="Team", creator=user_of(contact), members=members)
    archive.sent[GIVEN] = Jid(group["jid"]), Message(conversation="to all")
    await send(session, group["jid"], "to all")
    for member in (contact, other):
        assert await world.received(member, 1) == [(GIVEN, "to all")]
    await kill_hosts(world, ear)

    await world.emulator.ask("DELETE", f"contacts/{user_of(contact)}/messages")
    await ask_again(world, other, GIVEN)
    assert await world.received(other, 1) == [(GIVEN, "to all")]
    archive.sent[NEXT] = Jid(group["jid"]), Message(conversation="next")
    await send(session, group["jid"], "next", given=NEXT)
    assert await world.received(contact, 1) == [(NEXT, "next")]
    assert await world.received(other, 2) == [(GIVEN, "to all"), (NEXT, "next")]


async def test_what_cannot_be_had_again_is_counted_and_nothing_else(
    world: NeonizeWorld, account: Account, session: Session, ear: Ear, archive: Archive
) -> None:
    contact, other = world.contacts
    await send(session, contact, "hello")
    await world.received(contact, 1)
    await kill_hosts(world, ear)

    await ask_again(world, contact, GIVEN)
    assert await outcomes(world, 1) == {"gone": 1}
    archive.sent[GIVEN] = other, Message(conversation="to somebody else")
    await ask_again(world, contact, GIVEN)
    assert await outcomes(world, 2) == {"gone": 1, "another-chat": 1}
    archive.sent[GIVEN] = contact, Message(conversation="hello")
    await ask_again(world, contact, GIVEN)
    assert await outcomes(world, 3) == {"gone": 1, "another-chat": 1, "too-often": 1}
    await send(session, contact, "next", given=NEXT)
    assert await world.received(contact, 1) == [(NEXT, "next")]
    assert await traffic(world, account) == [GIVEN, NEXT]


async def test_a_message_of_a_shard_that_was_lost_is_left_to_its_next_owner(
    world: NeonizeWorld, account: Account, session: Session, ear: Ear, archive: Archive
) -> None:
    contact = world.contacts[0]
    archive.sent[GIVEN] = contact, Message(conversation="hello")
    await send(session, contact, "hello")
    await world.received(contact, 1)
    await kill_hosts(world, ear)

    archive.is_ours = False
    await ask_again(world, contact, GIVEN)
    assert await outcomes(world, 1) == {"lost": 1}
    await session.close()
    archive.is_ours = True
    # The request was not acknowledged, so it comes again to whoever opens the session next.
    following = Ear()
    session = await world.engine.open(account, following)
    async with asyncio.timeout(20):
        assert await world.received(contact, 1) == [(GIVEN, "hello")]
    await session.close()
