"""Votes and answers to events: opened with the secret of what they answer, and told in the documented form."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import pytest

from common.addresses import Jid
from sender.composers.secrets import Purpose, seal
from sender.whatsapp.engine_events import EventCode, e2e
from sender.whatsapp.session import Raw, Secret
from tests.builders import insert_instance, new_message
from tests.sender.station import Station
from tests.sender.translation.contract import FULL, problems
from tests.sender.translation.told import AT, GROUP, LID, MY_LID, MY_PHONE, PHONE, message, source
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

HOOK = "https://hooks.example.com/zap"
KEY = b"s" * 32
POLL, EVENT = "3EB0C4A19F7E2B6D5081", "3EB0C4A19F7E2B6D5082"
ME, FRIEND = Jid(f"{MY_PHONE}@s.whatsapp.net"), Jid(f"{PHONE}@s.whatsapp.net")
DAYS = ("Monday", "Friday")
M = e2e.Message


@pytest.fixture
async def running(station: Station, anyio_backend: str) -> AsyncIterator[Station]:
    async with station.running():
        yield station


async def linked(station: Station) -> UUID:
    instance = await insert_instance(
        station.pool, device=f"{MY_PHONE}:1@s.whatsapp.net", phone=MY_PHONE, lid=MY_LID, received_callback_url=HOOK
    )
    await station.sessions.look(instance)
    await eventually(lambda: instance.hex in station.engine.sessions)
    return instance


def keep_secret(station: Station, instance: UUID, whatsapp_id: str, sender: Jid) -> None:
    station.session(instance).secrets[whatsapp_id] = Secret(sender, KEY)


async def told(station: Station, instance: UUID, content: Any, where: Any = None) -> list[dict[str, Any]]:
    """What webhooks are told of this message, once it is translated."""
    row = message(content, where)
    shard = await station.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
    await station.inbox.hear(shard, instance, Raw(EventCode.MESSAGE, row.body, row.told_at))
    await _translated(station, instance)
    rows = await station.pool.fetch("SELECT body FROM event WHERE instance_id = $1 ORDER BY seq", instance)
    return [orjson.loads(row[0]) for row in rows]


async def _translated(station: Station, instance: UUID) -> None:
    async def is_empty() -> bool:
        return not await station.pool.fetchval("SELECT count(*) FROM event_inbox WHERE instance_id = $1", instance)

    await eventually(is_empty)


def vote(*names: str, asker: Jid, voter: Jid, poll: str = POLL) -> Any:
    plain = e2e.PollVoteMessage(selectedOptions=[sha256(name.encode()).digest() for name in names])
    sealed = seal(plain.SerializeToString(), Purpose.POLL_VOTE, poll, Secret(asker, KEY), voter, lambda n: b"n" * n)
    key = M().protocolMessage.key.__class__(ID=poll, remoteJID=LID, fromMe=False)
    value = e2e.PollEncValue(encPayload=sealed.ciphertext, encIV=sealed.nonce)
    return M(pollUpdateMessage=e2e.PollUpdateMessage(pollCreationMessageKey=key, vote=value, senderTimestampMS=AT))


async def own_poll(station: Station, instance: UUID) -> str:
    """A poll that went out through us: WhatsApp knows it under another id than the customer."""
    payload = orjson.dumps({"phone": PHONE, "message": "Day?", "poll": [{"name": day} for day in DAYS]}).decode()
    asked = new_message(instance, kind="poll", payload=payload)
    await station.send(asked)
    await station.rest()
    await station.pool.execute("UPDATE message_history SET whatsapp_id = $2 WHERE zaap_id = $1", asked.zaap_id, POLL)
    return asked.message_id


@pytest.mark.parametrize(("asker", "voter"), [(ME, FRIEND), (Jid(MY_LID), Jid(LID))])
async def test_a_vote_in_an_own_poll_names_the_options_and_the_poll_as_its_sender_knows_it(
    running: Station, asker: Jid, voter: Jid
) -> None:
    instance = await linked(running)
    message_id = await own_poll(running, instance)
    keep_secret(running, instance, POLL, ME)
    [body] = await told(running, instance, vote("Friday", "Sunday", asker=asker, voter=voter))
    assert problems("received-poll-vote", body, extra=FULL) == []
    assert body["pollVote"] == {"pollMessageId": message_id, "options": [{"name": "Friday"}]}


async def test_a_vote_in_a_received_poll_and_one_that_is_taken_back(running: Station) -> None:
    instance = await linked(running)
    keep_secret(running, instance, POLL, FRIEND)
    poll = e2e.PollCreationMessage(
        name="Day?", options=[e2e.PollCreationMessage.Option(optionName=day) for day in DAYS]
    )
    where = source(chat=GROUP, sender=LID)
    row = message(M(pollCreationMessageV3=poll), where, id=POLL)
    shard = await running.pool.fetchval("SELECT shard FROM instance WHERE id = $1", instance)
    await running.inbox.hear(shard, instance, Raw(EventCode.MESSAGE, row.body, row.told_at))
    await told(running, instance, vote("Monday", asker=FRIEND, voter=FRIEND), where)
    bodies = await told(running, instance, vote(asker=FRIEND, voter=FRIEND), where)
    assert [body["pollVote"]["options"] for body in bodies if "pollVote" in body] == [[{"name": "Monday"}], []]
    assert problems("received-poll-vote", bodies[-1], extra=FULL) == []


async def test_an_answer_to_an_event(running: Station) -> None:
    instance = await linked(running)
    keep_secret(running, instance, EVENT, ME)
    plain = e2e.EventResponseMessage(response=e2e.EventResponseMessage.GOING, timestampMS=AT)
    sealed = seal(plain.SerializeToString(), Purpose.EVENT_RESPONSE, EVENT, Secret(ME, KEY), FRIEND, lambda n: b"n" * n)
    key = M().protocolMessage.key.__class__(ID=EVENT, remoteJID=GROUP, fromMe=False, participant=str(ME))
    response = e2e.EncEventResponseMessage(
        eventCreationMessageKey=key, encPayload=sealed.ciphertext, encIV=sealed.nonce
    )
    [body] = await told(running, instance, M(encEventResponseMessage=response), source(chat=GROUP, sender=LID))
    assert problems("received-event-response", body, extra=FULL) == []
    assert body["eventResponse"] == {
        "response": "GOING",
        "responseFrom": PHONE,
        "time": AT,
        "referencedMessage": {
            "messageId": EVENT, "fromMe": True, "phone": "120363041234567890-group", "participant": MY_PHONE,
        },
    }  # fmt: skip


async def test_a_changed_event_is_told_as_an_edit(running: Station) -> None:
    instance = await linked(running)
    keep_secret(running, instance, EVENT, FRIEND)
    key = M().protocolMessage.key.__class__(ID=EVENT, remoteJID=LID, fromMe=True)
    edit = e2e.ProtocolMessage(
        type=e2e.ProtocolMessage.MESSAGE_EDIT, key=key,
        editedMessage=M(eventMessage=e2e.EventMessage(name="Later", startTime=1767618000)),
    )  # fmt: skip
    sealed = seal(
        M(protocolMessage=edit).SerializeToString(), Purpose.EVENT_EDIT, EVENT, Secret(FRIEND, KEY), FRIEND,
        lambda n: b"n" * n,
    )  # fmt: skip
    content = M(
        secretEncryptedMessage=e2e.SecretEncryptedMessage(
            targetMessageKey=key, encPayload=sealed.ciphertext, encIV=sealed.nonce,
            secretEncType=e2e.SecretEncryptedMessage.EVENT_EDIT,
        )
    )  # fmt: skip
    [body] = await told(running, instance, content)
    assert problems("received-event", body, extra=FULL) == []
    assert (body["messageId"], body["isEdit"], body["event"]["name"]) == (EVENT, True, "Later")


async def test_what_went_out_through_the_api_is_named_as_the_api_told_it(running: Station) -> None:
    instance = await linked(running)
    message_id = await own_poll(running, instance)
    reply = M(extendedTextMessage=e2e.ExtendedTextMessage(text="Friday", contextInfo=e2e.ContextInfo(stanzaID=POLL)))
    key = M().protocolMessage.key.__class__(ID=POLL, remoteJID=LID, fromMe=False)
    await told(running, instance, reply)
    answer, reaction = await told(running, instance, M(reactionMessage=e2e.ReactionMessage(key=key, text="+")))
    assert answer["referenceMessageId"] == message_id
    assert reaction["reaction"]["referencedMessage"]["messageId"] == message_id


async def test_a_person_told_by_lid_alone_is_named_by_the_number_that_the_session_store_knows(running: Station) -> None:
    instance = await linked(running)
    running.engine.numbers[Jid(LID)] = PHONE
    [body] = await told(running, instance, M(conversation="hello"), source(other=None))
    assert (body["phone"], body["chatLid"], body["senderLid"]) == (PHONE, LID, LID)


async def test_a_vote_that_nobody_can_open_is_not_told_and_holds_nothing_up(running: Station) -> None:
    instance = await linked(running)
    await own_poll(running, instance)
    assert await told(running, instance, vote("Friday", asker=ME, voter=FRIEND)) == []
    keep_secret(running, instance, POLL, ME)
    assert await told(running, instance, vote("Friday", asker=ME, voter=Jid("5511900000009@s.whatsapp.net"))) == []
    assert await running.pool.fetchval("SELECT count(*) FROM event_inbox WHERE instance_id = $1", instance) == 0
