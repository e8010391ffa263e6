"""Sender keys: members who have the distribution read from then on, and notice a forged sender."""

import pytest

from sender.whatsapp.wire.signal.cipher import SignalError
from sender.whatsapp.wire.signal.sender_key import SenderKey, key_id_of


def test_a_member_reads_what_was_written_after_the_key_was_given() -> None:
    own = SenderKey.create()
    own.encrypt(b"before")
    member = SenderKey.from_distribution(own.distribution())
    sent = [own.encrypt(str(number).encode()) for number in range(3)]
    assert [member.decrypt(sent[number]) for number in (1, 0, 2)] == [b"1", b"0", b"2"]
    assert key_id_of(sent[0]) == own.id


def test_a_message_is_read_once() -> None:
    own = SenderKey.create()
    member = SenderKey.from_distribution(own.distribution())
    sent = own.encrypt(b"once")
    member.decrypt(sent)
    with pytest.raises(SignalError, match="decrypted before"):
        member.decrypt(sent)


def test_a_message_that_somebody_else_signed_is_refused() -> None:
    own = SenderKey.create()
    member = SenderKey.from_distribution(own.distribution())
    sent = own.encrypt(b"hello")
    with pytest.raises(SignalError, match="signature"):
        member.decrypt(sent[:-1] + bytes((sent[-1] ^ 1,)))


def test_a_member_cannot_write_with_the_key() -> None:
    with pytest.raises(SignalError, match="somebody else"):
        SenderKey.from_distribution(SenderKey.create().distribution()).encrypt(b"hello")


def test_a_key_goes_on_after_it_was_stored() -> None:
    own = SenderKey.create()
    member = SenderKey.from_distribution(own.distribution())
    first, second = own.encrypt(b"first"), own.encrypt(b"second")
    member.decrypt(second)
    member, own = SenderKey.load(member.dump()), SenderKey.load(own.dump())
    assert member.decrypt(first) == b"first"
    assert member.decrypt(own.encrypt(b"third")) == b"third"
