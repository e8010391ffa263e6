"""Two ends of a Signal session: whatever order messages arrive in, each is read once and only by its receiver."""

import pytest

from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.signal.cipher import SignalError
from sender.whatsapp.wire.signal.ratchet import MAX_SKIPPED, Bundle, Opening, Session


class Party:
    def __init__(self) -> None:
        self.identity, self.signed, self.prekey = KeyPair(), KeyPair(), KeyPair()

    def bundle(self, *, with_prekey: bool = True) -> Bundle:
        signature = self.identity.sign(b"\x05" + self.signed.public)
        prekey = (7, self.prekey.public) if with_prekey else (None, None)
        return Bundle(self.identity.public, 1, self.signed.public, signature, *prekey)


def meet(*, with_prekey: bool = True) -> tuple[Session, Session]:
    """Two sessions that have exchanged one message each way."""
    alice, bob = Party(), Party()
    here = Session.begin(alice.identity, bob.bundle(with_prekey=with_prekey))
    kind, first = here.encrypt(b"first", 1)
    assert kind == "pkmsg"
    opening = Opening.parse(first)
    there = Session.accept(bob.identity, bob.signed, bob.prekey if with_prekey else None, opening)
    assert there.decrypt(opening.message) == b"first"
    kind, answer = there.encrypt(b"answer", 1)
    assert (kind, here.decrypt(answer)) == ("msg", b"answer")
    return here, there


def say(sender: Session, text: bytes) -> bytes:
    return sender.encrypt(text, 1)[1]


@pytest.mark.parametrize("with_prekey", [True, False])
def test_both_sides_read_each_other_turn_by_turn(with_prekey: bool) -> None:
    here, there = meet(with_prekey=with_prekey)
    for number in range(5):
        text = str(number).encode()
        assert there.decrypt(say(here, text)) == text
        assert here.decrypt(say(there, text)) == text


def test_messages_may_overtake_each_other() -> None:
    here, there = meet()
    sent = [say(here, str(number).encode()) for number in range(4)]
    assert [there.decrypt(sent[number]) for number in (2, 0, 3, 1)] == [b"2", b"0", b"3", b"1"]


def test_a_late_message_of_a_former_turn_is_still_read() -> None:
    here, there = meet()
    late = say(here, b"late")
    there.decrypt(say(here, b"on time"))
    here.decrypt(say(there, b"turn"))
    there.decrypt(say(here, b"next turn"))
    assert there.decrypt(late) == b"late"


def test_a_message_is_read_once() -> None:
    here, there = meet()
    sent = say(here, b"once")
    there.decrypt(sent)
    with pytest.raises(SignalError, match="decrypted before"):
        there.decrypt(sent)


def test_a_damaged_message_changes_nothing() -> None:
    here, there = meet()
    sent = say(here, b"whole")
    with pytest.raises(SignalError, match="damaged"):
        there.decrypt(sent[:-1] + bytes((sent[-1] ^ 1,)))
    assert there.decrypt(sent) == b"whole"


def test_too_large_a_gap_is_refused() -> None:
    here, there = meet()
    for _ in range(MAX_SKIPPED + 1):
        here.encrypt(b"", 1)
    with pytest.raises(SignalError, match="too many"):
        there.decrypt(say(here, b"far"))


def test_a_bundle_that_its_identity_did_not_sign_is_refused() -> None:
    alice, bob, mallory = Party(), Party(), Party()
    forged = Bundle(bob.identity.public, 1, mallory.signed.public, mallory.bundle().signature)
    with pytest.raises(SignalError, match="does not verify"):
        Session.begin(alice.identity, forged)


def test_a_session_goes_on_after_it_was_stored() -> None:
    here, there = meet()
    skipped = say(here, b"skipped")
    there.decrypt(say(here, b"read"))
    there = Session.load(there.own_identity, there.dump())
    here = Session.load(here.own_identity, here.dump())
    assert there.decrypt(skipped) == b"skipped"
    assert here.decrypt(say(there, b"and back")) == b"and back"
