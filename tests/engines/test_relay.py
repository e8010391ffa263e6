"""What real sessions can do through the relay only."""

import os
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from common.addresses import Jid, parse_phone, user_of, without_device
from common.errors import NotConnected, OutcomeUnknown, Refused
from common.tables.event_inbox import ToldEvent
from sender.composers.secrets import Purpose, seal
from sender.translation.sealed import find as find_sealed
from sender.translation.sealed import own_addresses
from sender.whatsapp.engine_events import EventCode, e2e
from sender.whatsapp.neonize.engine import NeonizeEngine
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.relayed_session import RelayedSession
from sender.whatsapp.powers.chats import BookEntry, MessageName
from sender.whatsapp.protobuf import Message
from sender.whatsapp.relay.app_state import NoKey
from sender.whatsapp.session import Account, Connected, Disconnected, Raw, Secret
from sender.whatsapp.wire.jid import SERVER
from sender.whatsapp.wire.node import Node
from tests.engines.listening import Ear
from tests.engines.test_conformance import GIVEN, send
from tests.engines.worlds import INSTANCE, NeonizeWorld, emulated, neonize_world
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.waiting import eventually, within

pytestmark = pytest.mark.anyio

MOMENT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
async def relayed(emulator: EmulatorProgram, real_engine: NeonizeEngine) -> AsyncIterator[NeonizeWorld]:
    async with neonize_world(real_engine, emulator, "relay") as world:
        yield world


@pytest.fixture
async def account(relayed: NeonizeWorld) -> Account:
    return await relayed.link(INSTANCE)


@pytest.fixture
async def session(relayed: NeonizeWorld, account: Account, ear: Ear) -> AsyncIterator[RelayedSession]:
    session = await relayed.engine.open(account, ear)
    assert isinstance(session, RelayedSession)
    await ear.next(Connected)
    yield session
    await session.close()


async def test_the_phone_takes_what_is_said_about_chats_and_labels(
    relayed: NeonizeWorld, session: RelayedSession, account: Account
) -> None:
    chat, other = relayed.contacts
    message = MessageName(chat, "3EB0AA", from_me=True)
    await eventually(lambda: _archive(session, chat))
    await session.archive_chat(chat, False)  # the same thing again: what was set before is taken off the hash
    await session.pin_chat(chat, True)
    await session.mark_chat_read(chat, True, MOMENT)
    await session.mute_chat(chat, True)
    await session.star_message(message, True)
    await session.remove_message(message, MOMENT)
    await session.clear_chat(chat, MOMENT)
    await session.delete_chat(chat, MOMENT)
    await session.edit_label("7", "Paid", 3)
    await session.label_chat("7", chat, True)
    await session.label_message("7", chat, "3EB0AA", True)
    await session.delete_label("7")
    await session.save_contacts([BookEntry(chat, "Bia Souza", "Bia"), BookEntry(other, "Rui Lopes", "Rui")])
    await session.remove_contacts([chat, parse_phone("5511900009999")])
    await session.remove_contacts([chat])  # not there any more: nothing is written
    seen = await _seen(relayed, account)
    assert [index[0] for index in seen] == [
        "archive", "pin_v1", "archive", "pin_v1", "markChatAsRead", "mute", "star", "deleteMessageForMe", "clearChat",
        "deleteChat", "label_edit", "label_jid", "label_message", "label_edit", "contact",
        "contact", "contact",
    ]  # fmt: skip
    assert seen[6] == ["star", chat, "3EB0AA", "1", "0"]


async def test_a_key_of_app_state_that_was_lost_with_a_host_is_asked_for_again(
    relayed: NeonizeWorld, module_database: str, account: Account, session: RelayedSession, ear: Ear
) -> None:
    """It was acknowledged and not stored yet. The next change of another device names it."""
    contact, phone = relayed.contacts[0], user_of(Jid(account.device))
    await eventually(lambda: _archive(session, contact))
    store = await asyncpg.connect(f"{module_database}_whatsapp")
    await store.execute("DELETE FROM whatsmeow_app_state_sync_keys WHERE jid = $1", account.device)
    for host in relayed.engine.hosts:
        host.kill()
    await ear.next(Connected)
    with pytest.raises(NoKey):
        await session.archive_chat(contact, False, MOMENT)
    await relayed.emulator.post(f"accounts/{phone}/address-book", contact=user_of(contact), name="Bia Souza")
    find = "SELECT key_id FROM whatsmeow_app_state_sync_keys WHERE jid = $1"
    await eventually(lambda: store.fetchval(find, account.device))
    await store.close()
    await session.archive_chat(contact, False, MOMENT)
    assert [index[0] for index in await _seen(relayed, account)].count("archive") == 2


