"""The emulator's SQLite file.

Everything that a client could have seen must survive a kill of the emulator, so writes are collected in a transaction
that is committed right before bytes leave for anyone: a stanza, an answer of the control API. SQLite does not wait for
the disk (a power cut may cost the last moments), which makes a commit cost microseconds.
"""

import sqlite3
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

FORMAT = 1  # raise it when the tables change: data of another format is refused, not guessed at

SCHEMA = """
    CREATE TABLE account (
        phone TEXT PRIMARY KEY,
        lid TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        script TEXT,
        identity BLOB NOT NULL,
        raw_id INTEGER NOT NULL,
        next_device INTEGER NOT NULL,
        profile BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE alias (phone TEXT PRIMARY KEY, account TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE handset (
        phone TEXT PRIMARY KEY,
        registration_id INTEGER NOT NULL,
        signed_prekey BLOB NOT NULL,
        app_state BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE device (
        phone TEXT NOT NULL,
        number INTEGER NOT NULL,
        noise_public BLOB NOT NULL,
        identity_public BLOB NOT NULL,
        registration_id INTEGER NOT NULL,
        signed_prekey_id BLOB NOT NULL,
        signed_prekey_public BLOB NOT NULL,
        signed_prekey_signature BLOB NOT NULL,
        proof BLOB NOT NULL,
        PRIMARY KEY (phone, number)
    ) WITHOUT ROWID;
    CREATE TABLE prekey (
        phone TEXT NOT NULL,
        device INTEGER NOT NULL,
        id BLOB NOT NULL,
        public BLOB NOT NULL,
        PRIMARY KEY (phone, device, id)
    ) WITHOUT ROWID;
    CREATE TABLE pending (
        sequence INTEGER PRIMARY KEY,
        phone TEXT NOT NULL,
        device INTEGER NOT NULL,
        stanza BLOB NOT NULL
    );
    CREATE TABLE signal_session (
        phone TEXT NOT NULL,
        peer TEXT NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (phone, peer)
    ) WITHOUT ROWID;
    CREATE TABLE sender_key (
        phone TEXT NOT NULL,
        chat TEXT NOT NULL,
        peer TEXT NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (phone, chat, peer)
    ) WITHOUT ROWID;
    CREATE TABLE inbox (
        sequence INTEGER PRIMARY KEY,
        phone TEXT NOT NULL,
        chat TEXT NOT NULL,
        sender TEXT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        at REAL NOT NULL,
        message BLOB NOT NULL,
        UNIQUE (phone, id, sender, chat)
    );
    CREATE TABLE patch (
        phone TEXT NOT NULL,
        collection TEXT NOT NULL,
        version INTEGER NOT NULL,
        patch BLOB NOT NULL,
        PRIMARY KEY (phone, collection, version)
    ) WITHOUT ROWID;
    CREATE TABLE chat_group (id TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
"""

# Tables that came later. Data without them are still of this format: they are made when they are missing.
LATER = """
    CREATE TABLE IF NOT EXISTS newsletter (id TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
"""


class DataInUse(Exception):
    """Another emulator runs on this data directory."""


class UnknownFormat(Exception):
    """The data were written by another version."""


class Database:
    """One connection, used from one thread. Reads see what was written but not yet committed."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self._in_transaction = False
        self._later: dict[Hashable, Callable[[], None]] = {}
        try:
            self._prepare()
            self._connection.executescript(LATER)
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise DataInUse(f"{path.parent} is in use by another emulator") from error
        except BaseException:
            self._connection.close()
            raise

    def write(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement within the open transaction. Gives the row number of an insert."""
        if not self._in_transaction:
            self._connection.execute("BEGIN")
            self._in_transaction = True
        return self._connection.execute(statement, parameters).lastrowid or 0

    def insert(self, statement: str, parameters: Sequence[Any] = ()) -> int | None:
        """Like `write`, for an INSERT that ends in RETURNING: its value, None when the row was there already."""
        if not self._in_transaction:
            self._connection.execute("BEGIN")
            self._in_transaction = True
        rows = self._connection.execute(statement, parameters).fetchall()
        return int(rows[0][0]) if rows else None

    def read(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self._connection.execute(statement, parameters).fetchall()

    def later(self, key: Hashable, write: Callable[[], None]) -> None:
        """Call `write` once at the next commit, however often the thing named by `key` changes until then."""
        self._later[key] = write

    def commit(self) -> None:
        """Make everything so far durable. Costs nothing when nothing was written."""
        if self._later:
            later, self._later = self._later, {}
            for write in later.values():
                write()
        if self._in_transaction:
            self._in_transaction = False
            self._connection.execute("COMMIT")

    def close(self) -> None:
        self.commit()
        self._connection.close()

    def _prepare(self) -> None:
        # An exclusive lock keeps a second emulator out; it goes with the process, however that ends.
        for pragma in ("busy_timeout = 0", "locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = OFF"):
            self._connection.execute(f"PRAGMA {pragma}")
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found == 0:
            self._connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")
        elif found != FORMAT:
            raise UnknownFormat(f"the emulator's data has format {found}, this version knows {FORMAT}: remove it")
