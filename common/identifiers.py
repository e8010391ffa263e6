"""Identifiers made before the row exists: zaapId (UUIDv7, so that indexes grow at one end) and messageId."""

import os
import time
from uuid import UUID

import asyncpg.pgproto.pgproto as pgproto


def new_zaap_id() -> UUID:
    """A UUIDv7: 48 bits of milliseconds, then 74 random bits. Of asyncpg's subclass, which is made in C."""
    number = (time.time_ns() // 1_000_000 & 0xFFFFFFFFFFFF) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return pgproto.UUID(number.to_bytes(16, "big"))


def new_message_id() -> str:
    """WhatsApp's form for an id made by a linked web device: `3EB0` and 18 hexadecimal digits."""
    return "3EB0" + os.urandom(9).hex().upper()
