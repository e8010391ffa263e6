"""What is kept encrypted: sealed for one instance and one use, opened with one key."""

import base64
from uuid import uuid4

import pytest

from common.vault import Unreadable, Vault

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(32)).decode()
INSTANCE = uuid4()


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


def test_a_sealed_secret_is_none_of_the_tokens_and_fits_its_column() -> None:
    vault, secret = Vault(KEY), bytes(range(32))
    sealed = vault.seal_secret(INSTANCE, secret)
    assert vault.open_secret(INSTANCE, sealed) == secret
    assert len(sealed) <= 64
    with pytest.raises(Unreadable):
        vault.open(INSTANCE, sealed)
    with pytest.raises(Unreadable):
        vault.open_secret(uuid4(), sealed)


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
