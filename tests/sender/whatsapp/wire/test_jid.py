import pytest

from sender.whatsapp.wire.jid import SERVER, Jid


@pytest.mark.parametrize(
    ("text", "jid"),
    [
        ("5511999999999@s.whatsapp.net", Jid("5511999999999", "s.whatsapp.net")),
        ("5511999999999:12@s.whatsapp.net", Jid("5511999999999", "s.whatsapp.net", 12)),
        ("100000000000001:2@lid", Jid("100000000000001", "lid", 2)),
        ("120363000000000001@g.us", Jid("120363000000000001", "g.us")),
        ("s.whatsapp.net", SERVER),
    ],
)
def test_text_and_address_are_two_forms_of_one_thing(text: str, jid: Jid) -> None:
    assert Jid.parse(text) == jid
    assert str(jid) == text


def test_the_agent_of_an_old_form_is_dropped() -> None:
    assert Jid.parse("5511.0:3@s.whatsapp.net") == Jid("5511", "s.whatsapp.net", 3)


def test_bare_drops_the_device_only() -> None:
    assert Jid("1", "lid", 7).bare() == Jid("1", "lid")
