"""Instance tokens: made at random and checked by their hash."""

import hashlib

from frontend.tokens import digest, new_token


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 24 and token == token.upper() for token in tokens)


def test_a_token_is_checked_by_its_sha256() -> None:
    assert digest("F2A4") == hashlib.sha256(b"F2A4").digest()
