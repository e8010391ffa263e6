import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sender.whatsapp.wire.curve import KeyPair, verify
from sender.whatsapp.wire.errors import BadKey


def test_agreement_matches_rfc_7748() -> None:
    alice = KeyPair(bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4a44f1bd09ea2cfbf7a3c9f29a2ff6"[:64]))
    bob = KeyPair(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    assert bob.public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert alice.agree(bob.public) == bob.agree(alice.public)


def test_agreement_with_the_published_shared_secret() -> None:
    bob = KeyPair(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    alice_public = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    assert bob.agree(alice_public).hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


@settings(deadline=None, max_examples=40)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_a_signature_verifies_with_the_agreement_key(private: bytes, message: bytes) -> None:
    pair = KeyPair(private)
    signature = pair.sign(message)
    assert verify(pair.public, message, signature)
    assert not verify(pair.public, message + b"!", signature)
    assert not verify(KeyPair().public, message, signature)


def test_a_damaged_signature_does_not_verify() -> None:
    pair = KeyPair()
    signature = pair.sign(b"message")
    for position in (0, 31, 32, 63):
        damaged = bytearray(signature)
        damaged[position] ^= 1
        assert not verify(pair.public, b"message", bytes(damaged))
    assert not verify(pair.public, b"message", signature[:-1])


@pytest.mark.parametrize("public", [bytes(32), b"short"])
def test_unusable_public_keys_are_refused(public: bytes) -> None:
    with pytest.raises(BadKey):
        KeyPair().agree(public)


def test_a_private_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(BadKey):
        KeyPair(b"short")
