"""What a phone shares with its companions alone: keys, its name, contacts, and the history of its chats."""

import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.handset.app_state import Action, AppState
from sender.whatsapp.emulator.handset.outgoing import Outgoing
from sender.whatsapp.emulator.patches import Patches
from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.wire.protobuf import Fields, Value, encode

SAVE_APP_STATE = "UPDATE handset SET app_state = ? WHERE phone = ?"

# waE2E.Message.protocolMessage and what it carries here
_PROTOCOL, _TYPE, _HISTORY, _KEY_SHARE = 12, 2, 6, 7
_HISTORY_SYNC, _KEYS, _KEY_REQUEST = 5, 6, 7
# SyncActionValue
_CONTACT, _PUSH_NAME = 3, 7

INITIAL, FULL, RECENT = 0, 2, 3
"""Kinds of history sync."""


@dataclass(frozen=True, slots=True)
class Past:
    """A message of a chat's history."""

    id: str
    from_me: bool
    at: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Chat:
    """`jid` is the address under which companions know it."""

    jid: str
    name: str
    messages: Sequence[Past]


class Companions:
    """A fresh phone has no app state yet: it makes one when it is first used."""

    def __init__(
        self, account: Account, outgoing: Outgoing, patches: Patches, database: Database, state: bytes
    ) -> None:
        self._account, self._outgoing = account, outgoing
        self._patches, self._database = patches, database
        kept = orjson.loads(state) if state else None
        self._state = AppState.load(kept["state"]) if kept else None
        self._shared: set[int] = set(kept["shared"]) if kept else set()

    def arrived(self, companion: Device) -> None:
        """One became active: without the keys it can neither show itself nor know its own name."""
        if companion.number in self._shared or not companion.prekeys:
            return
        first = self._state is None
        self._app_state()
        self._shared.add(companion.number)
        self._save()
        self._share_key(companion)
        if first:
            self._tell_name()

    def told(self, companion: Device, message: bytes) -> None:
        """What a companion says to its phone alone: it may lack the key."""
        if Fields(message).message(_PROTOCOL).integer(_TYPE, default=0) == _KEY_REQUEST:
            self._share_key(companion)

    def _share_key(self, companion: Device) -> None:
        state = self._app_state()
        fingerprint: list[tuple[int, Value]] = [(1, self._account.raw_id), (2, 0), (3, b"\0")]
        data: list[tuple[int, Value]] = [(1, state.key), (2, fingerprint), (3, int(time.time() * 1000))]
        key: list[tuple[int, Value]] = [(1, [(1, state.key_id)]), (2, data)]
        share: list[tuple[int, Value]] = [(_TYPE, _KEYS), (_KEY_SHARE, [(1, key)])]
        self._outgoing.send_peer(companion, encode([(_PROTOCOL, share)]))

    def renamed(self) -> None:
        """The account has another name; its companions show it to others."""
        if self._state:
            self._tell_name()

    def tell_contact(self, contact: Account, full_name: str) -> None:
        """A name in the phone's address book."""
        names: list[tuple[int, Value]] = [
            (1, full_name),
            (2, full_name.split()[0]),
            (3, str(contact.lid_jid)),
            (4, True),
        ]
        self._set("critical_unblock_low", ["contact", str(contact.phone_jid)], [(_CONTACT, names)], version=2)

    def changed(self, name: str, patch: bytes) -> list[Action]:
        """A companion brought a patch. Raises PatchRefused, SignalError or MalformedProtobuf."""
        actions = self._app_state().read(name, patch)
        self._save()
        for action in actions:
            if action.index == ("setting_pushName",):
                self._account.name = Fields(action.value).text(_PUSH_NAME, 1, default=self._account.name)
        return actions

    def send_history(
        self, companion: Device, chats: Iterable[Chat], mappings: Iterable[Account], *, kind: int = INITIAL
    ) -> None:
        """Chats of the time before the companion was linked; inline, so that no media host is needed."""
        history: list[tuple[int, Value]] = [(1, kind)]
        for chat in chats:
            messages: list[tuple[int, Value]] = [(2, [(1, _web_message(chat, past))]) for past in chat.messages]
            history.append((2, [(1, chat.jid), *messages, (13, chat.name)]))
        history += [(5, 1), (6, 100)]
        accounts = list(mappings)
        history += [(7, [(1, str(account.lid_jid)), (2, account.name)]) for account in accounts]
        history += [(15, [(1, str(account.phone_jid)), (2, str(account.lid_jid))]) for account in accounts]
        inline = zlib.compress(encode(history))
        notice: list[tuple[int, Value]] = [(6, kind), (7, 1), (9, 100), (11, inline)]
        self._outgoing.send_peer(companion, encode([(_PROTOCOL, [(_TYPE, _HISTORY_SYNC), (_HISTORY, notice)])]))

    def _tell_name(self) -> None:
        self._set("critical_block", ["setting_pushName"], [(_PUSH_NAME, [(1, self._account.name)])], version=1)

    def _set(self, collection: str, index: list[str], value: list[tuple[int, Value]], *, version: int) -> None:
        patch = self._app_state().write(collection, index, value, version=version)
        self._save()
        self._patches.append(self._account, collection, patch)

    def _app_state(self) -> AppState:
        if self._state is None:
            self._state = AppState.create()
            self._save()
        return self._state

    def _save(self) -> None:
        state = self._state
        assert state

        def save() -> None:
            kept = orjson.dumps({"state": state.dump(), "shared": sorted(self._shared)})
            self._database.write(SAVE_APP_STATE, (kept, self._account.phone))

        self._database.later(("app state", self._account.phone), save)


def _web_message(chat: Chat, past: Past) -> list[tuple[int, Value]]:
    key: list[tuple[int, Value]] = [(1, chat.jid), (2, past.from_me), (3, past.id)]
    return [(1, key), (2, past.message), (3, past.at)]
