"""Events on the wire: announced, changed, answered."""

from typing import Any

import pytest

from common.errors import NotRemembered, NotSupported
from sender.composers.occasion import Deed
from sender.composers.secrets import Purpose, Sealed, open_sealed
from sender.whatsapp.protobuf import (
    EventMessage,
    EventResponseMessage,
    LocationMessage,
    Message,
    MessageContextInfo,
    MessageKey,
    ProtocolMessage,
    SecretEncryptedMessage,
)
from sender.whatsapp.session import Secret
from tests.sender.composers.desk import AUTHOR_LID, GROUP, GROUP_JID, MESSAGE, NOW_MS, OWN, Desk, PlainSession

pytestmark = pytest.mark.anyio

NOON_UTC = 1_809_691_200  # 2027-05-07T12:00:00Z


def event(**fields: Any) -> dict[str, Any]:
    return {"phone": GROUP, "event": {"name": "Planning", "dateTime": "2027-05-07T12:00:00.000Z", **fields}}


async def test_an_event_has_a_name_a_time_and_a_secret(desk: Desk) -> None:
    assert await desk.compose("event", **event(canceled=False)) == Message(
        eventMessage=EventMessage(name="Planning", startTime=NOON_UTC, isCanceled=False),
        messageContextInfo=MessageContextInfo(messageSecret=b"r" * 32),
    )


async def test_an_event_has_a_place_a_call_and_may_be_called_off(desk: Desk) -> None:
    body = event(description="Quarter", location={"name": "Room 2"}, callLinkType="video", canceled=True)
    composed = await desk.compose("event", **body)
    assert composed.eventMessage == EventMessage(
        name="Planning",
        description="Quarter",
        startTime=NOON_UTC,
        isCanceled=True,
        location=LocationMessage(name="Room 2"),
        joinLink=f"https://call.whatsapp.com/video/{NOON_UTC}",
        isScheduleCall=True,
    )


@pytest.mark.parametrize(
    ("written", "zone", "moment"),
    [
        ("2027-05-07T12:00:00.000Z", None, NOON_UTC),
        ("2027-05-07T12:00:00", None, NOON_UTC),
        ("2027-05-07T09:00:00-03:00", None, NOON_UTC),
        ("2027-05-07T09:00:00.000Z", "UTC-3", NOON_UTC),
        ("2027-05-07T17:30:00", "UTC+5:30", NOON_UTC),
        ("2027-05-07T12:00:00+09:00", "UTC", NOON_UTC),
    ],
)
async def test_with_a_time_zone_the_clock_counts_and_without_one_the_offset(
    desk: Desk, written: str, zone: str | None, moment: int
) -> None:
    composed = await desk.compose("event", **event(dateTime=written, **({} if zone is None else {"timeZone": zone})))
    assert composed.eventMessage.startTime == moment


async def test_an_engine_without_call_links_says_so_rather_than_leave_the_link_out() -> None:
    with pytest.raises(NotSupported):
        await Desk(PlainSession()).compose("event", **event(callLinkType="voice"))


async def test_a_changed_event_is_encrypted_whole_with_the_secret_of_the_first(desk: Desk) -> None:
    desk.remember_own("event", "{}")
    assert OWN.lid is not None
    secret = Secret(OWN.lid, b"e" * 32)
    desk.memory.secrets[GROUP_JID, "3EB0FFFFFFFFFFFFFFFF"] = secret
    composed = await desk.compose("event-edit", eventMessageId=MESSAGE, **event(canceled=True))
    key = MessageKey(remoteJID=GROUP_JID, fromMe=True, ID="3EB0FFFFFFFFFFFFFFFF")
    sealed = composed.secretEncryptedMessage
    assert (sealed.targetMessageKey, sealed.secretEncType) == (key, SecretEncryptedMessage.EVENT_EDIT)
    plain = open_sealed(Sealed(sealed.encIV, sealed.encPayload), Purpose.EVENT_EDIT, key.ID, secret, OWN.lid)
    assert Message.FromString(plain) == Message(
        protocolMessage=ProtocolMessage(
            key=key,
            type=ProtocolMessage.MESSAGE_EDIT,
            editedMessage=Message(eventMessage=EventMessage(name="Planning", startTime=NOON_UTC, isCanceled=True)),
            timestampMS=NOW_MS,
        )
    )


@pytest.mark.parametrize("answer", ["GOING", "NOT_GOING"])
async def test_an_answer_is_encrypted(desk: Desk, answer: str) -> None:
    desk.remember_received(None, author=AUTHOR_LID)
    secret = desk.remember_secret()
    composed = await desk.compose("event-response", phone=GROUP, eventMessageId=MESSAGE, eventResponse=answer)
    response = composed.encEventResponseMessage
    assert response.eventCreationMessageKey == MessageKey(
        remoteJID=GROUP_JID, fromMe=False, ID=MESSAGE, participant=AUTHOR_LID
    )
    assert OWN.lid is not None
    sealed = Sealed(response.encIV, response.encPayload)
    plain = open_sealed(sealed, Purpose.EVENT_RESPONSE, MESSAGE, secret, OWN.lid)
    assert EventResponseMessage.FromString(plain) == EventResponseMessage(
        response=EventResponseMessage.EventResponseType.Value(answer), timestampMS=NOW_MS
    )


async def test_an_own_event_is_answered_already(desk: Desk) -> None:
    desk.remember_own("event", "{}")
    deed = await desk.compose("event-response", phone=GROUP, eventMessageId=MESSAGE, eventResponse="NOT_GOING")
    assert isinstance(deed, Deed)
    await deed.do(PlainSession())


@pytest.mark.parametrize("kind", ["event-edit", "event-response"])
async def test_without_the_secret_an_event_is_neither_changed_nor_answered(desk: Desk, kind: str) -> None:
    body: dict[str, Any] = {"eventMessageId": MESSAGE, **event()}
    if kind == "event-response":
        body["eventResponse"] = "GOING"
    with pytest.raises(NotRemembered):
        await desk.compose(kind, **body)
