"""What the emulated handsets received, decrypted, in the order of arrival."""

from dataclasses import dataclass

from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.storage.database import Database

INSERT_MESSAGE = """
    INSERT INTO inbox (phone, chat, sender, id, kind, text, at, message)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (phone, id, sender, chat) DO NOTHING
    RETURNING sequence
"""
SELECT_MESSAGES = """
    SELECT sequence, id, chat, sender, kind, text, at, message
    FROM inbox
    WHERE phone = ? AND sequence > ?
    ORDER BY sequence
    LIMIT ?
"""
SELECT_MESSAGE = """
    SELECT sequence, id, chat, sender, kind, text, at, message
    FROM inbox
    WHERE phone = ? AND id = ?
    ORDER BY sequence DESC
    LIMIT 1
"""
SELECT_LAST_FROM_OTHERS = """
    SELECT sequence, id, chat, sender, kind, text, at, message
    FROM inbox
    WHERE phone = ? AND sender <> phone
    ORDER BY sequence DESC
    LIMIT 1
"""
COUNT_MESSAGES = "SELECT count(*) FROM inbox WHERE phone = ? AND sequence > ?"
DELETE_MESSAGES = "DELETE FROM inbox WHERE phone = ?"

NO_LIMIT = -1


@dataclass(frozen=True, slots=True)
class Received:
    """`chat` is the other's phone number, or the address of a group; `sender` always a phone number."""

    sequence: int
    id: str
    chat: str
    sender: str
    kind: str
    text: str
    at: float
    message: bytes


class Inbox:
    def __init__(self, database: Database, moments: Moments) -> None:
        self._database, self._moments = database, moments

    def add(
        self, phone: str, *, id: str, chat: str, sender: str, kind: str, text: str, at: float, message: bytes
    ) -> Received | None:
        """None when the same message is there already: phones show a message once, whatever the network does."""
        row = (phone, chat, sender, id, kind, text, at, message)
        sequence = self._database.insert(INSERT_MESSAGE, row)
        if sequence is None:
            return None
        self._moments.changed()
        return Received(sequence, id, chat, sender, kind, text, at, message)

    def of(self, phone: str, *, after: int = 0, limit: int = NO_LIMIT) -> list[Received]:
        return [Received(*row) for row in self._database.read(SELECT_MESSAGES, (phone, after, limit))]

    def count(self, phone: str, after: int = 0) -> int:
        ((count,),) = self._database.read(COUNT_MESSAGES, (phone, after))
        return int(count)

    def find(self, phone: str, id: str) -> Received | None:
        rows = self._database.read(SELECT_MESSAGE, (phone, id))
        return Received(*rows[0]) if rows else None

    def last_from_others(self, phone: str) -> Received | None:
        rows = self._database.read(SELECT_LAST_FROM_OTHERS, (phone,))
        return Received(*rows[0]) if rows else None

    def clear(self, phone: str) -> None:
        self._database.write(DELETE_MESSAGES, (phone,))