async def test_a_change_of_another_device_is_met_half_way(
    relayed: NeonizeWorld, account: Account, session: RelayedSession, real_engine: NeonizeEngine
) -> None:
    """The second device's changes are between ours: each is built anew on what the other did."""
    second_ear = Ear()
    second_account = await _link_again(relayed, account)
    second = await real_engine.open(second_account, second_ear)
    assert isinstance(second, RelayedSession)
    await second_ear.next(Connected)
    chat = relayed.contacts[0]
    await eventually(lambda: _archive(session, chat))
    await eventually(lambda: _archive(second, chat))
    for number in range(3):
        await session.pin_chat(chat, number % 2 == 0)
        await second.pin_chat(chat, number % 2 == 1)
    assert [index[0] for index in await _seen(relayed, account)][-6:] == ["pin_v1"] * 6
    await second.close()


async def test_whatsapp_is_asked_what_the_library_cannot(session: RelayedSession) -> None:
    answer = await session.ask_whatsapp(Node("iq", {"to": SERVER, "type": "get", "xmlns": "encrypt"}, [Node("count")]))
    assert answer.child("count").number("value") > 0
    with pytest.raises(Refused):
        await session.ask_whatsapp(Node("iq", {"to": SERVER, "type": "get", "xmlns": "w:none"}, [Node("what")]))


async def test_without_a_connection_nothing_is_changed_or_asked(relayed: NeonizeWorld, session: RelayedSession) -> None:
    await session.close()
    with pytest.raises(NotConnected):
        await session.pin_chat(relayed.contacts[0], True)
    with pytest.raises(NotConnected):
        await session.ask_whatsapp(Node("iq", {"to": SERVER, "type": "get", "xmlns": "encrypt"}, [Node("count")]))


async def test_a_device_goes_directly_and_relayed_in_turn(
    relayed: NeonizeWorld, account: Account, real_engine: NeonizeEngine
) -> None:
    for wire in ("direct", "relay", "direct"):
        ear = Ear()
        session = await real_engine.open(Account(account.instance, account.device, wire), ear)  # type: ignore[arg-type]
        await ear.next(Connected)
        await send(session, relayed.contacts[0], wire)
        await session.close()
    texts = [text for _, text in await relayed.received(relayed.contacts[0], 3)]
    assert texts == ["direct", "relay", "direct"]


async def test_a_message_that_is_sent_again_has_the_same_id(relayed: NeonizeWorld, session: RelayedSession) -> None:
    """The first try left and its outcome was lost. A receiver can tell that it is the same; our emulator's does."""
    contact = relayed.contacts[0]
    await relayed.fail(contact, OutcomeUnknown)
    with pytest.raises(OutcomeUnknown):
        await send(session, contact, "hello")
    await eventually(lambda: session.is_connected)
    assert (await send(session, contact, "hello")).whatsapp_id == GIVEN
    await send(session, contact, "next", given="3EB0000000000000000002")
    assert await relayed.received(contact, 2) == [(GIVEN, "hello"), ("3EB0000000000000000002", "next")]


async def test_a_lost_answer_holds_nobody_up(
    relayed: NeonizeWorld, emulator: EmulatorProgram, module_database: str, account: Account, ear: Ear
) -> None:
    patience = replace(Patience(), ack=0.5)
    async with NeonizeEngine(f"{module_database}_whatsapp", await emulated(emulator), patience) as engine:
        session = await engine.open(account, ear)
        await ear.next(Connected)
        await relayed.fail(relayed.contacts[0], OutcomeUnknown)
        with within(15), pytest.raises(OutcomeUnknown):
            await send(session, relayed.contacts[0], "hello")
        await session.close()


async def test_why_there_is_no_session_through_the_relay_is_told(
    emulator: EmulatorProgram, module_database: str, account: Account, ear: Ear
) -> None:
    other_root = replace(await emulated(emulator), noise_root="11" * 32)
    async with NeonizeEngine(f"{module_database}_whatsapp", other_root, replace(Patience(), close=1.0)) as engine:
        session = await engine.open(account, ear)
        problem = await ear.next(Disconnected)
        assert problem.reason == "the wire relay: the intermediate is not signed by the root"
        assert engine.relay_problems
        await session.close()


