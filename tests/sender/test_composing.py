"""Rows of every sort on their way through a real courier: what they need of the history, and what is no message."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from common.addresses import Jid, parse_phone
from common.postgres import Pool
from common.requests.messages import MODELS
from common.tables.message import NewMessage
from common.tables.received_message import ReceivedMessage, remember
from sender.composers.media import File, LinkCard, Uploaded
from sender.courier import DeliveryPolicy
from sender.whatsapp.powers.newsletters import HasNewsletters
from sender.whatsapp.protobuf import ImageMessage, Message
from sender.whatsapp.session import CallLinks, LocalDeletions, ReadMarks, Secret, Secrets
from tests.builders import new_message
from tests.sender.composers.desk import FakeMedia, PlainSession
from tests.sender.station import Station
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio

PHONE, GROUP = "5511988887777", "120363041234567890-group"
PNG = "https://files.example.com/a.png"


@pytest.fixture
async def station(pool: Pool, anyio_backend: str) -> AsyncIterator[Station]:
    station = Station(pool)
    station.media = FakeMedia()
    async with station.running():
        yield station


def row(instance: UUID, kind: str, **body: Any) -> NewMessage:
    body = {"phone": PHONE, **body}
    send = MODELS[kind].model_validate_json(json.dumps(body))
    return new_message(
        instance, kind=kind, payload=json.dumps(body), chat=send.chat, delay_typing=send.delayTyping or 0
    )


async def handed(station: Station, count: int) -> list[Message]:
    async with asyncio.timeout(PATIENCE):
        sent = await station.journal.reached(count)
    return [one.message or Message() for one in sent]


async def use_other_ids(station: Station) -> None:
    """As with an engine that chooses ids itself."""
    await station.pool.execute("UPDATE message_history SET whatsapp_id = 'W' || message_id")


async def test_an_earlier_message_is_named_as_whatsapp_knows_it(station: Station) -> None:
    instance = await station.instance()
    first = row(instance, "text", message="first")
    await station.send(first)
    await handed(station, 1)
    await station.rest()
    await use_other_ids(station)
    await station.send(
        row(instance, "text", message="reply", messageId=first.message_id),
        row(instance, "text", message="edited", editMessageId=first.message_id),
        row(instance, "reaction", messageId=f"W{first.message_id}", reaction="👍"),
        row(instance, "delete", messageId=first.message_id, owner=True),
        row(instance, "forward", messageId=first.message_id, messagePhone=PHONE),
    )
    _, reply, edit, reaction, deletion, forward = await handed(station, 6)
    context = reply.extendedTextMessage.contextInfo
    assert (context.stanzaID, context.participant) == (f"W{first.message_id}", "5511900000001@s.whatsapp.net")
    assert context.quotedMessage.conversation == "first"
    assert f"W{first.message_id}" == edit.editedMessage.message.protocolMessage.key.ID
    assert (reaction.reactionMessage.key.ID, reaction.reactionMessage.key.fromMe) == (f"W{first.message_id}", True)
    assert f"W{first.message_id}" == deletion.protocolMessage.key.ID
    assert forward.extendedTextMessage.text == "first"


async def test_a_received_message_is_quoted_answered_privately_forwarded_and_taken_back(
    station: Station, pool: Pool
) -> None:
    instance = await station.instance()
    author, image = Jid("81234567890123@lid"), Message(imageMessage=ImageMessage(URL="https://mmg", mediaKey=b"k"))
    told = ReceivedMessage(
        instance, "THEIRS", parse_phone(GROUP), author, False, image.SerializeToString(), station.clock.now()
    )
    async with pool.acquire() as connection:
        await remember(connection, [told, told])
    await station.send(
        row(instance, "text", phone=GROUP, message="nice", messageId="THEIRS"),
        row(instance, "text", phone=GROUP, message="to you", messageId="THEIRS", privateAnswer=True),
        row(instance, "forward", messageId="THEIRS", messagePhone=GROUP),
        row(instance, "delete", phone=GROUP, messageId="THEIRS", owner=False),
    )
    reply, _, forward, deletion = await handed(station, 4)
    context = reply.extendedTextMessage.contextInfo
    assert (context.participant, context.quotedMessage) == (author, image)
    assert station.journal.handed[1].chat == author
    assert (forward.imageMessage.URL, forward.imageMessage.contextInfo.isForwarded) == ("https://mmg", True)
    assert deletion.protocolMessage.key.participant == author


async def test_messages_of_other_instances_are_strangers(station: Station) -> None:
    one, other = await station.instance(), await station.instance()
    first = row(one, "text", message="secret")
    await station.send(first)
    await handed(station, 1)
    await station.rest()
    (number,) = await station.send(row(other, "forward", messageId=first.message_id, messagePhone=PHONE))
    await station.rest()
    assert (await station.row(number))["error_class"] == "not-remembered"
    await station.send(row(other, "text", message="reply", messageId=first.message_id))
    assert (await handed(station, 2))[1].extendedTextMessage.contextInfo.quotedMessage.conversation == ""


async def test_a_vote_uses_the_secret_that_the_session_keeps(station: Station) -> None:
    instance = await station.instance()
    poll = row(instance, "poll", phone=GROUP, message="Day?", poll=[{"name": "Mon"}])
    await station.send(poll)
    await handed(station, 1)
    await station.rest()
    station.session(instance).secrets["THEIRS"] = Secret(Jid("81234567890123@lid"), bytes(32))
    votes = [
        row(instance, "poll-vote", phone=GROUP, pollMessageId=message_id, pollVote=[{"name": "Mon"}])
        for message_id in (poll.message_id, "THEIRS")
    ]
    numbers = await station.send(*votes)
    _, own, theirs = await handed(station, 3)
    assert own.pollUpdateMessage.pollCreationMessageKey.fromMe
    assert theirs.pollUpdateMessage.pollCreationMessageKey.participant == "81234567890123@lid"
    await station.rest()
    assert [await station.status(number) for number in numbers] == ["sent", "sent"]


async def test_a_private_answer_leaves_for_the_author_and_its_row_stays_in_the_group_s_lane(station: Station) -> None:
    instance = await station.instance()
    station.session(instance).secrets["THEIRS"] = Secret(Jid("81234567890123@lid"), bytes(32))
    (number,) = await station.send(
        row(instance, "text", phone=GROUP, message="you", messageId="THEIRS", privateAnswer=True)
    )
    await handed(station, 1)
    await station.rest()
    assert station.journal.handed[0].chat == "81234567890123@lid"
    assert (await station.row(number))["chat"] == parse_phone(GROUP)


async def test_a_read_mark_is_done_and_recorded_without_a_pause(pool: Pool) -> None:
    station = Station(pool)
    station.policy = DeliveryPolicy(pause_min=timedelta(seconds=2), pause_max=timedelta(seconds=2))
    async with station.running():
        instance = await station.instance()
        numbers = await station.send(
            row(instance, "read", messageId="A"),
            row(instance, "read", messageId="B"),
            row(instance, "delete", messageId="C", owner=False),
        )
        session = station.session(instance)
        await eventually(lambda: session.deleted)
        assert session.read == [(parse_phone(PHONE), None, "A"), (parse_phone(PHONE), None, "B")]
        assert session.deleted == [(parse_phone(PHONE), "C")]
        assert station.journal.handed == []
        await station.rest()
        rows = [await station.row(number) for number in numbers]
        assert [one["status"] for one in rows] == ["sent"] * 3
        assert all(one["whatsapp_id"] == one["message_id"] for one in rows)


async def test_an_own_event_is_answered_by_doing_nothing(station: Station) -> None:
    instance = await station.instance()
    event = row(instance, "event", phone=GROUP, event={"name": "P", "dateTime": "2027-05-07T12:00:00Z"})
    await station.send(event)
    await handed(station, 1)
    await station.rest()
    answer = row(instance, "event-response", phone=GROUP, eventMessageId=event.message_id, eventResponse="GOING")
    (number,) = await station.send(answer)
    await station.rest()
    assert await station.status(number) == "sent"
    assert len(station.journal.handed) == 1


@pytest.mark.parametrize(("kind", "is_recorded"), [("audio", True), ("image", False)])
async def test_recording_is_shown_before_a_voice_message_and_typing_before_others(
    station: Station, kind: str, is_recorded: bool
) -> None:
    instance = await station.instance()
    await station.send(row(instance, kind, **{kind: PNG}, delayTyping=1))
    session = station.session(instance)
    await eventually(lambda: session.recording or session.typing)
    await eventually(lambda: station.clock.wakes_at)
    station.clock.move(1)
    await handed(station, 1)
    assert bool(session.recording) is is_recorded
    assert bool(session.typing) is not is_recorded


class SlowMedia:
    """An upload that a test holds up."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()

    async def upload(self, file: File) -> Uploaded:
        self.started.set()
        await self.go_on.wait()
        return await FakeMedia().upload(file)

    async def look_up(self, url: str) -> LinkCard | None:
        return None


