"""Instance tokens: made at random, and checked by their hash."""

import hashlib
import os

TOKEN_BYTES = 12


def new_token() -> str:
    return os.urandom(TOKEN_BYTES).hex().upper()


def digest(token: str) -> bytes:
    """What is stored to check a token. The token is random, so a plain hash cannot be reversed by guessing."""
    return hashlib.sha256(token.encode()).digest()
