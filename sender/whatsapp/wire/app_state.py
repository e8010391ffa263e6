"""App state on the wire: encrypted changes to a few collections, chained by hashes that every device checks."""

import hashlib
import hmac
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from sender.whatsapp.wire.cbc import encrypt
from sender.whatsapp.wire.derivation import authentication_code, derive
from sender.whatsapp.wire.protobuf import Value
from sender.whatsapp.wire.protobuf import encode as encode_fields

COLLECTIONS = ("critical_block", "critical_unblock_low", "regular_high", "regular", "regular_low")

SET, REMOVE = 0, 1
MAC_LENGTH, IV_LENGTH, HASH_LENGTH = 32, 16, 128
EMPTY = bytes(HASH_LENGTH)
"""The hash of a collection without values."""

# SyncdPatch, its mutations and their records
MUTATIONS, SNAPSHOT_MAC, PATCH_MAC, KEY_ID = 2, 4, 5, 6
OPERATION, RECORD = 1, 2
INDEX, VALUE, RECORD_KEY = 1, 2, 3
BLOB = 1
# SyncActionData
ACTION_INDEX, ACTION_VALUE, _PADDING, _VERSION = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to be set: what it is about, the fields of its SyncActionValue, and the version of their meaning; or,
    by `operation`, to be taken back."""

    index: tuple[str, ...]
    value: Sequence[tuple[int, Value]]
    version: int
    operation: int = SET


@dataclass(frozen=True, slots=True)
class Sealed:
    """A change under an account's key."""

    index_mac: bytes
    blob: bytes
    operation: int = SET

    @property
    def value_mac(self) -> bytes:
        return self.blob[-MAC_LENGTH:]


class StateKeys:
    """What one shared key of an account (`key`, known as `key_id`) is good for."""

    def __init__(self, key_id: bytes, key: bytes) -> None:
        self.key_id = key_id
        keys = derive(key, 160, purpose=b"WhatsApp Mutation Keys")
        self._index_key, self.cipher_key, self._value_key, self._snapshot_key, self._patch_key = (
            keys[start : start + 32] for start in range(0, 160, 32)
        )

    def index_mac(self, index: bytes) -> bytes:
        return authentication_code(self._index_key, index)

    def seal(self, change: Change, now: int) -> Sealed:
        """`now` in milliseconds."""
        index = orjson.dumps(change.index)
        stamped: list[tuple[int, Value]] = [(1, now), *change.value]
        action = encode_fields(
            [(ACTION_INDEX, index), (ACTION_VALUE, stamped), (_PADDING, b""), (_VERSION, change.version)]
        )
        iv = os.urandom(IV_LENGTH)
        body = iv + encrypt(self.cipher_key, iv, action)
        mac = self.value_mac(change.operation, body)
        return Sealed(self.index_mac(index), body + mac, change.operation)

    def value_mac(self, operation: int, body: bytes) -> bytes:
        length = struct.pack(">Q", len(self.key_id) + 1)
        content = bytes((operation + 1,)) + self.key_id + body + length
        return hmac.new(self._value_key, content, hashlib.sha512).digest()[:MAC_LENGTH]

    def snapshot_mac(self, name: str, version: int, summary: bytes) -> bytes:
        return authentication_code(self._snapshot_key, summary, _number(version), name.encode())

    def patch_mac(self, name: str, version: int, snapshot: bytes, values: Iterable[bytes]) -> bytes:
        return authentication_code(self._patch_key, snapshot, *values, _number(version), name.encode())

    def patch(self, name: str, version: int, summary: bytes, changes: Sequence[Sealed]) -> bytes:
        """The SyncdPatch that leads to a version, whose hash is `summary`."""
        snapshot = self.snapshot_mac(name, version, summary)
        mutations: list[tuple[int, Value]] = [(MUTATIONS, self._mutation(change)) for change in changes]
        return encode_fields(
            [
                *mutations,
                (SNAPSHOT_MAC, snapshot),
                (PATCH_MAC, self.patch_mac(name, version, snapshot, [change.value_mac for change in changes])),
                (KEY_ID, [(1, self.key_id)]),
            ]
        )

    def _mutation(self, change: Sealed) -> list[tuple[int, Value]]:
        record: list[tuple[int, Value]] = [
            (INDEX, [(BLOB, change.index_mac)]),
            (VALUE, [(BLOB, change.blob)]),
            (RECORD_KEY, [(1, self.key_id)]),
        ]
        return [(OPERATION, change.operation), (RECORD, record)]


def mix(summary: bytes, mac: bytes, sign: int) -> bytes:
    """LT-hash: adding (1) and taking away (-1) commute, so the order of changes does not matter."""
    expanded = struct.unpack("<64H", derive(mac, HASH_LENGTH, purpose=b"WhatsApp Patch Integrity"))
    numbers = struct.unpack("<64H", summary)
    return struct.pack(
        "<64H", *((number + sign * change) & 0xFFFF for number, change in zip(numbers, expanded, strict=True))
    )


def _number(version: int) -> bytes:
    return struct.pack(">Q", version)