async def test_while_a_file_is_uploaded_nothing_is_in_doubt(pool: Pool) -> None:
    station = Station(pool)
    media = station.media = SlowMedia()
    async with station.running():
        instance = await station.instance()
        (number,) = await station.send(row(instance, "image", image=PNG))
        async with asyncio.timeout(PATIENCE):
            await media.started.wait()
        assert ((await station.row(number))["status"], (await station.row(number))["attempts"]) == ("queued", 0)
        media.go_on.set()
        await handed(station, 1)
        await station.rest()
        assert await station.status(number) == "sent"


class BrokenMedia:
    async def upload(self, file: File) -> Uploaded:
        raise OSError("the store is away")

    async def look_up(self, url: str) -> LinkCard | None:
        return None


async def test_a_file_that_cannot_be_had_now_is_tried_again(pool: Pool) -> None:
    station = Station(pool)
    station.media = BrokenMedia()
    async with station.running():
        instance = await station.instance()
        (number,) = await station.send(row(instance, "image", image=PNG))
        await eventually(lambda: _attempted(station, number))
        found = await station.row(number)
        assert (found["status"], found["error_class"]) == ("queued", "temporary")


async def test_without_media_a_file_is_refused_for_good(pool: Pool) -> None:
    station = Station(pool)
    async with station.running():
        instance = await station.instance()
        (number,) = await station.send(row(instance, "image", image=PNG))
        await station.rest()
        assert (await station.row(number))["error_class"] == "not-supported"


def test_a_session_without_powers_is_told_from_one_with_them() -> None:
    for power in (CallLinks, HasNewsletters, LocalDeletions, ReadMarks, Secrets):
        assert not isinstance(PlainSession(), power)


async def _attempted(station: Station, number: int) -> bool:
    return (await station.row(number))["error_class"] is not None
