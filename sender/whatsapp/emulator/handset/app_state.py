"""App state as a phone keeps it: encrypted patches to a few collections, chained by hashes that every device checks."""

import hashlib
import hmac
import os
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from sender.whatsapp.emulator.signal.cipher import decrypt, encrypt
from sender.whatsapp.wire.derivation import authentication_code, derive
from sender.whatsapp.wire.protobuf import Fields, Value, encode

COLLECTIONS = ("critical_block", "critical_unblock_low", "regular_high", "regular", "regular_low")

# SyncdPatch, its mutations and their records
_MUTATIONS, _SNAPSHOT_MAC, _PATCH_MAC, _KEY_ID = 2, 4, 5, 6
_OPERATION, _RECORD = 1, 2
_INDEX, _VALUE, _RECORD_KEY = 1, 2, 3
_BLOB = 1
# SyncActionData
_ACTION_INDEX, _ACTION_VALUE = 1, 2

SET, REMOVE = 0, 1
_MAC_LENGTH, _IV_LENGTH = 32, 16
_HASH_LENGTH = 128


class PatchRefused(ValueError):
    """A patch does not fit what came before it, or was not made with this account's key."""


@dataclass(frozen=True, slots=True)
class Action:
    """One change: what it is about, and its SyncActionValue (empty when it is taken back)."""

    index: tuple[str, ...]
    value: bytes


@dataclass(slots=True)
class _Collection:
    version: int = 0
    hash: bytes = bytes(_HASH_LENGTH)
    values: dict[str, str] = field(default_factory=dict)  # MAC of an index -> MAC of its value, in hexadecimal


class AppState:
    """`key_id` and `key` are what the phone shares with its companions."""

    def __init__(self, key_id: bytes, key: bytes, collections: dict[str, _Collection]) -> None:
        self.key_id, self.key = key_id, key
        self._collections = collections
        keys = derive(key, 160, purpose=b"WhatsApp Mutation Keys")
        self._index_key, self._cipher_key, self._value_key, self._snapshot_key, self._patch_key = (
            keys[start : start + 32] for start in range(0, 160, 32)
        )

    @staticmethod
    def create() -> "AppState":
        return AppState(b"\0\0" + os.urandom(4), os.urandom(32), {name: _Collection() for name in COLLECTIONS})

    def write(self, name: str, index: list[str], value: list[tuple[int, Value]], *, version: int) -> bytes:
        """A patch that sets one thing; our own state has it already when this returns."""
        shown = orjson.dumps(index)
        stamped: list[tuple[int, Value]] = [(1, int(time.time() * 1000)), *value]
        action = encode([(_ACTION_INDEX, shown), (_ACTION_VALUE, stamped), (3, b""), (4, version)])
        iv = os.urandom(_IV_LENGTH)
        blob = iv + encrypt(self._cipher_key, iv, action)
        blob += self._value_mac(SET, blob)
        index_mac, value_mac = authentication_code(self._index_key, shown), blob[-_MAC_LENGTH:]
        record = [(_INDEX, [(_BLOB, index_mac)]), (_VALUE, [(_BLOB, blob)]), (_RECORD_KEY, [(1, self.key_id)])]
        self._advance(name, [(SET, index_mac, value_mac)])
        snapshot = self._snapshot_mac(name)
        return encode(
            [
                (_MUTATIONS, [(_OPERATION, SET), (_RECORD, record)]),
                (_SNAPSHOT_MAC, snapshot),
                (_PATCH_MAC, self._patch_mac(name, snapshot, [value_mac])),
                (_KEY_ID, [(1, self.key_id)]),
            ]
        )

    def read(self, name: str, patch: bytes) -> list[Action]:
        """A companion's patch, applied. Raises PatchRefused, SignalError or MalformedProtobuf."""
        fields = Fields(patch)
        changes: list[tuple[int, bytes, bytes]] = []
        actions: list[Action] = []
        for mutation in fields.all(_MUTATIONS):
            entry = Fields(mutation if isinstance(mutation, bytes) else b"")
            operation, blob = entry.integer(_OPERATION), entry.data(_RECORD, _VALUE, _BLOB)
            body, mac = blob[:-_MAC_LENGTH], blob[-_MAC_LENGTH:]
            if self._value_mac(operation, body) != mac:
                raise PatchRefused("a value of the patch was not made with this account's key")
            action = Fields(decrypt(self._cipher_key, body[:_IV_LENGTH], body[_IV_LENGTH:]))
            index = tuple(map(str, orjson.loads(action.data(_ACTION_INDEX))))
            actions.append(Action(index, action.data(_ACTION_VALUE, default=b"") if operation == SET else b""))
            changes.append((operation, entry.data(_RECORD, _INDEX, _BLOB), mac))
        self._advance(name, changes)
        if self._snapshot_mac(name) != fields.data(_SNAPSHOT_MAC):
            raise PatchRefused("the patch does not fit what came before it")
        return actions

    def dump(self) -> dict[str, Any]:
        """In JSON's types."""
        collections = {name: [each.version, each.hash.hex(), each.values] for name, each in self._collections.items()}
        return {"id": self.key_id.hex(), "key": self.key.hex(), "collections": collections}

    @staticmethod
    def load(state: dict[str, Any]) -> "AppState":
        collections = {
            name: _Collection(version, bytes.fromhex(summary), values)
            for name, (version, summary, values) in state["collections"].items()
        }
        return AppState(bytes.fromhex(state["id"]), bytes.fromhex(state["key"]), collections)

    def _advance(self, name: str, changes: Iterable[tuple[int, bytes, bytes]]) -> None:
        collection = self._collections[name]
        for operation, index_mac, value_mac in changes:
            replaced = collection.values.pop(index_mac.hex(), None)
            if replaced:
                collection.hash = _mix(collection.hash, bytes.fromhex(replaced), -1)
            if operation == SET:
                collection.hash = _mix(collection.hash, value_mac, 1)
                collection.values[index_mac.hex()] = value_mac.hex()
        collection.version += 1

    def _value_mac(self, operation: int, body: bytes) -> bytes:
        length = struct.pack(">Q", len(self.key_id) + 1)
        content = bytes((operation + 1,)) + self.key_id + body + length
        return hmac.new(self._value_key, content, hashlib.sha512).digest()[:_MAC_LENGTH]

    def _snapshot_mac(self, name: str) -> bytes:
        collection = self._collections[name]
        return authentication_code(self._snapshot_key, collection.hash, _version(collection), name.encode())

    def _patch_mac(self, name: str, snapshot: bytes, values: list[bytes]) -> bytes:
        version = _version(self._collections[name])
        return authentication_code(self._patch_key, snapshot, *values, version, name.encode())


def _version(collection: _Collection) -> bytes:
    return struct.pack(">Q", collection.version)


def _mix(summary: bytes, mac: bytes, sign: int) -> bytes:
    """LT-hash: adding and taking away commute, so the order of changes does not matter."""
    expanded = struct.unpack("<64H", derive(mac, _HASH_LENGTH, purpose=b"WhatsApp Patch Integrity"))
    numbers = struct.unpack("<64H", summary)
    return struct.pack(
        "<64H", *((number + sign * change) & 0xFFFF for number, change in zip(numbers, expanded, strict=True))
    )
