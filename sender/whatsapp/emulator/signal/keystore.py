"""The keys of one emulated device: its identity, sessions and sender keys; loaded and saved as needed."""

from collections.abc import Callable
from typing import Any

import orjson

from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.signal.cipher import SignalError, pad, unpad
from sender.whatsapp.wire.signal.ratchet import Bundle, Opening, Session
from sender.whatsapp.wire.signal.sender_key import SenderKey, key_id_of

KEPT_SESSIONS = 5  # with one peer: both sides may begin at the same time, and peers are set up anew
SIGNED_PREKEY_ID = 1

SAVE_SESSIONS = "INSERT OR REPLACE INTO signal_session (phone, peer, state) VALUES (?, ?, ?)"
LOAD_SESSIONS = "SELECT state FROM signal_session WHERE phone = ? AND peer = ?"
SAVE_SENDER_KEYS = "INSERT OR REPLACE INTO sender_key (phone, chat, peer, state) VALUES (?, ?, ?, ?)"
LOAD_SENDER_KEYS = "SELECT state FROM sender_key WHERE phone = ? AND chat = ? AND peer = ?"

_OWN = ""  # as peer of a sender key: the one we write with


class Keystore:
    """A peer is named by any text that stays the same for one device."""

    def __init__(
        self, database: Database, phone: str, identity: KeyPair, signed_prekey: KeyPair, registration_id: int
    ) -> None:
        self._database, self._phone = database, phone
        self._identity, self._signed_prekey = identity, signed_prekey
        self._registration_id = registration_id
        self._sessions: dict[str, list[Session]] = {}
        self._sender_keys: dict[tuple[str, str], dict[int, SenderKey]] = {}

    def has_session(self, peer: str) -> bool:
        return bool(self._sessions_with(peer))

    def begin(self, peer: str, bundle: Bundle) -> None:
        """Set up a fresh session with a peer; it is used from now on. Raises SignalError."""
        self._use(peer, Session.begin(self._identity, bundle))

    def encrypt(self, peer: str, message: bytes) -> tuple[str, bytes]:
        """Kind and ciphertext. Raises SignalError when there is no session."""
        sessions = self._sessions_with(peer)
        if not sessions:
            raise SignalError(f"no session with {peer}")
        self._save_sessions(peer)
        return sessions[0].encrypt(pad(message), self._registration_id)

    def decrypt(self, peer: str, kind: str, ciphertext: bytes) -> bytes:
        """Raises SignalError when no session with this peer can read it."""
        try:
            return self._decrypt(peer, kind, ciphertext)
        except WireError as error:
            raise SignalError("the ciphertext is damaged") from error

    def create_sender_key(self, chat: str) -> SenderKey:
        """The key with which we write to a group, made on first use."""
        keys = self._sender_keys_of(chat, _OWN)
        if not keys:
            key = SenderKey.create()
            keys[key.id] = key
        self._save_sender_keys(chat, _OWN)
        return next(iter(keys.values()))

    def learn_sender_key(self, chat: str, peer: str, distribution: bytes) -> None:
        try:
            key = SenderKey.from_distribution(distribution)
        except WireError as error:
            raise SignalError("the sender key is damaged") from error
        self._sender_keys_of(chat, peer).setdefault(key.id, key)
        self._save_sender_keys(chat, peer)

    def decrypt_group(self, chat: str, peer: str, ciphertext: bytes) -> bytes:
        """Raises SignalError when the sender's key is not known or does not fit."""
        try:
            key = self._sender_keys_of(chat, peer).get(key_id_of(ciphertext))
            if key is None:
                raise SignalError("the sender key is not known")
            message = key.decrypt(ciphertext)
        except WireError as error:
            raise SignalError("the ciphertext is damaged") from error
        self._save_sender_keys(chat, peer)
        return unpad(message)

    def _decrypt(self, peer: str, kind: str, ciphertext: bytes) -> bytes:
        inner = ciphertext
        begun: Session | None = None
        sessions = self._sessions_with(peer)
        if kind == "pkmsg":
            opening = Opening.parse(ciphertext)
            inner = opening.message
            if all(session.base != opening.base for session in sessions):
                begun = self._accept(opening)
        failure: Exception | None = None
        for session in [begun] if begun else list(sessions):
            try:
                message = session.decrypt(inner)
            except (SignalError, WireError) as error:
                failure = failure or error
                continue
            self._use(peer, session)
            return unpad(message)
        raise SignalError(str(failure) if failure else "there is no session with this peer")

    def _accept(self, opening: Opening) -> Session:
        # We publish no one-time prekeys and never change the signed one, so nothing else can be asked for.
        if opening.prekey_id is not None or opening.signed_prekey_id != SIGNED_PREKEY_ID:
            raise SignalError("the message is for a prekey that is not ours")
        return Session.accept(self._identity, self._signed_prekey, None, opening)

    def _use(self, peer: str, session: Session) -> None:
        sessions = self._sessions_with(peer)
        if session in sessions:
            sessions.remove(session)
        sessions.insert(0, session)
        del sessions[KEPT_SESSIONS:]
        self._save_sessions(peer)

    def _sessions_with(self, peer: str) -> list[Session]:
        sessions = self._sessions.get(peer)
        if sessions is None:
            states = self._load(LOAD_SESSIONS, (self._phone, peer))
            sessions = self._sessions[peer] = [Session.load(self._identity, state) for state in states]
        return sessions

    def _sender_keys_of(self, chat: str, peer: str) -> dict[int, SenderKey]:
        keys = self._sender_keys.get((chat, peer))
        if keys is None:
            loaded = map(SenderKey.load, self._load(LOAD_SENDER_KEYS, (self._phone, chat, peer)))
            keys = self._sender_keys[chat, peer] = {key.id: key for key in loaded}
        return keys

    def _save_sessions(self, peer: str) -> None:
        def save() -> None:
            state = orjson.dumps([session.dump() for session in self._sessions[peer]])
            self._database.write(SAVE_SESSIONS, (self._phone, peer, state))

        self._later(("sessions", self._phone, peer), save)

    def _save_sender_keys(self, chat: str, peer: str) -> None:
        def save() -> None:
            state = orjson.dumps([key.dump() for key in self._sender_keys[chat, peer].values()])
            self._database.write(SAVE_SENDER_KEYS, (self._phone, chat, peer, state))

        self._later(("sender keys", self._phone, chat, peer), save)

    def _later(self, key: tuple[str, ...], save: Callable[[], None]) -> None:
        self._database.later(key, save)

    def _load(self, statement: str, parameters: tuple[str, ...]) -> list[dict[str, Any]]:
        rows = self._database.read(statement, parameters)
        states: list[dict[str, Any]] = orjson.loads(rows[0][0]) if rows else []
        return states
