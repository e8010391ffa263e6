"""What contacts and phones of the emulated WhatsApp do, through a real session to a customer's receiver: each body has
the documented keys and types."""

import base64
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import orjson
import pytest

from common.addresses import Jid
from common.postgres import Pool
from sender.composers.secrets import Purpose, seal
from sender.whatsapp.engine_events import e2e
from sender.whatsapp.session import Secret
from tests.builders import insert_instance, new_message
from tests.sender.translation.contract import FULL, problems
from tests.sender.translation.test_messages import CASES
from tests.sender.translation.test_notices import CALL, MEMBER
from tests.sender.webhooks.office import EVERY
from tests.sender.webhooks.receiver import Receiver, receiving
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender, ask_on, enqueue_on
from tests.system.whatsapp import link, settings_of
from tests.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]

PHONE, FRIEND, OTHER = "5511900000001", "5511988880000", "5511977770000"
KEY = b"k" * 32
NAMED_OTHERWISE = frozenset({"received-edit"})
"""Told under the id of what they change."""

SETTINGS = {
    "WEBHOOK_HTTP_HOSTS": "127.0.0.1",
    "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
    "PROFILE_PICTURE_PAUSE": "100ms",
    "PROFILE_NAME_INTERVAL": "1s",
}
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0 a picture that nobody looks at").decode()
M = e2e.Message


