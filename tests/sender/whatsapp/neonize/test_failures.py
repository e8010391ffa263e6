import pytest

from common.errors import (
    DeliveryError,
    NewChatLimit,
    NotConnected,
    NotOnWhatsApp,
    OutcomeUnknown,
    Refused,
    TemporaryFailure,
)
from sender.whatsapp.neonize.failures import failure_of_send, without_addresses


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("websocket not connected", NotConnected),
        ("the store doesn't contain a device JID", NotConnected),
        ("failed to get device list: failed to send usync query: websocket not connected", NotConnected),
        ("failed to get device list: info query returned status 429: rate-overlimit", TemporaryFailure),
        ("failed to get device list: info query returned status 403: forbidden", Refused),
        ("no LID found for 5511988887777@s.whatsapp.net from server", NotOnWhatsApp),
        ("server returned error 463", NewChatLimit),
        ("server returned error 479", Refused),
        ("server returned error 429", TemporaryFailure),
        ("server returned error 503", TemporaryFailure),
        ("can't send message type to this server", Refused),
        ("failed to get group members: that group does not exist", Refused),
        ("failed to get group members: you're not participating in that group", Refused),
        ("pq: the database system is shutting down", TemporaryFailure),
    ],
)
def test_before_the_bytes_every_error_is_certain(text: str, kind: type[DeliveryError]) -> None:
    error = failure_of_send(text, is_on_wire=False)
    assert type(error) is kind
    assert error.certain


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("timed out waiting for message send response", OutcomeUnknown),
        ("websocket disconnected before message send returned response", OutcomeUnknown),
        ("failed to send message node: websocket not connected", OutcomeUnknown),
        ("server returned error 463", NewChatLimit),
        ("server returned error 479", Refused),
        ("server returned error 500", TemporaryFailure),
    ],
)
def test_once_the_bytes_may_be_on_their_way_only_the_servers_word_is_certain(
    text: str, kind: type[DeliveryError]
) -> None:
    assert type(failure_of_send(text, is_on_wire=True)) is kind


def test_an_error_names_nobody() -> None:
    assert without_addresses("no LID for 5511988887777:12@s.whatsapp.net") == "no LID for [address]"