async def test_without_the_known_form_of_a_table_the_relay_is_refused_until_it_is_mended(
    emulator: EmulatorProgram, module_database: str, account: Account, ear: Ear
) -> None:
    store = await asyncpg.connect(f"{module_database}_whatsapp")
    add = "INSERT INTO whatsmeow_sessions (our_jid, their_id, session) VALUES ($1, 'odd', $2)"
    await store.execute(add, account.device, b"not as it was")
    async with NeonizeEngine(f"{module_database}_whatsapp", await emulated(emulator)) as engine:
        session = await engine.open(account, ear)
        problem = await ear.next(Disconnected)
        refused = "the wire relay is refused: the library's keys have another form: a session: JSONDecodeError"
        assert problem.reason == refused
        assert engine.relay_refusals
        assert engine.relay_problems >= engine.relay_refusals
        assert not engine.hosts or not session.is_connected
        await store.execute("DELETE FROM whatsmeow_sessions WHERE their_id = 'odd'")
        await ear.next(Connected)
        await session.close()
    await store.close()


async def test_a_vote_in_a_poll_is_opened_under_the_id_on_the_wire(
    relayed: NeonizeWorld, account: Account, session: RelayedSession, ear: Ear
) -> None:
    """Also after another host has sent the poll: the secret is in the store."""
    contact = relayed.contacts[0]
    poll = Message(messageContextInfo={"messageSecret": bytes(range(32))})
    poll.pollCreationMessageV3.CopyFrom(
        e2e.PollCreationMessage(
            name="Day?", selectableOptionsCount=1, options=[e2e.PollCreationMessage.Option(optionName="Friday")]
        )
    )
    await session.send(contact, poll, id=GIVEN, on_wire=_nothing)
    (seen,) = await relayed.emulator.messages(user_of(contact))
    assert seen["id"] == GIVEN
    received = e2e.Message.FromString(b64decode(seen["message"]))
    for host in relayed.engine.hosts:
        host.kill()
    await ear.next(Connected)

    vote = e2e.PollVoteMessage(selectedOptions=[sha256(b"Friday").digest()]).SerializeToString()
    asker = Secret(without_device(Jid(account.device)), received.messageContextInfo.messageSecret)
    sealed = seal(vote, Purpose.POLL_VOTE, GIVEN, asker, contact, os.urandom)
    update = e2e.PollUpdateMessage(
        pollCreationMessageKey={"ID": GIVEN, "fromMe": True, "remoteJID": contact},
        vote=e2e.PollEncValue(encPayload=sealed.ciphertext, encIV=sealed.nonce),
    )
    written = b64encode(e2e.Message(pollUpdateMessage=update).SerializeToString()).decode()
    to = user_of(Jid(account.device))
    await relayed.emulator.post(f"contacts/{user_of(contact)}/send-raw", to=to, message=written, type="poll")
    while (told := await ear.next(Raw)).code != EventCode.MESSAGE:
        pass
    row = ToldEvent(1, UUID(INSTANCE), 0, told.code, told.body, told.at, to, None, None)
    letter = find_sealed(row)
    assert letter is not None
    secret = await session.message_secret(letter.chat, letter.answered)
    assert secret is not None
    assert letter.open(secret, own_addresses(row)) == vote


async def _nothing(whatsapp_id: str) -> None:
    return


async def _archive(session: RelayedSession, chat: Jid) -> bool:
    """The first change has to wait for the phone, which shares the key with a new device when it finds the time."""
    try:
        await session.archive_chat(chat, True, MOMENT)
    except NoKey:
        return False
    return True


async def _link_again(relayed: NeonizeWorld, account: Account) -> Account:
    from sender.whatsapp.session import Paired, QrCode

    phone = user_of(Jid(account.device))
    async for step in relayed.engine.pair("f" * 32, "Pombo"):
        if isinstance(step, QrCode):
            await relayed.emulator.post("scan", phone=phone, qr=step.text)
        else:
            assert isinstance(step, Paired)
            return Account("f" * 32, step.device, "relay")
    raise AssertionError("the pairing ended without a word")


async def _seen(relayed: NeonizeWorld, account: Account) -> list[Any]:
    """The indices of the changes that the account's phone has checked and taken."""
    phone = user_of(Jid(account.device))
    answer = await relayed.emulator.get(f"contacts/{phone}/sightings?kind=app-state&after=0&wait=1")
    return [each["index"] for each in answer["sightings"]]
