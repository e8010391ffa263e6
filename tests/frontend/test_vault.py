"""Instance tokens: made at random, sealed for one instance, opened with one key."""

import base64
import hashlib
from uuid import uuid4

import pytest

from frontend.vault import Unreadable, Vault, digest, new_token

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(32)).decode()
INSTANCE = uuid4()


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 24 and token == token.upper() for token in tokens)


def test_a_token_is_checked_by_its_sha256() -> None:
    assert digest("F2A4") == hashlib.sha256(b"F2A4").digest()


def test_a_sealed_token_opens_again_and_is_sealed_differently_each_time() -> None:
    vault = Vault(KEY)
    sealed = [vault.seal(INSTANCE, "F2A4") for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert all(b"F2A4" not in one for one in sealed)
    assert [vault.open(INSTANCE, one) for one in sealed] == ["F2A4", "F2A4"]


def test_a_sealed_token_opens_for_no_other_instance_with_no_other_key_and_not_when_changed() -> None:
    sealed = Vault(KEY).seal(INSTANCE, "F2A4")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for vault, instance, text in (
        (Vault(KEY), uuid4(), sealed),
        (Vault(OTHER_KEY), INSTANCE, sealed),
        (Vault(KEY), INSTANCE, changed),
        (Vault(KEY), INSTANCE, sealed[:10]),
        (Vault(KEY), INSTANCE, b""),
    ):
        with pytest.raises(Unreadable, match="another TOKEN_ENCRYPTION_KEY"):
            vault.open(instance, text)
        assert vault.show(instance, text) == ""


@pytest.mark.parametrize("key", [KEY, KEY.rstrip("="), base64.urlsafe_b64encode(b"\xff" * 32).decode()])
def test_a_key_may_leave_out_its_padding(key: str) -> None:
    vault = Vault(key)
    assert vault.open(INSTANCE, vault.seal(INSTANCE, "F2A4")) == "F2A4"


@pytest.mark.parametrize(
    "key", ["", "short", KEY[:-4], KEY + "AAAA", "\u00e9" * 43, "a password of exactly forty-three letters.."]
)
def test_a_key_that_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="32 bytes in urlsafe base64"):
        Vault(key)
