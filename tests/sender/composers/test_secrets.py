"""Secrets of messages against an independent calculation with the standard library's HMAC."""

import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.addresses import Jid
from sender.composers.secrets import Purpose, Sealed, keys_of, open_sealed, seal
from sender.whatsapp.session import Secret

SECRET = Secret(Jid("5511988887777:4@s.whatsapp.net"), bytes(range(32)))
ANSWERER = Jid("70000000000001:1@lid")


def expected_key(purpose: str) -> bytes:
    """RFC 5869 with an empty salt; one block is all of a 32-byte key."""
    info = b"3EB0A15511988887777@s.whatsapp.net70000000000001@lid" + purpose.encode()
    pseudorandom = hmac.new(bytes(32), bytes(range(32)), hashlib.sha256).digest()
    return hmac.new(pseudorandom, info + b"\x01", hashlib.sha256).digest()


@pytest.mark.parametrize(
    ("purpose", "name", "bound"),
    [
        (Purpose.POLL_VOTE, "Poll Vote", b"3EB0A1\x0070000000000001@lid"),
        (Purpose.EVENT_RESPONSE, "Event Response", b"3EB0A1\x0070000000000001@lid"),
        (Purpose.EVENT_EDIT, "Event Edit", None),
    ],
)
def test_keys_are_made_of_message_sender_answerer_and_purpose_without_devices(
    purpose: Purpose, name: str, bound: bytes | None
) -> None:
    assert keys_of(purpose, "3EB0A1", SECRET, ANSWERER) == (expected_key(name), bound)


def test_what_is_sealed_is_aes_gcm_with_a_nonce_of_twelve_bytes() -> None:
    sealed = seal(b"vote", Purpose.POLL_VOTE, "3EB0A1", SECRET, ANSWERER, lambda count: b"n" * count)
    assert sealed.nonce == b"n" * 12
    plain = AESGCM(expected_key("Poll Vote")).decrypt(b"n" * 12, sealed.ciphertext, b"3EB0A1\x0070000000000001@lid")
    assert plain == b"vote"


def test_only_the_same_message_answerer_and_purpose_open_it() -> None:
    sealed = seal(b"vote", Purpose.POLL_VOTE, "3EB0A1", SECRET, ANSWERER, lambda count: bytes(count))
    assert open_sealed(sealed, Purpose.POLL_VOTE, "3EB0A1", SECRET, ANSWERER) == b"vote"
    for purpose, message_id, secret, answerer in (
        (Purpose.EVENT_RESPONSE, "3EB0A1", SECRET, ANSWERER),
        (Purpose.POLL_VOTE, "3EB0A2", SECRET, ANSWERER),
        (Purpose.POLL_VOTE, "3EB0A1", Secret(ANSWERER, SECRET.key), ANSWERER),
        (Purpose.POLL_VOTE, "3EB0A1", Secret(SECRET.sender, bytes(32)), ANSWERER),
        (Purpose.POLL_VOTE, "3EB0A1", SECRET, SECRET.sender),
    ):
        with pytest.raises(InvalidTag):
            open_sealed(Sealed(sealed.nonce, sealed.ciphertext), purpose, message_id, secret, answerer)
