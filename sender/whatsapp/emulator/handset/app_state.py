"""App state as a phone keeps it: what each collection holds, and whether a companion's patch fits it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import time
from typing import Any

import orjson

from sender.whatsapp.wire.app_state import (
    ACTION_INDEX,
    ACTION_VALUE,
    BLOB,
    COLLECTIONS,
    EMPTY,
    INDEX,
    IV_LENGTH,
    MAC_LENGTH,
    MUTATIONS,
    OPERATION,
    PATCH_MAC,
    RECORD,
    SET,
    SNAPSHOT_MAC,
    VALUE,
    Change,
    StateKeys,
    mix,
)
from sender.whatsapp.wire.protobuf import Fields, Value
from sender.whatsapp.wire.signal.cipher import decrypt


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
    hash: bytes = EMPTY
    values: dict[str, str] = field(default_factory=dict)  # MAC of an index -> MAC of its value, in hexadecimal


class AppState:
    """`key_id` and `key` are what the phone shares with its companions."""

    def __init__(self, key_id: bytes, key: bytes, collections: dict[str, _Collection]) -> None:
        self.key_id, self.key = key_id, key
        self._collections = collections
        self._keys = StateKeys(key_id, key)

    @staticmethod
    def create() -> "AppState":
        return AppState(b"\0\0" + os.urandom(4), os.urandom(32), {name: _Collection() for name in COLLECTIONS})

    def write(self, name: str, index: list[str], value: list[tuple[int, Value]], *, version: int) -> bytes:
        """A patch that sets one thing; our own state has it already when this returns."""
        sealed = self._keys.seal(Change(tuple(index), value, version), int(time() * 1000))
        self._advance(name, [(SET, sealed.index_mac, sealed.value_mac)])
        collection = self._collections[name]
        return self._keys.patch(name, collection.version, collection.hash, [sealed])

    def read(self, name: str, patch: bytes) -> list[Action]:
        """A companion's patch, applied. Raises PatchRefused, SignalError or MalformedProtobuf."""
        fields = Fields(patch)
        changes: list[tuple[int, bytes, bytes]] = []
        actions: list[Action] = []
        for mutation in fields.all(MUTATIONS):
            entry = Fields(mutation if isinstance(mutation, bytes) else b"")
            operation, blob = entry.integer(OPERATION), entry.data(RECORD, VALUE, BLOB)
            body, mac = blob[:-MAC_LENGTH], blob[-MAC_LENGTH:]
            if self._keys.value_mac(operation, body) != mac:
                raise PatchRefused("a value of the patch was not made with this account's key")
            action = Fields(decrypt(self._keys.cipher_key, body[:IV_LENGTH], body[IV_LENGTH:]))
            shown = action.data(ACTION_INDEX)
            if self._keys.index_mac(shown) != entry.data(RECORD, INDEX, BLOB):
                raise PatchRefused("a value of the patch is about something else than its index")
            index = tuple(map(str, orjson.loads(shown)))
            actions.append(Action(index, action.data(ACTION_VALUE, default=b"") if operation == SET else b""))
            changes.append((operation, entry.data(RECORD, INDEX, BLOB), mac))
        self._advance(name, changes)
        collection, snapshot = self._collections[name], fields.data(SNAPSHOT_MAC)
        if self._keys.snapshot_mac(name, collection.version, collection.hash) != snapshot:
            raise PatchRefused("the patch does not fit what came before it")
        macs = [mac for _, _, mac in changes]
        if self._keys.patch_mac(name, collection.version, snapshot, macs) != fields.data(PATCH_MAC):
            raise PatchRefused("the patch as a whole was not made with this account's key")
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
                collection.hash = mix(collection.hash, bytes.fromhex(replaced), -1)
            if operation == SET:
                collection.hash = mix(collection.hash, value_mac, 1)
                collection.values[index_mac.hex()] = value_mac.hex()
        collection.version += 1
