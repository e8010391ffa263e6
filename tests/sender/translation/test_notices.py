"""Notices, receipts, presence and the link: their bodies have exactly the documented keys and types."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from common import callbacks
from common.addresses import Jid
from common.tables.event import NewEvent
from sender.translation import own, profile, tags
from sender.translation.scene import Account
from sender.whatsapp.engine_events import (
    BasicCallMeta,
    CallOffer,
    CallOfferNotice,
    CallTerminate,
    ChatPresence,
    EventCode,
    GroupInfoEvent,
    JoinedGroup,
    Node,
    Picture,
    Presence,
    Receipt,
    UndecryptableMessage,
)
from tests.sender.translation.contract import VARIANTS, problems
from tests.sender.translation.told import (
    AT,
    GROUP,
    INSTANCE,
    LID,
    MY_LID,
    MY_PHONE,
    PHONE,
    body,
    events,
    info,
    jid,
    message,
    row,
    source,
    text,
)

NOW = datetime.fromtimestamp(AT / 1000, UTC)
PAULO = "5511976543210@s.whatsapp.net"
CALL = frozenset({"chatLid", "connectedPhone"})
MEMBER = frozenset({"chatLid", "participantLid"})


def read(event: NewEvent) -> dict[str, Any]:
    shown: dict[str, Any] = orjson.loads(event.body)
    return shown


# --- what we did ourselves ---


def test_a_delivery_has_the_documented_form_and_an_error_only_when_it_failed() -> None:
    told = callbacks.Told(INSTANCE, UUID(int=5), "3EB0C4A19F7E2B6D5081", Jid(f"{PHONE}@s.whatsapp.net"))
    assert problems("delivery", read(callbacks.delivery(told))) == []
    failed = read(callbacks.delivery(callbacks.Told(INSTANCE, UUID(int=5), "3EB0", Jid(GROUP), "not on WhatsApp")))
    assert (failed["error"], failed["phone"]) == ("not on WhatsApp", "120363041234567890-group")


@pytest.mark.parametrize(
    ("variant", "kind", "shown"),
    [
        ("status-sent", "sent", "SENT"),
        ("status-received", "delivered", "RECEIVED"),
        ("status-read", "read", "READ"),
        ("status-read-by-me", "read-by-me", "READ_BY_ME"),
        ("status-played", "played", "PLAYED"),
    ],
)
def test_a_status_has_the_documented_form(variant: str, kind: str, shown: str) -> None:
    told = read(
        callbacks.message_status(INSTANCE, kind, ["A", "B"], NOW, Jid(GROUP), Jid(f"{PHONE}:12@s.whatsapp.net"))
    )
    assert problems(variant, told) == []
    assert (told["status"], told["ids"], told["isGroup"], told["phoneDevice"]) == (shown, ["A", "B"], True, 12)


def test_the_link_tells_milliseconds_when_it_comes_and_seconds_when_it_goes() -> None:
    came, went = read(own.connected(INSTANCE, MY_PHONE, NOW)), read(own.disconnected(INSTANCE, "lost", NOW))
    assert problems("connected", came) == []
    assert problems("disconnected", went) == []
    assert (came["momment"], went["momment"]) == (AT, AT // 1000)


def test_what_was_read_on_another_device_is_told_once_and_receipts_of_others_are_not_told_here() -> None:
    told = Receipt(MessageSource=source(own=True), MessageIDs=["A"], Timestamp=AT // 1000, Type=Receipt.READ_SELF)
    shown = body(row(EventCode.RECEIPT, told))
    assert problems("status-read-by-me", shown) == []
    assert (shown["phone"], shown["phoneDevice"]) == (PHONE, 3)
    told = Receipt(MessageSource=source(), MessageIDs=["A"], Timestamp=AT // 1000, Type=Receipt.SENDER)
    assert events(row(EventCode.RECEIPT, told)) == []


# --- presence ---


@pytest.mark.parametrize(
    ("variant", "state", "media"),
    [
        ("presence-composing", ChatPresence.COMPOSING, ChatPresence.TEXT),
        ("presence-recording", ChatPresence.COMPOSING, ChatPresence.AUDIO),
        ("presence-paused", ChatPresence.PAUSED, ChatPresence.TEXT),
    ],
)
def test_typing_and_recording(variant: str, state: int, media: int) -> None:
    shown = body(row(EventCode.CHAT_PRESENCE, ChatPresence(MessageSource=source(), State=state, Media=media)))
    assert problems(variant, shown) == []
    assert (shown["status"], shown["phone"]) == (variant.removeprefix("presence-").upper(), PHONE)


@pytest.mark.parametrize(
    ("variant", "gone", "last"), [("presence-available", False, 0), ("presence-unavailable", True, 5)]
)
def test_coming_and_going(variant: str, gone: bool, last: int) -> None:
    told = Presence(From=jid(f"{PHONE}@s.whatsapp.net"), Unavailable=gone, LastSeen=last)
    shown = body(row(EventCode.PRESENCE, told))
    assert problems(variant, shown) == []
    assert (shown["status"], shown["lastSeen"]) == ("UNAVAILABLE" if gone else "AVAILABLE", last * 1000 or None)


# --- a message that cannot be read yet ---


def test_a_waiting_message_has_the_smallest_envelope() -> None:
    told = UndecryptableMessage(
        Info=info(MediaType="view_once"), IsUnavailable=True, DecryptFailMode=UndecryptableMessage.DECRYPT_FAIL_SHOW
    )
    shown = body(row(EventCode.UNDECRYPTABLE, told))
    assert problems("received-waiting-message", shown) == []
    assert (shown["waitingMessage"], shown["viewOnce"]) == (True, True)


# --- calls ---


def meta(call: str = "7B0E") -> BasicCallMeta:
    fields = {"from": jid(LID), "callCreator": jid(LID), "callCreatorAlt": jid(f"{PHONE}@s.whatsapp.net")}
    return BasicCallMeta(timestamp=AT // 1000, callID=call, **fields)


def offer(*tags: str) -> Any:
    told = CallOffer(basicCallMeta=meta(), data=Node(Tag="offer", Nodes=[Node(Tag=tag) for tag in tags]))
    told.callRemoteMeta.SetInParent()
    _fill(told)
    return row(EventCode.CALL_OFFER, told)


def ended(reason: str) -> Any:
    told = CallTerminate(basicCallMeta=meta(), reason=reason, data=Node(Tag="terminate"))
    _fill(told)
    return row(EventCode.CALL_TERMINATE, told)


def _fill(told: Any) -> None:
    """Required fields that no translation looks at."""
    for field in told.DESCRIPTOR.fields:
        if field.message_type is not None and not field.is_repeated and told.HasField(field.name):
            _fill(getattr(told, field.name))
        elif field.message_type is not None and field.is_repeated:
            for each in getattr(told, field.name):
                _fill(each)
        elif field.is_required and not told.HasField(field.name):
            value = field.default_value
            setattr(told, field.name, value if value is not None else "")


def test_a_voice_call_comes_in_and_is_missed() -> None:
    came, missed = (read(event) for event in events(offer("audio"), ended("timeout")))
    assert problems("received-call-voice", came, extra=CALL) == []
    assert problems("received-call-missed-voice", missed, extra=CALL) == []
    assert (came["phone"], came["callId"], missed["callId"], missed["senderName"]) == (PHONE, "7B0E", "7B0E", "")
    assert came["messageId"].partition("-")[0] == "1767277"


def test_a_video_call_is_missed_as_one() -> None:
    came, missed = (read(event) for event in events(offer("audio", "video"), ended("timeout")))
    assert came["notification"] == "CALL_VIDEO"
    assert problems("received-call-missed-video", missed, extra=CALL) == []


def test_a_call_taken_on_the_phone_is_not_missed() -> None:
    assert len(events(offer("audio"), ended("accepted_elsewhere"))) == 1


def test_a_call_of_a_group_is_told_by_its_notice() -> None:
    told = CallOfferNotice(basicCallMeta=meta(), media="audio", type="group", data=Node(Tag="offer_notice"))
    _fill(told)
    shown = body(row(EventCode.CALL_OFFER_NOTICE, told))
    assert problems("received-call-voice", shown, extra=CALL) == []


# --- groups ---


def change(**fields: Any) -> Any:
    told = GroupInfoEvent(
        JID=jid(GROUP), Notify="", Timestamp=AT // 1000, PrevParticipantsVersionID="", ParticipantVersionID="",
        JoinReason="", **fields,
    )  # fmt: skip
    _fill(told)
    return row(EventCode.GROUP_INFO, told)


def request(tag: str, *people: str, **attributes: str) -> Node:
    def node(person: str) -> Node:
        return Node(Tag="requested_user", Attrs=[_attribute("jid", person)])

    return Node(
        Tag=tag, Attrs=[_attribute(*each) for each in attributes.items()], Nodes=[node(each) for each in people]
    )


def _attribute(name: str, value: str) -> Any:
    return Node(Tag="x").Attrs.add().__class__(name=name, text=value)


@pytest.mark.parametrize(
    ("variant", "fields", "parameters"),
    [
        ("received-group-participant-add", {"Join": [jid(PAULO)]}, ["5511976543210"]),
        ("received-group-participant-leave", {"Leave": [jid(PAULO)]}, ["5511976543210"]),
        ("received-group-participant-remove", {"Leave": [jid(PAULO)], "Sender": jid(LID)}, ["5511976543210"]),
        (
            "received-group-join-request-link",
            {"UnknownChanges": [request("created_membership_requests", PAULO, request_method="invite_link")]},
            ["5511976543210"],
        ),
        (
            "received-group-join-request-member",
            {"UnknownChanges": [request("created_membership_requests", PAULO, PAULO, request_method="non_admin_add")]},
            ["5511976543210", "5511976543210"],
        ),
        (
            "received-group-join-request-revoked",
            {"UnknownChanges": [request("revoked_membership_requests", PAULO)]},
            ["5511976543210"],
        ),
        (
            "received-group-link-admins-only",
            {"UnknownChanges": [Node(Tag="member_link_mode", Bytes=b"admin_link")]},
            [],
        ),
        (
            "received-group-link-all-members",
            {"UnknownChanges": [Node(Tag="member_link_mode", Bytes=b"all_member_link")]},
            [],
        ),
    ],
)
def test_a_change_of_a_group(variant: str, fields: dict[str, Any], parameters: list[str]) -> None:
    shown = body(change(**fields))
    assert problems(variant, shown, extra=MEMBER) == []
    assert (shown["notificationParameters"], shown["phone"]) == (parameters, "120363041234567890-group")


def test_several_changes_of_one_event_have_ids_of_their_own() -> None:
    shown = [read(event) for event in events(change(Join=[jid(PAULO)], Leave=[jid(LID)]))]
    assert [each["notification"] for each in shown] == ["GROUP_PARTICIPANT_ADD", "GROUP_PARTICIPANT_LEAVE"]
    assert len({each["messageId"] for each in shown}) == 2


def test_the_linked_number_is_told_by_its_number() -> None:
    assert body(change(Join=[jid(MY_LID)]))["notificationParameters"] == [MY_PHONE]


def joined(kind: str) -> Any:
    told = JoinedGroup(Reason="", Type=kind, CreateKey="")
    told.GroupInfo.JID.CopyFrom(jid(GROUP))
    told.GroupInfo.GroupName.Name = "Delivery team"
    _fill_all(told)
    return row(EventCode.JOINED_GROUP, told)


def _fill_all(told: Any) -> None:
    for field in told.DESCRIPTOR.fields:
        if not field.is_required:
            continue
        if field.message_type is None:
            if not told.HasField(field.name):
                setattr(told, field.name, field.default_value)
        else:
            getattr(told, field.name).SetInParent()
            _fill_all(getattr(told, field.name))


def test_a_new_group_and_one_that_the_number_was_put_into() -> None:
    created, put = body(joined("new")), body(joined(""))
    assert problems("received-group-create", created, extra=MEMBER) == []
    assert created["notificationParameters"] == ["Delivery team"]
    assert (put["notification"], put["notificationParameters"]) == ("GROUP_PARTICIPANT_ADD", [MY_PHONE])


# --- the account ---


def test_a_new_picture_of_the_account_is_told() -> None:
    account = Account(INSTANCE, MY_PHONE, None, "Front desk", picture="https://pps.example.net/front-desk-2.jpg")
    shown = read(profile.portrayed(account, "https://pps.example.net/front-desk.jpg", NOW))
    assert problems("received-profile-picture-updated", shown) == []
    assert (shown["fromMe"], shown["phone"]) == (True, MY_PHONE)
    assert (shown["photo"], shown["updatedPhoto"]) == (
        "https://pps.example.net/front-desk.jpg", "https://pps.example.net/front-desk-2.jpg"
    )  # fmt: skip


def test_whose_picture_changed_is_known_by_number_or_lid() -> None:
    for who, phone in ((MY_LID, MY_PHONE), (f"{MY_PHONE}@s.whatsapp.net", MY_PHONE), (LID, LID), (GROUP, "")):
        told = row(EventCode.PICTURE, Picture(JID=jid(who), Author=jid(who), Timestamp=AT // 1000, Remove=False))
        assert profile.pictured(told, Account.of(told)) == (phone or "120363041234567890-group")
        assert events(told) == []


def test_a_new_name_of_the_account_is_told() -> None:
    shown = read(profile.renamed(Account(INSTANCE, MY_PHONE, None, "Front desk 2"), NOW))
    assert problems("received-profile-name-updated", shown) == []
    assert (shown["profileName"], shown["fromMe"], shown["phone"]) == ("Front desk 2", True, MY_PHONE)


@pytest.mark.parametrize("is_on", [True, False])
def test_a_tag_that_was_put_on_a_chat_or_taken_off_is_told(is_on: bool) -> None:
    shown = read(tags.tagged(Account(INSTANCE, MY_PHONE, None, "Front desk"), PHONE, "7", is_on, NOW))
    assert problems("received-chat-label-association", shown) == []
    assert shown["notificationParameters"] == [{"phone": PHONE, "label": "7", "assigned": is_on}]


def test_own_messages_and_notices_are_marked_for_those_who_do_not_want_them() -> None:
    assert [event.is_own for event in events(message(text()), message(text(), source(own=True)))] == [False, True]


def test_there_are_seventy_nine_variants() -> None:
    assert len(VARIANTS) == 79
