import pytest

from sender.whatsapp.neonize.logline import is_of_interest, read_log_line
from tests.sender.host.fake_library import log_entry


@pytest.mark.parametrize(
    ("name", "text", "whatsapp_id"),
    [
        ("Client/Send", '<message id="3EB0AA" phash="2:x" to="1@lid" type="text"><participants/>', "3EB0AA"),
        ("Client/Send", '<message id="3EB0AA" t="1" to="1@lid" type="text">', None),  # the answer to a retry receipt
        ("Client/Send", '<message category="peer" id="3EB0AA" to="1@lid">', None),  # to an own device
        ("Client/Send", '<iq id="1-2" type="get"/>', None),
        ("Client/Send", '<receipt id="3EB0AA" to="1@lid"/>', None),
        ("Client/Recv", '<message id="3EB0AA" from="1@lid">', None),
    ],
)
def test_only_a_new_message_that_leaves_tells_an_id(name: str, text: str, whatsapp_id: str | None) -> None:
    assert read_log_line(log_entry("DEBUG", name, text)).outgoing_id == whatsapp_id


def test_a_text_of_a_message_cannot_pose_as_an_id() -> None:
    stanza = '<message id="3EB0AA" to="1@lid"><body><!-- <message id="3EB0BB" --></body></message>'
    assert read_log_line(log_entry("DEBUG", "Client/Send", stanza)).outgoing_id == "3EB0AA"


def test_moments_of_a_login_are_recognised() -> None:
    dialing = read_log_line(log_entry("DEBUG", "Client/Socket", "Dialing wss://web.whatsapp.com/ws/chat"))
    dialed = read_log_line(log_entry("DEBUG", "Client/Socket", "Frame websocket read pump starting 0xc0"))
    assert (dialing.is_dialing, dialing.is_dialed) == (True, False)
    assert (dialed.is_dialing, dialed.is_dialed) == (False, True)


def test_noise_is_not_looked_at() -> None:
    assert is_of_interest(log_entry("DEBUG", "Client/Send", "x" * 500))
    assert is_of_interest(log_entry("WARN", "Client", "x" * 500))
    assert not is_of_interest(log_entry("DEBUG", "Client/Recv", "x" * 500))
    assert not is_of_interest(log_entry("INFO", "Client", "x" * 500))


@pytest.mark.parametrize("entry", [b"\x0a\xff", b"\x08\x01", b"\x0a"])
def test_what_is_no_log_entry_is_refused(entry: bytes) -> None:
    with pytest.raises(ValueError, match="not a log entry"):
        read_log_line(entry)
