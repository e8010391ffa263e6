from datetime import UTC, datetime, timedelta

import pytest

from sender.whatsapp.neonize.events import Code, reason_of_failure, translate
from sender.whatsapp.neonize.protobuf import (
    ConnectFailure,
    ConnectFailureReason,
    LoggedOut,
    Receipt,
    TemporaryBan,
    to_engine,
)
from sender.whatsapp.session import Banned, Outdated, Raw, Receipts, Replaced
from sender.whatsapp.session import LoggedOut as LoggedOutEvent

AT = datetime(2026, 11, 1, tzinfo=UTC)


def receipt(kind: int, *, own: bool = False, group: bool = False) -> bytes:
    message = Receipt(MessageIDs=["3EB0AA", "3EB0BB"], Timestamp=1_700_000_000, Type=kind)
    source = message.MessageSource
    source.Chat.ParseFromString(to_engine("120363000000000001@g.us" if group else "200@lid"))  # type: ignore[arg-type]
    source.Sender.ParseFromString(to_engine("200:3@lid"))  # type: ignore[arg-type]
    source.IsFromMe, source.IsGroup = own, group
    for name in ("SenderAlt", "RecipientAlt", "BroadcastListOwner"):
        if name in source.DESCRIPTOR.fields_by_name:
            getattr(source, name).CopyFrom(source.Sender)
    for field in source.DESCRIPTOR.fields:
        if field.is_required and not source.HasField(field.name):
            setattr(source, field.name, field.default_value)
    body: bytes = message.SerializeToString()
    return body


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (Receipt.DELIVERED, "delivered"),
        (Receipt.INACTIVE, "delivered"),
        (Receipt.READ, "read"),
        (Receipt.PLAYED, "played"),
    ],
)
def test_a_receipt_says_what_became_of_which_messages(kind: int, word: str) -> None:
    said = datetime.fromtimestamp(1_700_000_000, UTC)
    event = translate(Code.RECEIPT, receipt(kind), AT)
    assert event == Receipts(("3EB0AA", "3EB0BB"), "200@lid", "200:3@lid", word, said)  # type: ignore[arg-type]


def test_receipts_of_own_devices_and_of_other_kinds_stay_raw() -> None:
    assert isinstance(translate(Code.RECEIPT, receipt(Receipt.READ, own=True), AT), Raw)
    assert isinstance(translate(Code.RECEIPT, receipt(Receipt.RETRY), AT), Raw)


def test_the_ends_of_a_session_are_told_apart() -> None:
    left = LoggedOut(OnConnect=False, Reason=ConnectFailureReason.Value("LOGGED_OUT"))
    assert translate(Code.LOGGED_OUT, left.SerializeToString(), AT) == LoggedOutEvent("logged-out")
    assert translate(Code.REPLACED, b"", AT) == Replaced()
    assert translate(Code.OUTDATED, b"", AT) == Outdated()
    ban = TemporaryBan(Code=TemporaryBan.SEND_TO_TOO_MANY_PEOPLE, Expire=3600)
    event = translate(Code.BANNED, ban.SerializeToString(), AT)
    assert event == Banned("send-to-too-many-people", AT + timedelta(hours=1))


def test_an_end_for_an_unheard_of_reason_is_an_end() -> None:
    assert translate(Code.LOGGED_OUT, b"", AT) == LoggedOutEvent("unknown")
    assert translate(Code.BANNED, b"", AT) == Banned("unknown", None)


def test_whatever_else_is_kept_as_it_came() -> None:
    assert translate(17, b"bytes", AT) == Raw(17, b"bytes", AT)


def test_a_refused_login_says_why() -> None:
    failure = ConnectFailure(Reason=ConnectFailureReason.Value("SERVICE_UNAVAILABLE"), Message="busy")
    failure.Raw.Tag = "failure"
    assert reason_of_failure(failure.SerializePartialToString()) == "service-unavailable: busy"