class Told:
    """What the customer was told so far."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def bodies(self, **wanted: Any) -> list[dict[str, Any]]:
        found = [orjson.loads(each.body) for each in self._receiver.taken()]
        return [body for body in found if all(body.get(key) == value for key, value in wanted.items())]

    async def one(self, **wanted: Any) -> dict[str, Any]:
        """The first body with these values, as soon as it came."""
        with anyio.move_on_after(PATIENCE):
            while not (found := self.bodies(**wanted)):
                await anyio.sleep(0.05)
            return found[0]
        raise AssertionError(f"nothing was told with {wanted}")


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (PHONE, FRIEND, OTHER):
            await emulator.post("accounts", phone=phone, name=f"Name {phone[-1]}", script="silent")
        yield emulator


@pytest.fixture
async def sender(emulator: EmulatorProgram, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Sender]:
    sender = Sender(database, redis_url, tmp_path, **SETTINGS, **await settings_of(emulator))
    sender.start()
    yield sender
    sender.kill()


async def write(emulator: EmulatorProgram, content: Any, to: str = PHONE, **more: str) -> str:
    raw = base64.b64encode(content.SerializeToString()).decode()
    said = await emulator.post(f"contacts/{FRIEND}/send-raw", to=to, message=raw, **more)
    return str(said["id"])


async def test_what_happens_on_whatsapp_is_told_in_the_documented_form(
    sender: Sender, emulator: EmulatorProgram, pool: Pool, redis_url: str
) -> None:
    async with receiving() as receiver, ask_on(pool, redis_url) as ask:
        told = Told(receiver)
        instance = await insert_instance(
            pool, device=None, receive_callback_sent_by_me=True, **dict.fromkeys(EVERY, receiver.url())
        )
        await link(emulator, ask, pool, instance, PHONE)
        assert problems("connected", await told.one(type="ConnectedCallback")) == []
        await check_messages(emulator, told)
        await check_answers(emulator, told)
        await check_groups(emulator, told)
        await check_signs(emulator, told)
        await check_looks(emulator, told, instance, pool)
        await check_own(emulator, told, instance, pool, redis_url)
        seqs = receiver.seqs()
        assert seqs == list(range(1, len(seqs) + 1))
        assert await pool.fetchval("SELECT count(*) FROM event_inbox WHERE error IS NOT NULL") == 0


async def check_messages(emulator: EmulatorProgram, told: Told) -> None:
    ids = {variant: await write(emulator, make()) for variant, make in CASES.items() if variant not in NAMED_OTHERWISE}
    for variant, message_id in ids.items():
        assert problems(variant, await told.one(messageId=message_id), extra=FULL) == [], variant
    await write(emulator, CASES["received-edit"](), edit="1")
    assert problems("received-edit", await told.one(isEdit=True), extra=FULL) == []
    key = M().protocolMessage.key.__class__(ID=ids["received-text"], fromMe=True, remoteJID=f"{PHONE}@s.whatsapp.net")
    revoke = e2e.ProtocolMessage(type=e2e.ProtocolMessage.REVOKE, key=key)
    await write(emulator, M(protocolMessage=revoke), edit="7")
    assert problems("received-revoke", await told.one(notification="REVOKE")) == []
    decline = e2e.DeclinePaymentRequestMessage(key=key)
    await write(emulator, M(declinePaymentRequestMessage=decline))
    declined = await told.one(notification="PAYMENT_ACTION_REQUEST_DECLINED")
    assert problems("received-payment-request-declined", declined, extra=FULL - {"senderPhoto"}) == []


async def check_answers(emulator: EmulatorProgram, told: Told) -> None:
    """Sealed under the secret that the library kept of the poll and of the event."""
    friend = Jid(f"{(await emulator.get(f'accounts/{FRIEND}'))['lid']}@lid")
    secret = e2e.MessageContextInfo(messageSecret=KEY)
    poll = CASES["received-poll"]()
    poll.messageContextInfo.CopyFrom(secret)
    poll_id = await write(emulator, poll)
    event = CASES["received-event"]()
    event.messageContextInfo.CopyFrom(secret)
    event_id = await write(emulator, event)
    await told.one(messageId=event_id)
    key = M().protocolMessage.key.__class__
    vote = e2e.PollVoteMessage(selectedOptions=[sha256(b"Monday").digest()]).SerializeToString()
    sealed = seal(vote, Purpose.POLL_VOTE, poll_id, Secret(friend, KEY), friend, lambda size: b"n" * size)
    value = e2e.PollEncValue(encPayload=sealed.ciphertext, encIV=sealed.nonce)
    update = e2e.PollUpdateMessage(pollCreationMessageKey=key(ID=poll_id, fromMe=True), vote=value)
    body = await told.one(messageId=await write(emulator, M(pollUpdateMessage=update)))
    assert problems("received-poll-vote", body, extra=FULL) == []
    assert body["pollVote"] == {"pollMessageId": poll_id, "options": [{"name": "Monday"}]}
    going = e2e.EventResponseMessage(response=e2e.EventResponseMessage.GOING, timestampMS=1).SerializeToString()
    sealed = seal(going, Purpose.EVENT_RESPONSE, event_id, Secret(friend, KEY), friend, lambda size: b"n" * size)
    response = e2e.EncEventResponseMessage(
        eventCreationMessageKey=key(ID=event_id, fromMe=True), encPayload=sealed.ciphertext, encIV=sealed.nonce
    )
    body = await told.one(messageId=await write(emulator, M(encEventResponseMessage=response)))
    assert problems("received-event-response", body, extra=FULL) == []
    assert (body["eventResponse"]["response"], body["eventResponse"]["responseFrom"]) == ("GOING", FRIEND)


async def check_groups(emulator: EmulatorProgram, told: Told) -> None:
    group = (await emulator.post("groups", creator=FRIEND, subject="All", members=[PHONE]))["jid"]
    name = group.partition("@")[0]
    shown = f"{name}-group"
    assert problems("received-group-create", await told.one(notification="GROUP_CREATE"), extra=MEMBER) == []
    body = await told.one(messageId=await write(emulator, M(conversation="to all"), to=group))
    assert problems("received-group-text", body, extra=FULL) == []
    assert (body["phone"], body["participantPhone"], body["chatName"]) == (shown, FRIEND, "All")
    for action, notice, variant in (
        ("add", "GROUP_PARTICIPANT_ADD", "received-group-participant-add"),
        ("remove", "GROUP_PARTICIPANT_REMOVE", "received-group-participant-remove"),
    ):
        await emulator.post(f"groups/{name}/change", by=FRIEND, action=action, members=[OTHER])
        body = await told.one(notification=notice, phone=shown)
        assert problems(variant, body, extra=MEMBER) == []
        assert body["notificationParameters"] == [OTHER]


async def check_signs(emulator: EmulatorProgram, told: Told) -> None:
    for what, status in (("typing", "COMPOSING"), ("recording", "RECORDING"), ("paused", "PAUSED")):
        await emulator.post(f"contacts/{FRIEND}/typing", to=PHONE, what=what)
        body = await told.one(type="PresenceChatCallback", status=status)
        assert problems(f"presence-{status.lower()}", body) == []
        assert body["phone"] == FRIEND
    for video, variant, notice in (
        (False, "received-call-missed-voice", "CALL_MISSED_VOICE"),
        (True, "received-call-missed-video", "CALL_MISSED_VIDEO"),
    ):
        call = await emulator.post(f"contacts/{FRIEND}/call", to=PHONE, video=video)
        if not video:
            assert problems("received-call-voice", await told.one(notification="CALL_VOICE"), extra=CALL) == []
        await emulator.post(f"contacts/{FRIEND}/hang-up", to=PHONE, id=call["id"])
        assert problems(variant, await told.one(notification=notice), extra=CALL) == []


async def check_looks(emulator: EmulatorProgram, told: Told, instance: UUID, pool: Pool) -> None:
    """Pictures of others are known by their second message; what the account itself shows is told when it changes."""
    await emulator.post(f"accounts/{OTHER}/picture", data=JPEG)
    raw = base64.b64encode(M(conversation="hello").SerializeToString()).decode()
    first = await emulator.post(f"contacts/{OTHER}/send-raw", to=PHONE, message=raw)
    assert (await told.one(messageId=first["id"]))["senderPhoto"] is None
    link = await eventually(
        lambda: pool.fetchval("SELECT link FROM profile_picture WHERE instance_id = $1 AND phone = $2", instance, OTHER)
    )
    second = await emulator.post(f"contacts/{OTHER}/send-raw", to=PHONE, message=raw)
    body = await told.one(messageId=second["id"])
    assert problems("received-text", body, extra=FULL) == []
    assert body["senderPhoto"] == body["photo"] == link
    await emulator.post(f"contacts/{PHONE}/mark", kind="read", id=second["id"])
    seen = await told.one(status="READ_BY_ME")
    assert problems("status-read-by-me", seen) == []
    assert (seen["ids"], seen["phone"]) == ([second["id"]], OTHER)
    await emulator.post("accounts", phone=PHONE, name="Front desk 2")
    renamed = await told.one(notification="PROFILE_NAME_UPDATED")
    assert problems("received-profile-name-updated", renamed) == []
    assert renamed["profileName"] == "Front desk 2"
    # The first picture that is seen is no news; that it changed has it looked at soon.
    await emulator.post(f"accounts/{PHONE}/picture", data=JPEG)
    await eventually(lambda: pool.fetchval("SELECT profile_picture FROM instance WHERE id = $1", instance))
    await emulator.post(f"accounts/{PHONE}/picture", data=JPEG)
    pictured = await told.one(notification="PROFILE_PICTURE_UPDATED")
    assert problems("received-profile-picture-updated", pictured) == []
    assert pictured["updatedPhoto"].startswith("https://")


async def check_own(emulator: EmulatorProgram, told: Told, instance: UUID, pool: Pool, redis_url: str) -> None:
    """What the linked number does: on its phone, and through us."""
    said = await emulator.post(f"contacts/{PHONE}/send", to=FRIEND, text="from the phone")
    body = await told.one(messageId=said["id"])
    assert problems("received-text", body, extra=FULL) == []
    assert (body["fromMe"], body["fromApi"], body["phone"]) == (True, False, FRIEND)
    message = new_message(instance, "through the API", FRIEND)
    async with enqueue_on(pool, redis_url) as enqueue:
        await enqueue.put(message)
        assert problems("delivery", await told.one(zaapId=message.zaap_id.hex.upper())) == []
    for status in ("SENT", "RECEIVED"):
        body = await told.one(status=status, ids=[message.message_id])
        assert problems(f"status-{status.lower()}", body) == []
    for kind, status in (("read", "READ"), ("played", "PLAYED")):
        await emulator.post(f"contacts/{FRIEND}/mark", kind=kind)
        body = await told.one(status=status, ids=[message.message_id])
        assert problems(f"status-{status.lower()}", body) == []
    await emulator.post(f"accounts/{PHONE}/end", how="unlink")
    assert problems("disconnected", await told.one(type="DisconnectedCallback")) == []
